"""Workers that die by SIGKILL while something goes out once: everybody gets it, and nobody twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.dying import dies_in, kill_at
from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.starting import HOUR, NOW, inside, look, start, went, written
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions, audience, once
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, FIRST, CHUNK = 40, 10, 4
SEAMS: list[tuple[Any, str]] = [
    (claims, "claim"),
    (once, "under_way"),
    (audience, "at_once"),
    (actions, "admit"),
    (once, "note"),
    (TriggerCheck, "save"),
    (claims, "retried"),  # after the commit
]


def killed(where: Any, name: str, *moments: datetime) -> int:
    """Look at each moment until the worker dies: in its first chunk, and then in its second; return the deaths."""
    deaths = 0
    for nth, moment in enumerate(moments):

        def work(times: int = nth % 2, at: datetime = moment) -> None:
            kill_at(where, name, after=times)
            while check_due(now=at, limit=CHUNK):
                pass

        deaths += dies_in(work)
    return deaths


@pytest.mark.parametrize(("where", "name"), SEAMS, ids=[name for _, name in SEAMS])
def test_whoever_is_killed_and_wherever_everybody_enters_once(where: Any, name: str) -> None:
    people = crowd(PEOPLE)
    sequence = written()
    check_due(now=NOW - HOUR)
    start(sequence, first=FIRST)
    minute = timedelta(minutes=1)

    deaths = killed(where, name, NOW, NOW + minute)
    look(NOW + 2 * minute, limit=CHUNK)
    went(people, at=NOW + 2 * minute)
    first = inside()
    deaths += killed(where, name, NOW + 2 * HOUR, NOW + 2 * HOUR + minute)
    look(NOW + 3 * HOUR, limit=CHUNK)
    run_due(now=NOW + 3 * HOUR)

    run = OnceRun.objects.get()
    assert deaths >= 3
    assert len(first) == FIRST
    assert (run.state, run.entered) == ("done", PEOPLE)
    assert inside() == {person.pk for person in people}
    assert (Enrolment.objects.count(), Message.objects.count()) == (PEOPLE, PEOPLE)
