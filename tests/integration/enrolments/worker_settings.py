"""Settings for worker processes of the tests: the test's own database, and a gateway that says who calls."""

from __future__ import annotations

import os

from tests.integration.enrolments.killer import Kills
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, Q_CLUSTER, WAGTAIL_DRIP
from wagtail_drip.enrolments.steps import base

DATABASES["default"]["NAME"] = os.environ["DRIP_WORKER_DATABASE"]
WAGTAIL_DRIP = {
    **WAGTAIL_DRIP,
    "GATEWAYS": {
        "default": {
            "BACKEND": "tests.integration.enrolments.worker_gateway.WorkerGateway",
            "OPTIONS": {"token": "secret", "url": os.environ["DRIP_WORKER_URL"]},
        }
    },
    "SENDER_SEGMENTS_PER_SECOND": 0,
    "SEND_THREADS": 8,
    "ADVANCE_BATCH": int(os.environ.get("DRIP_WORKER_BATCH", "200")),
    "SQLITE_BATCH": int(os.environ.get("DRIP_WORKER_BATCH", "100")),
}
Q_CLUSTER = {**Q_CLUSTER, "poll": 0.2, "save_limit": -1}
if "DRIP_WORKER_REDIS" in os.environ:
    # A queue of this run's own: what an earlier one left behind is not ours to do.
    Q_CLUSTER = {
        **Q_CLUSTER,
        "name": os.environ["DRIP_WORKER_REDIS"],
        "orm": None,
        "redis": {"host": "127.0.0.1", "port": 6379, "db": 9},
    }

base.register("kills", Kills)
