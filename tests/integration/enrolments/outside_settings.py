"""Settings for worker processes that ask another system: the one that the test runs."""

from __future__ import annotations

import os

from tests.integration.enrolments.worker_settings import *  # noqa: F403
from tests.integration.enrolments.worker_settings import WAGTAIL_DRIP

WAGTAIL_DRIP = {
    **WAGTAIL_DRIP,
    "WEBHOOKS": {"crm": {"URL": os.environ["DRIP_WORKER_WEBHOOK"], "ALLOW_PRIVATE": True}},
}
