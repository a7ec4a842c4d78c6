"""Answers need no permission, and a licence: whoever wrote to us, once for each text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.integration.messaging.test_gate import fate
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts.models import Contact
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.send_due import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]

Customer = Callable[..., Contact]
Queued = Callable[..., Message]


def inbound(contact: Contact, now: datetime, verdict: str = "help") -> InboundText:
    return InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{contact.pk}-{verdict}",
        from_number=contact.phone,
        text=verdict,
        verdict=verdict,
        at=now,
        recorded_at=now,
    )


def test_a_response_needs_no_permission_and_knows_no_night(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    night = now.replace(hour=3)
    contact = customer(marketing=False, transactional=False)
    licence = f"inbound:{inbound(contact, night).pk}"
    message = queued(
        contact,
        purpose="response",
        body="Write {{ to }} us",
        source_text="",
        licence=licence,
        due_at=night,
        expires_at=night + timedelta(hours=1),
    )
    send_due(now=night)

    assert fate(message) == ("sent", "")
    assert memory.outbox[-1].text == "Write {{ to }} us"  # as it is, never rendered


@pytest.mark.parametrize(
    ("licence", "hours"),
    [
        pytest.param("", 0, id="none"),
        pytest.param("inbound:999999", 0, id="no such text"),
        pytest.param("inbound:x", 0, id="nonsense"),
        pytest.param("own", 25, id="older than a day"),
        pytest.param("another's", 0, id="somebody else's text"),
    ],
)
def test_a_response_without_a_licence_does_not_go(
    licence: str, hours: int, customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    asker = {"own": contact, "another's": customer("+447400123459")}.get(licence)
    given = f"inbound:{inbound(asker, now - timedelta(hours=hours)).pk}" if asker else licence
    message = queued(contact, purpose="response", body="Hello", source_text="", licence=given)

    send_due(now=now)

    assert fate(message) == ("skipped", "no_licence")


def test_only_the_confirmation_of_a_stop_goes_to_a_suppressed_number(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer()
    compliance.suppress(phone=contact.phone, scope="all", reason="stop_keyword", source="test", now=now)
    stop, help_ = (
        queued(
            contact,
            purpose="response",
            body=verdict,
            source_text="",
            licence=f"inbound:{inbound(contact, now, verdict).pk}",
        )
        for verdict in ("stop", "help")
    )

    send_due(now=now)

    assert fate(stop) == ("sent", "")
    assert fate(help_) == ("skipped", "suppressed")
