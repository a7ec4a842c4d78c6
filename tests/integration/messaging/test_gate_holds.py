"""Who gets no text before the site is open or while something is held, and whom a test text reaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.messaging.test_gate import fate
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.messaging.send_due import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def test_a_site_that_is_not_open_texts_its_staff_only(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    core.close_site(open_site)
    core.change_site_settings(open_site, test_numbers=["+447400123450"])
    staff, other = queued(customer("+447400123450")), queued(customer("+447400123451"))

    send_due(now=now)

    assert fate(staff) == ("sent", "")
    assert fate(other) == ("skipped", "not_open_yet")


def test_a_copied_database_on_another_address_texts_nobody(
    customer: Customer, queued: Queued, now: datetime, settings: Any
) -> None:
    message = queued(customer())
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": "https://staging.example"}

    send_due(now=now)

    assert fate(message) == ("skipped", "not_open_yet")
    assert memory.outbox == []


def test_a_test_text_goes_to_confirmed_staff_before_the_site_is_open(open_site: int, now: datetime) -> None:
    core.close_site(open_site)
    core.change_site_settings(open_site, test_numbers=["+447400123450"])

    key = messaging.send_test(
        site_id=open_site,
        number="+447400123450",
        source_text="Try {{ event.what }}",
        variables={"event": {"what": "this"}},
        now=now.replace(hour=3),
    )
    send_due(now=now.replace(hour=3))

    assert fate(Message.objects.get(key=key)) == ("sent", "")
    assert [sms.text for sms in memory.outbox] == ["Try this"]


def test_a_test_text_goes_to_nobody_else_and_not_to_a_suppressed_number(
    customer: Customer, open_site: int, now: datetime
) -> None:
    with pytest.raises(messaging.NotATestNumber):
        messaging.send_test(site_id=open_site, number="+447400123450", source_text="x", variables={}, now=now)
    assert not Message.objects.exists()
    core.change_site_settings(open_site, test_numbers=["+447400123450"])
    compliance.suppress(phone="+447400123450", scope="all", reason="staff", source="test", now=now)
    key = messaging.send_test(
        site_id=open_site, number="+447400123450", source_text="x", variables={}, now=now
    )

    send_due(now=now)

    assert fate(Message.objects.get(key=key)) == ("skipped", "suppressed")


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        ("all", ""),
        ("site", "site"),
        ("gateway", "default"),
        ("sender", "default:+447700900000"),
        ("sequence", "7"),
        ("step", "7:a1"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["before the claim", "between claim and gate"])
def test_what_is_held_stays_in_the_queue_until_it_is_lifted(
    request: pytest.FixtureRequest,
    is_late: bool,
    scope: str,
    key: str,
    customer: Customer,
    queued: Queued,
    open_site: int,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = queued(customer(), sequence_id=7, step_id="a1")
    key = str(open_site) if key == "site" else key

    def hold() -> None:
        messaging.hold(scope=scope, key=key, reason="test", now=now)

    if is_late:
        from wagtail_drip.messaging import gate

        request.getfixturevalue("the_long_way")
        lock = gate.lock_contacts
        monkeypatch.setattr(gate, "lock_contacts", lambda messages: (hold(), lock(messages))[1])
    else:
        hold()

    send_due(now=now, limit=1)

    assert fate(message) == ("scheduled", "held" if is_late else "")
    assert memory.outbox == []
    monkeypatch.undo()
    messaging.lift(Hold.objects.get().pk, by="Ada", now=now)
    send_due(now=now)
    assert fate(message) == ("sent", "")


@pytest.mark.parametrize(
    ("scope", "key"),
    [("gateway", "other"), ("sender", "default:+1"), ("sequence", "8"), ("step", "7:b2"), ("site", "0")],
)
def test_a_hold_on_something_else_holds_nothing(
    scope: str, key: str, customer: Customer, queued: Queued, now: datetime
) -> None:
    message, stepless = queued(customer(), sequence_id=7, step_id="a1"), queued(customer())
    messaging.hold(scope=scope, key=key, reason="test", now=now)

    send_due(now=now)

    assert fate(message) == fate(stepless) == ("sent", "")


def test_a_hold_with_an_end_ends(customer: Customer, queued: Queued, now: datetime) -> None:
    message = queued(customer())
    messaging.hold(scope="all", key="", reason="test", now=now, until=now + timedelta(minutes=5))
    assert send_due(now=now) == 0

    send_due(now=now + timedelta(minutes=5))

    assert fate(message) == ("sent", "")
