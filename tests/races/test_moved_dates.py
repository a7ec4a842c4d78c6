"""A date that moves against the reminder of it that is leaving: at every moment it is one text, and the newest it can be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.enrolments.test_awaiting import happen
from tests.integration.enrolments.test_moved_dates import NEW, REMINDER, THE_DAY_BEFORE, reminders
from tests.integration.enrolments.test_wait_until_date import BOOKED_FOR, NOW, enter, settle
from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments import moved_dates
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.stores import liveness

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
TOLD = THE_DAY_BEFORE + timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def ada(customer: Callable[..., Contact]) -> Contact:
    """Her reminder waits in the outbox; since something was done before it, it can only be told anew."""
    reminders(then=(("add_tag", {"tag": "reminded"}), REMINDER))
    person = customer()
    enter(person)
    settle(NOW)
    settle(THE_DAY_BEFORE)
    assert Message.objects.get().state == "scheduled"
    return person


def move(ada: Contact) -> None:
    happen(ada, "appointment_changed", at=TOLD, appointment_id="A-1", starts_at=NEW.isoformat())


def told() -> list[str]:
    return [text.text.removeprefix("See you tomorrow at ") for text in memory.outbox]


def until_sent(now: datetime) -> None:
    for seconds in (0, 31, 62):
        match_due(now=now)
        send_due(now=now + timedelta(seconds=seconds))


@pytest.mark.usefixtures("way")
def test_what_is_known_and_not_worked_in_keeps_the_reminder_back(ada: Contact) -> None:
    move(ada)

    send_due(now=TOLD)

    assert memory.outbox == []
    text = Message.objects.get()
    assert (text.state, text.defer_reason) == ("scheduled", "store_behind")
    until_sent(TOLD)
    assert told() == [NEW.isoformat()]


@pytest.mark.usefixtures("way")
def test_so_does_what_a_shop_told_and_nobody_has_taken_in(ada: Contact) -> None:
    assert api.emit(
        "appointment_changed",
        key="A-1:2",
        contact={"phone": ada.phone},
        properties={"appointment_id": "A-1", "starts_at": NEW.isoformat()},
    )
    send_due(now=TOLD)

    assert memory.outbox == []
    assert Message.objects.get().defer_reason == "store_behind"


@pytest.mark.usefixtures("way")
def test_the_news_of_somebody_else_keeps_nobody_back(ada: Contact, customer: Callable[..., Contact]) -> None:
    move(customer("+447400123999"))

    send_due(now=TOLD)

    assert told() == [BOOKED_FOR.isoformat()]


@pytest.mark.usefixtures("way")
def test_without_that_guard_the_old_date_would_go(ada: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant."""
    monkeypatch.setattr(liveness, "_unmatched", lambda guards: set())
    move(ada)

    send_due(now=TOLD)

    assert told() == [BOOKED_FOR.isoformat()]


def test_what_moves_a_date_waits_for_a_gate_that_has_decided(
    ada: Contact, elsewhere: Run, before_mark: Door
) -> None:
    sending = elsewhere(send_due, now=TOLD)
    before_mark.await_knock()
    matching = elsewhere(lambda: (move(ada), match_due(now=TOLD)))
    with pytest.raises(TimeoutError):
        matching.result(0.5)

    before_mark.open()
    sending.result(PATIENCE_SECONDS)
    matching.result(PATIENCE_SECONDS)

    until_sent(TOLD)
    assert told() == [BOOKED_FOR.isoformat()]  # it had left, and nobody is told twice


@needs_row_locks
@pytest.mark.usefixtures("way")
def test_a_text_whose_date_is_being_moved_is_left_alone(
    ada: Contact, elsewhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, tell_anew = Door(), moved_dates.messaging.tell_anew

    def knock_then_tell(*args: Any, **options: Any) -> None:
        door.knock()
        tell_anew(*args, **options)

    monkeypatch.setattr(moved_dates.messaging, "tell_anew", knock_then_tell)
    move(ada)
    matching = elsewhere(match_due, now=TOLD)
    door.await_knock()

    send_due(now=TOLD)
    assert memory.outbox == []
    assert not door.has_opened

    door.open()
    matching.result(PATIENCE_SECONDS)
    until_sent(TOLD)
    assert told() == [NEW.isoformat()]


@needs_row_locks
def test_two_moves_at_once_end_with_the_newer(ada: Contact, elsewhere: Run) -> None:
    newest = NEW + timedelta(days=1)
    move(ada)
    happen(
        ada,
        "appointment_changed",
        at=TOLD + timedelta(minutes=1),
        appointment_id="A-1",
        starts_at=newest.isoformat(),
    )
    at = TOLD + timedelta(minutes=2)
    for matching in [elsewhere(match_due, now=at, limit=1) for _ in range(2)]:
        matching.result(PATIENCE_SECONDS)

    until_sent(at)
    assert told() == [newest.isoformat()]
