"""What a django-q2 cluster of a trial is started with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
THREADS = 4


def drip_settings(provider: str) -> dict[str, Any]:
    from tests.kills.provider import TOKEN

    options = {"token": TOKEN, "url": f"{provider}/plain/messages"}
    return {
        "GATEWAYS": {"default": {"BACKEND": "tests.kills.gateways.PlainGateway", "OPTIONS": options}},
        "PUBLIC_BASE_URL": "",  # no receipts: what the hosts do is the question
        "SENDER_SEGMENTS_PER_SECOND": 0,
        "CLOCK_SHIFT": False,
        "SEND_THREADS": THREADS,
        "SEND_BATCH": 50,
        "MESSAGE_LEASE_SECONDS": 14,
        "DRAINS": 4,
    }


def host_environment(database: str, drip: dict[str, Any], **q_cluster: Any) -> dict[str, str]:
    """Return what a process of a cluster is started with: its database, our settings, and *q_cluster*, its broker's."""
    q_cluster = {
        "name": "drip",
        "workers": 3,
        "timeout": 120,
        "retry": 180,
        "save_limit": -1,
        **q_cluster,
    }
    told = {"database": database, "drip": drip, "q_cluster": q_cluster}
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.kills.host_settings",
        "DRIP_TRIAL": json.dumps(told),
        "PYTHONPATH": str(ROOT),
    }
