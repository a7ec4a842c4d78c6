"""What people care about: as the shop names it, as they said it, and as it is read from what they do."""

from __future__ import annotations

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("wagtail_drip", "0040_where_the_first_are")]

    operations = [
        migrations.CreateModel(
            name="Interest",
            fields=[
                ("id", ID),
                ("name", models.CharField(max_length=64, unique=True, verbose_name="name")),
                (
                    "words",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="One on a line. Whoever looks at, asks for or buys a product with one of them in its "
                        "name, category or brand, or clicks a link with one of them in its address, has shown this "
                        "interest. Empty: only what people say themselves counts.",
                        verbose_name="words that tell it",
                    ),
                ),
                (
                    "is_offered",
                    models.BooleanField(
                        default=True,
                        help_text="It stands on their own page, where they choose what they get, and in sign-up forms that ask, for them to tick.",
                        verbose_name="let people choose it",
                    ),
                ),
            ],
            options={"verbose_name": "interest", "verbose_name_plural": "interests", "ordering": ["name"]},
        ),
        migrations.CreateModel(
            name="InterestRules",
            fields=[
                ("id", ID),
                (
                    "half_life_days",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(365),
                        ],
                    ),
                ),
                (
                    "least_points",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                    ),
                ),
                ("recount_from", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "rules of the interests",
                "verbose_name_plural": "rules of the interests",
            },
        ),
        migrations.CreateModel(
            name="StatedInterest",
            fields=[
                ("id", ID),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stated_interests",
                        to="wagtail_drip.contact",
                    ),
                ),
                (
                    "interest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stated",
                        to="wagtail_drip.interest",
                    ),
                ),
                ("source", models.CharField(max_length=64)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("current", models.PositiveSmallIntegerField(default=1, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("contact", "interest", "current"), name="drip_stated_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("current", 1), ("until", None)),
                            models.Q(("current", None), ("until__isnull", False)),
                            _connector="OR",
                        ),
                        name="drip_stated_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InferredInterest",
            fields=[
                ("id", ID),
                (
                    "contact",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inferred_interests",
                        to="wagtail_drip.contact",
                    ),
                ),
                (
                    "interest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inferred",
                        to="wagtail_drip.interest",
                    ),
                ),
                ("lasts_until", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "interest"), name="drip_inferred_once")
                ],
                "indexes": [
                    models.Index(fields=["interest", "lasts_until", "contact"], name="drip_inferred_lasts")
                ],
            },
        ),
        migrations.CreateModel(
            name="ForgottenInterests",
            fields=[
                ("id", ID),
                (
                    "contact",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forgotten_interests",
                        to="wagtail_drip.contact",
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            "EventTally", "interest_due_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddIndex(
            "EventTally",
            models.Index(fields=["interest_due_at", "id"], name="drip_event_tally_interest"),
        ),
    ]
