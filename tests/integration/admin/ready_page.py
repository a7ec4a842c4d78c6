"""What the tests of "Are you ready?" share: a line looked at, and people and texts of a country."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.compliance import readiness
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import querysets as reading
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import Message, Receipt, SendLedger
from wagtail_drip.test.people import reachable_contact

OK, TO_DO, UNKNOWN = "ok", "to_do", "unknown"

FULL = (
    "Yes, I agree to get recurring automated marketing texts from Teashop. Consent is not a condition of purchase. "
    "Message frequency varies. Message and data rates may apply. Reply STOP to end, HELP for help."
)


@pytest.fixture(autouse=True)
def _outbox(drip_outbox: list[object]) -> None:
    """Nothing of another test's stays."""


@pytest.fixture
def url(site_id: int) -> str:
    return f"/admin/text-messages/settings/{site_id}/ready/"


@pytest.fixture
def look(site_id: int) -> Any:
    """Return what a line says of a country, as it is now: its state and its sentence."""

    def found(place: str, check: str) -> tuple[str, str]:
        row = core.site_settings(site_id)
        (line,) = [each for each in readiness.lines_for(place) if each.check == check]
        people = reading.countries().get(place, 0)
        told = CHECKS[check](Facts(row, place, people, clock.now()), line)
        return told.state.value, told.sentence

    return found


def american(number: int = 0, **known: Any) -> Contact:
    return reachable_contact(phone=f"+120155501{number:02d}", **known)


def agreed(site_id: int, contact: Contact, **fields: Any) -> None:
    given = {"method": ConsentMethod.WEB_FORM, "wording": FULL, **fields}
    consent = Consent(group=PurposeGroup.MARKETING, granted=True, source="/", **given)
    contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent, now=clock.now())


def sent(contact: Contact, site_id: int, *, state: str, ago: int = 1, code: str = "") -> None:
    at = clock.now() - timedelta(days=ago)
    message = Message.objects.create(
        key=f"s:{uuid4().hex}",
        reference=uuid4().hex,
        contact=contact,
        site_id=site_id,
        gateway="default",
        purpose="promotional",
        created_at=at,
        state=state,
    )
    SendLedger.objects.create(
        message=message, contact=contact, site_id=site_id, purpose="promotional", handed_over_at=at
    )
    if code:
        Receipt.objects.create(
            message=message,
            gateway="default",
            reference=message.reference,
            status="undelivered",
            code=code,
            recorded_at=at,
        )
