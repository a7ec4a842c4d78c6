"""An event that comes in the very moment in which somebody begins to wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.enrolments.test_awaiting import HAPPENED, enter, happen, taken, waiting_sequence
from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import record, run_due
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment

pytestmark = [pytest.mark.django_db(transaction=True), needs_row_locks]

Run = Callable[..., "Future[Any]"]


@pytest.fixture
def before_record(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The seam of an advance that has read every event, and has not yet written that somebody waits."""
    door, write = Door(), run_due.record

    def knock_then_record(batch: Sequence[Advanced], *, now: datetime) -> None:
        if not door.has_opened:
            door.knock()
        write(batch, now=now)

    monkeypatch.setattr(run_due, "record", knock_then_record)
    return door


def wait_while_it_happens(elsewhere: Run, door: Door, contact: Contact) -> Enrolment:
    """Have *contact* begin to wait while her order is paid and matched, and look at her again at once."""
    now = clock.now()
    waiting_sequence()
    row = enter(contact, now=now)
    advancing = elsewhere(run_due.run_due, now=now)
    door.await_knock()

    happen(contact, "order_paid", at=now + timedelta(milliseconds=1))
    assert match_due(now=now + timedelta(seconds=1)) == 1
    door.open()
    advancing.result(PATIENCE_SECONDS)
    run_due.run_due(now=now + timedelta(seconds=1))
    return row


def test_an_event_that_is_matched_while_somebody_begins_to_wait_is_not_lost(
    elsewhere: Run, before_record: Door, customer: Callable[..., Contact]
) -> None:
    row = wait_while_it_happens(elsewhere, before_record, customer())

    assert taken(row) == HAPPENED


def test_without_a_second_look_it_is(
    elsewhere: Run,
    before_record: Door,
    customer: Callable[..., Contact],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant: who begins to wait is left alone until the wait is over."""
    new_values = record._new_values
    monkeypatch.setattr(
        record,
        "_new_values",
        lambda advanced, now: {**new_values(advanced, now), "due_at": advanced.walked.wake_at},
    )

    row = wait_while_it_happens(elsewhere, before_record, customer())

    assert taken(row) == [("wait_for_event", "")]
