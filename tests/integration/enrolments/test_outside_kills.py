"""A worker that dies by SIGKILL with a webhook under way: the call is made again, under the same key."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.far_side import far_side
from wagtail_drip import tasks
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]


def until(what: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 60
    while not what():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_call_outlives_its_worker(settings: Any, tmp_path: Path) -> None:
    with far_side() as side:
        webhooks = {"crm": {"URL": side.url, "ALLOW_PRIVATE": True}}
        with override_settings(WAGTAIL_DRIP={**settings.WAGTAIL_DRIP, "WEBHOOKS": webhooks}):
            sequence = live_sequence(steps=[("call_webhook", {"target": "crm", "name": "points"})])
            stand_at_the_start(sequence, crowd(3))
            run_due(now=clock.now())
            side.seconds = 30
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.integration.enrolments.outside_settings",
                "DRIP_WORKER_DATABASE": str(connection.settings_dict["NAME"]),
                "DRIP_WORKER_URL": side.url,
                "DRIP_WORKER_WEBHOOK": side.url,
                "PYTHONPATH": str(ROOT),
            }
            worker = subprocess.Popen(
                [sys.executable, "-m", "django", "drip_run_due", "--until-idle"], cwd=ROOT, env=environment
            )
            try:
                until(lambda: len(side.asked) == 3)
            finally:
                worker.kill()
                worker.wait()
            held = list(OutsideCall.objects.values_list("state", "attempts"))
            tasks.run_until_idle()
            untouched = len(side.asked)
            side.seconds = 0
            OutsideCall.objects.update(lease_until=clock.lease_now() - timedelta(seconds=1))

            tasks.run_until_idle()

    assert held == [("claimed", 1)] * 3
    assert untouched == 3  # nobody takes it up while its lease runs
    assert len(side.asked) == 6
    assert len({headers["Idempotency-Key"] for headers, _ in side.asked}) == 3
    assert list(OutsideCall.objects.values_list("state", "attempts")) == [("answered", 2)] * 3
    assert Enrolment.objects.filter(state="completed").count() == 3
    assert StepVisit.objects.count() == 3
