"""What was published to go out once before anybody had to start it is started."""

from __future__ import annotations

import json
from typing import Any

from django.db import migrations

from wagtail_drip.core import keys


def start(apps: Any, schema_editor: Any) -> None:
    runtimes = apps.get_model("wagtail_drip", "SequenceRuntime")
    checks = apps.get_model("wagtail_drip", "TriggerCheck")
    runs = apps.get_model("wagtail_drip", "OnceRun")
    rows = runtimes.objects.filter(state__in=("live", "paused", "draining"), version__isnull=False)
    for runtime in rows.select_related("version").iterator(chunk_size=100):
        timed = runtime.version.flow.get("timed") or {}
        if timed.get("kind") != "once":
            continue
        check = checks.objects.filter(sequence_id=runtime.sequence_id).first()
        has_gone = check is not None and check.timed == timed and check.due_at is None and not check.error
        runs.objects.get_or_create(
            sequence_id=runtime.sequence_id,
            key=keys.digest("once", json.dumps(timed, sort_keys=True)),
            defaults={
                "token": keys.new_token(),
                "state": "done" if has_gone else "rest",
                "started_at": runtime.version.published_at,
                "ended_at": runtime.changed_at if has_gone else None,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("wagtail_drip", "0036_send_once")]

    operations = [migrations.RunPython(start, migrations.RunPython.noop, elidable=True)]
