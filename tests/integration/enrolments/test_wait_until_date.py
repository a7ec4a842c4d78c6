"""Waiting for a date over real rows: an appointment that moves or is cancelled, a birthday that is put right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.test_awaiting import happen
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import EXPIRES_AFTER
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOOKED_FOR = NOW + timedelta(days=10)


def reminders(trigger: str = "appointment_booked", **options: Any) -> Sequence:
    wait = {
        "source": "event",
        "direction": "before",
        "amount": 1,
        "unit": "days",
        **options,
        "reached": [("send_message", {"text": "See you tomorrow"})],
        "otherwise": [("send_message", {"text": "Book again?"})],
    }
    return live_sequence(
        trigger=trigger, purpose="transactional", keyed=True, steps=[("wait_until_date", wait)]
    )


def tell(contact: Contact, name: str, *, at: datetime, about: str = "A-1", starts_at: Any = None) -> None:
    when = {"starts_at": starts_at.isoformat()} if starts_at else {}
    happen(contact, name, at=at, appointment_id=about, **when)
    match_due(now=at)


def enter(contact: Contact, **options: Any) -> Enrolment:
    tell(contact, "appointment_booked", at=NOW, starts_at=BOOKED_FOR, **options)
    return Enrolment.objects.filter(contact=contact).latest("pk")


def texts() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("pinned_text__source", flat=True))


def settle(now: datetime) -> None:
    for _ in range(3):
        run_due(now=now)


def test_it_waits_until_the_day_before(db: None) -> None:
    reminders()
    row = enter(reachable_contact())
    settle(NOW)
    row.refresh_from_db()
    assert row.waits_for == "appointment_cancelled appointment_changed appointment_booked"
    assert row.due_at == NOW + timedelta(days=1)

    for day in range(1, 9):
        run_due(now=NOW + timedelta(days=day))
    assert texts() == []
    run_due(now=NOW + timedelta(days=9))

    assert texts() == ["See you tomorrow"]
    assert StepVisit.objects.filter(enrolment=row, kind="wait_until_date").count() == 1


def test_an_appointment_that_moves_takes_its_reminder_along(db: None) -> None:
    reminders()
    ada = reachable_contact()
    enter(ada)
    settle(NOW)
    told = NOW + timedelta(hours=5)
    tell(ada, "appointment_changed", at=told, starts_at=NOW + timedelta(days=3))
    settle(told)

    run_due(now=NOW + timedelta(days=2) - timedelta(minutes=1))
    assert texts() == []
    run_due(now=NOW + timedelta(days=2))

    assert texts() == ["See you tomorrow"]


def test_a_cancelled_appointment_goes_the_other_way_at_once_and_another_one_goes_on(db: None) -> None:
    reminders()
    ada = reachable_contact()
    first, second = enter(ada, about="A-1"), enter_another(ada)
    settle(NOW)
    told = NOW + timedelta(hours=5)

    tell(ada, "appointment_cancelled", at=told)
    settle(told)

    assert texts() == ["Book again?"]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("completed", "waiting")


def enter_another(contact: Contact) -> Enrolment:
    later = NOW + timedelta(seconds=1)
    tell(contact, "appointment_booked", at=later, about="A-2", starts_at=BOOKED_FOR)
    return Enrolment.objects.get(contact=contact, dedupe_key="A-2")


def test_a_cancellation_ends_it_and_sends_nothing_where_the_editor_says_so(db: None) -> None:
    reminders(when_missing="exit")
    ada = reachable_contact()
    row = enter(ada)
    settle(NOW)

    tell(ada, "appointment_cancelled", at=NOW + timedelta(hours=5))
    settle(NOW + timedelta(hours=5))

    row.refresh_from_db()
    assert (row.state, row.exit_reason, texts()) == ("exited", "exit_rule", [])


def test_a_birthday_that_is_put_right_is_noticed_within_a_day(db: None) -> None:
    reminders(
        trigger="customer_registered",
        source="attribute",
        attribute="birthday",
        anniversary=True,
        direction="on",
    )
    ada = reachable_contact(attributes={"birthday": "1990-07-01"})
    happen(ada, "customer_registered", at=NOW)
    match_due(now=NOW)
    settle(NOW)
    contacts.update_contacts(
        {ada.pk: {"attributes": {"birthday": "1990-03-05"}}}, now=NOW + timedelta(hours=2)
    )

    for hours in range(0, 24 * 4, 6):
        run_due(now=NOW + timedelta(hours=hours))

    assert texts() == ["See you tomorrow"]


def test_a_batch_of_any_size_asks_as_many_queries(db: None) -> None:
    reminders()

    def queries(people: int, day: int) -> int:
        for _ in range(people):
            enter(reachable_contact())
        settle(NOW)
        moved = NOW + timedelta(days=9)
        with CaptureQueriesContext(connection) as seen:
            assert run_due(now=moved) == people
        return len(seen)

    queries(1, 0)  # reads the flow and the texts, which are then remembered
    assert queries(2, 1) == queries(9, 2)


@pytest.mark.parametrize(
    ("trigger", "options", "words"),
    [
        pytest.param("cart_abandoned", {}, "tells no date", id="an event without a date"),
        pytest.param(
            "appointment_booked", {"property": "ends"}, "does not tell “ends”", id="another property"
        ),
        pytest.param("appointment_booked", {"source": "attribute"}, "Name the attribute", id="no attribute"),
        pytest.param("appointment_booked", {"amount": 400}, "At most 366 days", id="too far"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(trigger: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reminders(trigger=trigger, **options)


def test_a_worker_that_was_away_at_an_earlier_look_is_not_late_for_the_date() -> None:
    """The run was due days ago, only to look whether the date had moved: its text is wanted now and not then."""
    reminders()
    enter(reachable_contact())
    settle(NOW)

    run_due(now=NOW + timedelta(days=9, hours=1))

    text = Message.objects.get()
    assert text.expires_at == NOW + timedelta(days=9) + EXPIRES_AFTER[Purpose.TRANSACTIONAL]
