"""One Celery task a message, as its own documentation sets a Django site up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"

from celery import Celery

app = Celery("peer", broker=os.environ.get("PEER_REDIS", "redis://127.0.0.1:6379/9"))
app.conf.task_ignore_result = True
app.conf.task_default_queue = "drip-benchmark-peer"


@app.task
def send(pk: int) -> None:
    import django

    django.setup()
    from peers import send_one

    send_one(pk)
