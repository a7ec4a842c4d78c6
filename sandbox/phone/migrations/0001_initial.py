from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="PhoneMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=20)),
                ("sender", models.CharField(blank=True, default="", max_length=64)),
                (
                    "direction",
                    models.CharField(
                        choices=[("outbound", "from the shop"), ("inbound", "from the phone")], max_length=8
                    ),
                ),
                ("text", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("accepted", "under way"),
                            ("delivered", "delivered"),
                            ("undelivered", "not delivered"),
                        ],
                        max_length=16,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=32)),
                ("reference", models.CharField(blank=True, max_length=64, null=True, unique=True)),
                ("provider_id", models.CharField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["number", "id"], name="phone_message_number")],
            },
        ),
        migrations.CreateModel(
            name="WebhookPost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("status", models.CharField(blank=True, default="", max_length=16)),
                ("code", models.CharField(blank=True, default="", max_length=32)),
                ("url", models.URLField(max_length=500)),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="phone.phonemessage",
                    ),
                ),
            ],
        ),
    ]
