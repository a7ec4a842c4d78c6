"""Numbers that somebody else has by now: what the old owner agreed to permits nothing, what the new one did stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.integration.privacy.lists import _storage, imported, numbers, uploaded, worked
from tests.integration.privacy.two import NEW, OLD, fresh, marketing, says
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import import_actions, import_plan
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_plan import Column, Plan

__all__ = ["_empty_gateway", "_storage", "customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

Customer, Queued = Callable[..., Contact], Callable[..., Message]


def plan(day: datetime) -> Plan:
    return import_plan.of_numbers(
        [Column(place=0, field="phone")],
        meant="changed_hands",
        region="GB",
        day=day.date().isoformat(),
    )


def told(*phones: str, by: datetime, now: datetime) -> ContactImport:
    return imported("Mobile\n" + "\n".join(phones), plan(by), now=now)


def agree(contact: Contact, site_id: int, group: PurposeGroup, *, at: datetime) -> None:
    consent = Consent(group=group, granted=True, source="form", method=ConsentMethod.WEB_FORM, at=at)
    contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent, now=at)


def test_the_old_owner_has_no_number_and_has_agreed_to_nothing(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact, other = customer(OLD), customer(NEW)
    waiting = queued(contact, due_at=now + timedelta(days=1))
    later = now + timedelta(days=10)

    row = told(OLD, "+447400999999", by=now + timedelta(days=2), now=later)

    assert numbers(row.foreseen) == numbers(row.done) == {"let_go": 1, "unknown": 1}
    left = fresh(contact)
    assert (left.phone, left.active_phone, left.first_name) == ("", None, "Ada")
    assert marketing(contact, open_site) is False
    assert marketing(other, open_site) is True
    record = ConsentRecord.objects.order_by("pk").last()
    assert record is not None
    assert (record.method, record.source, record.wording) == ("import", "number_released", "people.csv")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "no_phone")
    assert projection.differences() == []
    assert list(sealing.faults([contact.pk])) == []


def test_whoever_has_the_number_now_is_somebody_new_who_has_agreed_to_nothing(
    customer: Customer, open_site: int, now: datetime
) -> None:
    old = customer(OLD)
    told(OLD, by=now, now=now + timedelta(days=3))

    new = contacts.identify(Identity(phone=OLD), now=now + timedelta(days=4))
    said = says("START", OLD, open_site, now + timedelta(days=4))

    assert new.pk != old.pk
    assert said is False
    assert not marketing(new, open_site)


@pytest.mark.parametrize(
    ("agreed_on", "still_theirs"), [(0, False), (2, False), (3, True)], ids=["before", "that day", "after"]
)
def test_who_agreed_after_that_day_keeps_the_number_and_only_that(
    customer: Customer,
    open_site: int,
    now: datetime,
    agreed_on: int,
    still_theirs: bool,
) -> None:
    contact = customer(OLD)
    agree(contact, open_site, PurposeGroup.TRANSACTIONAL, at=now + timedelta(days=agreed_on))

    row = told(OLD, by=now + timedelta(days=2), now=now + timedelta(days=10))

    assert numbers(row.foreseen) == numbers(row.done) == {"still_theirs" if still_theirs else "let_go": 1}
    held = {each.group: each.granted for each in Permission.objects.filter(contact=contact)}
    assert held == {"marketing": False, "transactional": still_theirs}
    assert (fresh(contact).active_phone == OLD) is still_theirs


def test_a_text_written_before_does_not_go_to_the_new_owner(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact = customer(OLD)
    told(OLD, by=now, now=now + timedelta(days=3))
    message = queued(contact, purpose="transactional")

    send_due(now=now)

    message.refresh_from_db()
    assert (message.state, memory.outbox) == ("skipped", [])


@pytest.mark.parametrize(
    ("asked_on", "state"), [(0, "withdrawn"), (2, "waiting")], ids=["the old owner", "the new owner"]
)
def test_what_the_old_owner_was_asked_is_taken_back(
    customer: Customer, open_site: int, now: datetime, asked_on: int, state: str
) -> None:
    contact = customer(OLD, marketing=False)
    OptInRequest.objects.create(
        contact=contact,
        site_id=open_site,
        purpose_group="marketing",
        state="waiting",
        source="form",
        wording="Text me.",
        token="t",
        requested_at=now + timedelta(days=asked_on),
        expires_at=now + timedelta(days=30),
    )

    told(OLD, by=now, now=now + timedelta(days=3))

    assert OptInRequest.objects.get().state == state
    assert (fresh(contact).active_phone is None) is (state == "withdrawn")


@pytest.mark.parametrize(("day", "problem"), [("", "no_day"), ("2026-12-01", "future_day")])
def test_the_day_is_needed(day: str, problem: str) -> None:
    how = import_plan.of_numbers(
        [Column(place=0, field="phone")], meant="changed_hands", region="GB", day=day
    )

    assert import_plan.problems(how, today="2026-11-26") == {"day": problem}


def test_the_day_is_the_site_s_and_all_of_it(customer: Customer, open_site: int, now: datetime) -> None:
    assert now.astimezone(UTC).hour == 12
    contact = customer(OLD)
    agree(contact, open_site, PurposeGroup.MARKETING, at=now.replace(hour=23, minute=59))

    row = told(OLD, by=now, now=now + timedelta(days=3))

    assert numbers(row.done) == {"let_go": 1}


def test_such_a_list_cannot_be_taken_back(customer: Customer, now: datetime) -> None:
    customer(OLD)
    row = told(OLD, by=now, now=now + timedelta(days=3))

    assert not import_actions.take_back(row, now=now)


def test_a_chunk_takes_as_many_queries_for_forty_as_for_four(customer: Customer, now: datetime) -> None:
    asked = []
    later = now + timedelta(days=3)
    for first, number in ((0, 4), (100, 40)):
        phones = [f"+4474003{first + n:05d}" for n in range(number)]
        for phone in phones[::2]:
            customer(phone)
        row = uploaded("Mobile\n" + "\n".join(phones), now=later)
        import_actions.check(row, plan(now), now=later)
        worked(row, now=later)
        import_actions.start(row, now=later)
        with CaptureQueriesContext(connection) as queries:
            worked(row, now=later)
        assert row.done["let_go"] == number // 2
        asked.append(_reads(queries))

    assert asked[0] == asked[1]


def _reads(queries: Any) -> int:
    """Return how many statements there were; a long insert may be parted on SQLite."""
    return len([query for query in queries if not query["sql"].startswith("INSERT")])
