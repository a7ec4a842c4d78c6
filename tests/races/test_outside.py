"""Two workers that ask the outside at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from django.test import override_settings

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from tests.integration.enrolments.far_side import far_side
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.outside import call_due
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_call_is_made_once(elsewhere: Callable[..., Future[Any]], settings: Any) -> None:
    with far_side() as side:
        place = {"URL": side.url, "ALLOW_PRIVATE": True}
        side.seconds = 0.05
        with override_settings(WAGTAIL_DRIP={**settings.WAGTAIL_DRIP, "WEBHOOKS": {"crm": place}}):
            sequence = live_sequence(steps=[("call_webhook", {"target": "crm", "name": "points"})])
            stand_at_the_start(sequence, crowd(60))
            run_due(now=clock.now())

            def work() -> None:
                while call_due(now=clock.now()):
                    pass

            for worker in [elsewhere(work) for _ in range(2)]:
                worker.result(timeout=60)
            run_due(now=clock.now())

    keys = [headers["Idempotency-Key"] for headers, _ in side.asked]
    assert (len(keys), len(set(keys))) == (60, 60)
    assert set(OutsideCall.objects.values_list("state", "attempts")) == {("answered", 1)}
    assert Enrolment.objects.filter(state="completed").count() == 60
