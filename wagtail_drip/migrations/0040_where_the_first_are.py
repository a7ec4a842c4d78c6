"""Keeps of each start who go first, so that a later one lets others go first."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wagtail_drip", "0039_how_many_entered")]

    operations = [
        migrations.AddField("OnceRun", "place", models.PositiveIntegerField(default=0, db_default=0)),
    ]
