"""The tests' site with a gateway that does nothing; what a benchmark changes travels in the environment."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, WAGTAIL_DRIP

DEBUG = False
# A cluster of its own process works on the database that the benchmark has made.
if os.environ.get("DRIP_BENCHMARK_DATABASE"):
    DATABASES["default"]["NAME"] = os.environ["DRIP_BENCHMARK_DATABASE"]
WAGTAIL_DRIP = {
    **WAGTAIL_DRIP,
    "GATEWAYS": {
        "default": {"BACKEND": "tests.benchmarks.noop.NoopGateway", "OPTIONS": {"max_recipients": 100}}
    },
    "SENDER_SEGMENTS_PER_SECOND": 0,
    "CLOCK_SHIFT": False,
    **json.loads(os.environ.get("DRIP_BENCHMARK_SETTINGS", "{}")),
}
Q_CLUSTER = {
    "name": "drip",
    "orm": "default",
    "workers": 3,
    "timeout": 120,
    "retry": 180,
    "save_limit": -1,
    "poll": 0.5,
}
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "WARNING"}}
