"""Keeps of each start how many entered, not how many of the first are still to."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def count(apps: Any, schema_editor: Any) -> None:
    enrolments = apps.get_model("wagtail_drip", "Enrolment")
    for run in apps.get_model("wagtail_drip", "OnceRun").objects.all():
        run.entered = enrolments.objects.filter(
            sequence_id=run.sequence_id, entered_at__gte=run.started_at, dedupe_key__startswith="once:"
        ).count()
        run.save(update_fields=["entered"])


class Migration(migrations.Migration):
    dependencies = [("wagtail_drip", "0038_judged_stops")]

    operations = [
        migrations.AddField("OnceRun", "entered", models.PositiveIntegerField(default=0, db_default=0)),
        migrations.RunPython(count, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField("OnceRun", "left"),
    ]
