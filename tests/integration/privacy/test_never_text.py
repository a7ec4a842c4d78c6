"""Lists of numbers that are never to be texted: closed to everything, and taken back without opening anything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.integration.privacy.lists import _storage, imported, numbers, uploaded, worked
from tests.integration.privacy.two import NEW, OLD, marketing, says
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.core import keys
from wagtail_drip.gateways import memory
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import import_actions, import_plan, merge
from wagtail_drip.privacy.import_columns import guess
from wagtail_drip.privacy.import_models import ContactImport, RefusedLine
from wagtail_drip.privacy.import_plan import Column, Plan

__all__ = ["_empty_gateway", "_storage", "customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

Customer, Queued = Callable[..., Contact], Callable[..., Message]
STRANGER = "+447400999999"
# Savepoint, the list locked, whose they are, lifted, noted, and released.
QUERIES_OF_A_CHUNK = 6


def never() -> Plan:
    return import_plan.of_numbers([Column(place=0, field="phone")], meant="never_text", region="GB")


def closed(*phones: str, now: datetime) -> ContactImport:
    return imported("Mobile\n" + "\n".join(phones), never(), now=now)


def goes(contact: Contact, queued: Queued, now: datetime) -> tuple[str, str]:
    message = queued(contact, purpose="transactional")
    send_due(now=now)
    message.refresh_from_db()
    return message.state, message.reason


def test_the_numbers_are_closed_and_nobody_is_taken_in(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    contact, other = customer(OLD), customer(NEW)
    waiting = queued(contact, due_at=now + timedelta(days=1))
    agreed = ConsentRecord.objects.count()

    text = f"Mobile,Name\n{OLD},Ada\n07400 999999,=Joan\nnonsense,Mary\n{STRANGER},Joan again"
    row = imported(text, never(), now=now)

    assert numbers(row.foreseen) == numbers(row.done) == {"closed": 2, "contacts": 1, "refused": 2}
    assert list(RefusedLine.objects.order_by("line").values_list("line", "reason")) == [
        (4, "phone_no_number"),
        (5, "repeated"),
    ]
    assert set(Contact.objects.values_list("pk", flat=True)) == {contact.pk, other.pk}
    assert ConsentRecord.objects.count() == agreed
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "suppressed")
    assert goes(contact, queued, now) == ("skipped", "suppressed")
    assert goes(other, queued, now)[0] == "sent"
    assert Suppression.objects.filter(number_hash=keys.number_hash(STRANGER), reason="list").exists()


def test_the_check_closes_nothing(customer: Customer, queued: Queued, now: datetime) -> None:
    contact = customer(OLD)
    row = uploaded(f"Mobile\n{OLD}", now=now)
    import_actions.check(row, never(), now=now)

    worked(row, now=now)

    assert numbers(row.foreseen) == {"closed": 1, "contacts": 1}
    assert not Suppression.objects.exists()
    assert goes(contact, queued, now)[0] == "sent"


def test_a_list_that_is_taken_back_leaves_what_else_closes_a_number(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    only_listed, stopped, twice = customer(OLD), customer(NEW), customer("+447400123458")
    says("STOP", NEW, open_site, now)
    first = closed(OLD, NEW, "07400 123458", now=now)
    closed("07400 123458", now=now)

    done = [import_actions.take_back(first, now=now) for _ in range(2)]

    first.refresh_from_db()
    assert done == [True, False]
    assert first.done["opened"] == 3
    assert goes(only_listed, queued, now)[0] == "sent"
    assert goes(stopped, queued, now) == ("skipped", "suppressed")
    assert goes(twice, queued, now) == ("skipped", "suppressed")


def test_taking_back_goes_a_chunk_at_a_time_and_on_where_it_was_cut_off(
    open_site: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = closed(*(f"+4474001234{n:02d}" for n in range(10)), now=now)
    monkeypatch.setattr(import_actions, "TAKEN_BACK_AT_ONCE", 4)
    lift, chunks = compliance.lift_listed, []

    def cut_off(**given: Any) -> tuple[int, int | None]:
        if len(chunks) == 2:
            chunks.append(None)
            raise KeyboardInterrupt  # the second chunk is in; the server was stopped
        chunks.append(lift(**given))
        return chunks[-1]

    monkeypatch.setattr(compliance, "lift_listed", cut_off)
    with pytest.raises(KeyboardInterrupt):
        import_actions.take_back(row, now=now)
    row.refresh_from_db()
    assert "opened" not in row.done
    assert Suppression.objects.filter(lifted_at=None).count() == 2

    done = [import_actions.take_back(row, now=now) for _ in range(2)]

    row.refresh_from_db()
    assert done == [True, False]
    assert (row.done["opened"], "opening" in row.done) == (10, False)
    assert not Suppression.objects.filter(lifted_at=None).exists()


@pytest.mark.parametrize("size", [4, 40])
def test_a_chunk_of_it_costs_the_same_for_any_number(
    size: int, now: datetime, open_site: int, django_assert_num_queries: Any
) -> None:
    row = closed(*(f"+4474001234{n:02d}" for n in range(size)), now=now)

    with django_assert_num_queries(QUERIES_OF_A_CHUNK):
        assert import_actions.take_back(row, now=now)

    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_only_a_list_of_such_numbers_that_is_over_is_taken_back(now: datetime, open_site: int) -> None:
    people = imported(f"Mobile\n{OLD}", Plan(columns=[Column(place=0, field="phone")]), now=now)
    waiting = uploaded(f"Mobile\n{OLD}", now=now)
    import_actions.check(waiting, never(), now=now)

    assert not import_actions.take_back(people, now=now)
    assert not import_actions.take_back(worked(waiting, now=now), now=now)


def test_the_same_list_again_finds_everything_closed(customer: Customer, now: datetime) -> None:
    customer(OLD)
    closed(OLD, STRANGER, now=now)

    again = closed(OLD, STRANGER, now=now)

    assert numbers(again.done) == {"closed_before": 2, "contacts": 1}


def test_start_from_their_own_phone_opens_it_and_no_page_does(
    customer: Customer, queued: Queued, open_site: int, now: datetime
) -> None:
    contact = customer(OLD)
    closed(OLD, now=now)

    assert says("START", OLD, open_site, now)

    assert marketing(contact, open_site)
    assert goes(contact, queued, now)[0] == "sent"


def test_a_merge_carries_the_list_over_and_taking_it_back_opens_both(
    customer: Customer, queued: Queued, now: datetime
) -> None:
    old, new = customer(OLD), customer(NEW)
    row = closed(OLD, now=now)
    merge.merge(old.pk, into=new.pk, now=now)
    assert goes(new, queued, now) == ("skipped", "suppressed")

    import_actions.take_back(row, now=now)

    assert goes(new, queued, now)[0] == "sent"
    assert len(memory.outbox) == 1


def test_a_list_without_numbers_is_refused_before_it_is_read() -> None:
    columns = [Column(place=0, field="email")]

    found = import_plan.problems(
        import_plan.of_numbers(columns, meant="never_text", region="GB"), today="2026-01-01"
    )

    assert found == {"columns": "no_phone"}


def test_nothing_but_the_number_and_its_country_is_read(now: datetime, open_site: int) -> None:
    headers = ["Mobile", "Country", "E-mail", "Agreed"]
    columns = [Column(place=place, field=field) for place, field in guess(headers).items()]

    row = imported(
        "Mobile,Country,E-mail,Agreed\n07400 999999,GB,no address,perhaps\n",
        import_plan.of_numbers(columns, meant="never_text", region="US"),
        now=now,
    )

    assert numbers(row.done) == {"closed": 1}


def test_a_chunk_takes_as_many_queries_for_forty_as_for_four(customer: Customer, now: datetime) -> None:
    asked = []
    for first, number in ((0, 4), (100, 40)):
        phones = [f"+4474003{first + n:05d}" for n in range(number)]
        for phone in phones[::2]:
            customer(phone)
        row = uploaded("Mobile\n" + "\n".join(phones), now=now)
        import_actions.check(row, never(), now=now)
        worked(row, now=now)
        import_actions.start(row, now=now)
        with CaptureQueriesContext(connection) as queries:
            worked(row, now=now)
        assert row.done["closed"] == number
        asked.append(_settled(queries))

    assert asked[0] == asked[1]


def _settled(queries: Any) -> int:
    """Return how many statements there were; a long insert may be parted on SQLite."""
    return len([query for query in queries if not query["sql"].startswith("INSERT")])
