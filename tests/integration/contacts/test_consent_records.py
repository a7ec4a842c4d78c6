"""What somebody agreed to is kept for ever, and projected under their lock to what is allowed now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts import actions, projection, querysets
from wagtail_drip.contacts.models import ConsentIsAppendOnly, ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup

NUMBER = "+447700900111"


def consent(**fields: Any) -> Consent:
    return Consent(
        **{
            "group": PurposeGroup.MARKETING,
            "granted": True,
            "source": "form",
            "method": ConsentMethod.WEB_FORM,
            **fields,
        }
    )


def withdraw(contact: Contact, site_id: int, now: datetime, **fields: Any) -> int:
    return actions.withdraw_marketing(
        contact_ids=[contact.pk],
        site_ids=[site_id],
        source="sms",
        method=ConsentMethod.KEYWORD,
        now=now,
        **fields,
    )


@pytest.fixture
def contact(db: None, now: datetime) -> Contact:
    return actions.identify(Identity(phone=NUMBER), now=now)


def test_an_answer_is_kept_with_its_proof_and_projected(
    contact: Contact, now: datetime, site_id: int
) -> None:
    given_at = now - timedelta(minutes=5)

    record = actions.record_consent(
        contact_id=contact.pk,
        site_id=site_id,
        consent=consent(wording="Text me offers", wording_version="v3", ip="192.0.2.1", at=given_at),
        now=now,
    )

    record.refresh_from_db()
    assert (record.wording, record.wording_version, record.ip, record.at, record.recorded_at) == (
        "Text me offers",
        "v3",
        "192.0.2.1",
        given_at,
        now,
    )
    permission = Permission.objects.get()
    assert (permission.granted, permission.since, permission.record_id) == (True, now, record.pk)


def test_a_record_can_be_neither_changed_nor_deleted(contact: Contact, now: datetime, site_id: int) -> None:
    record = actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(), now=now)
    record.granted = False

    for change in (
        record.save,
        record.delete,
        lambda: ConsentRecord.objects.update(granted=False),
        lambda: ConsentRecord.objects.filter(pk=record.pk).delete(),
    ):
        with pytest.raises(ConsentIsAppendOnly, match="append another one"):
            change()

    assert ConsentRecord.objects.get().granted is True


def test_a_clock_ahead_of_ours_does_not_outlive_a_stop(contact: Contact, now: datetime, site_id: int) -> None:
    ahead = consent(at=now + timedelta(days=2))
    actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=ahead, now=now)

    withdraw(contact, site_id, now + timedelta(minutes=1))

    assert Permission.objects.get().granted is False


def test_a_tick_from_before_the_stop_is_kept_and_opens_nothing(
    contact: Contact, now: datetime, site_id: int
) -> None:
    withdraw(contact, site_id, now)

    late = consent(at=now - timedelta(hours=1), method=ConsentMethod.CHECKOUT)
    actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=late, now=now + timedelta(hours=1))

    assert ConsentRecord.objects.count() == 2
    assert Permission.objects.get().granted is False


def test_withdrawing_twice_records_once(contact: Contact, now: datetime, site_id: int) -> None:
    actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(), now=now)

    assert withdraw(contact, site_id, now, wording="STOP") == 1
    assert withdraw(contact, site_id, now, wording="STOP") == 0
    assert ConsentRecord.objects.filter(granted=False).get().wording == "STOP"


def test_a_topic_is_withdrawn_alone(contact: Contact, now: datetime, site_id: int) -> None:
    actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(), now=now)

    withdraw(contact, site_id, now, topic="offers")

    held = querysets.permissions([contact.pk], [site_id])
    asked = {
        topic: querysets.is_permitted(
            held, contact_id=contact.pk, site_id=site_id, purpose="promotional", topic=topic
        )
        for topic in ("", "offers", "news")
    }
    assert asked == {"": True, "offers": False, "news": True}


def test_marketing_permits_no_transactional_message_and_the_other_way_round(
    contact: Contact, now: datetime, site_id: int
) -> None:
    actions.record_consent(
        contact_id=contact.pk,
        site_id=site_id,
        consent=consent(group=PurposeGroup.TRANSACTIONAL),
        now=now,
    )

    held = querysets.permissions([contact.pk], [site_id])

    assert querysets.is_permitted(held, contact_id=contact.pk, site_id=site_id, purpose="transactional")
    assert not querysets.is_permitted(held, contact_id=contact.pk, site_id=site_id, purpose="survey")


def test_permissions_of_many_are_read_in_one_query(now: datetime, site_id: int) -> None:
    people = [Contact.objects.create(created_at=now, changed_at=now) for _ in range(20)]
    for person in people[:10]:
        actions.record_consent(contact_id=person.pk, site_id=site_id, consent=consent(), now=now)

    with CaptureQueriesContext(connection) as queries:
        held = querysets.permissions([person.pk for person in people], [site_id])

    assert len(queries) == 1
    assert held == {(person.pk, site_id, "marketing", "sms", ""): True for person in people[:10]}


def test_a_merged_contact_s_answer_is_who_speaks_for_it(
    contact: Contact, now: datetime, site_id: int
) -> None:
    gone = Contact.objects.create(created_at=now, changed_at=now, merged_into=contact)

    actions.record_consent(contact_id=gone.pk, site_id=site_id, consent=consent(), now=now)

    assert Permission.objects.get().contact_id == contact.pk


def test_a_projection_that_differs_is_told_and_repaired(
    contact: Contact, now: datetime, site_id: int
) -> None:
    record = actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(), now=now)
    actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(topic="news"), now=now)
    assert projection.differences() == []
    Permission.objects.filter(topic="").update(granted=False)
    Permission.objects.filter(topic="news").delete()
    Permission.objects.create(
        contact=contact,
        site_id=site_id,
        group="marketing",
        topic="invented",
        granted=True,
        since=now,
        record=record,
    )

    told = {
        each.key.topic: (each.is_now, each.should_be.granted if each.should_be else None)
        for each in projection.differences([contact.pk])
    }

    assert told == {"": (False, True), "news": (None, True), "invented": (True, None)}
    assert actions.repair_permissions([contact.pk]) == 3
    assert projection.differences() == []
    assert dict(Permission.objects.values_list("topic", "granted")) == {"": True, "news": True}


def in_a_thread(work: Callable[[], Any]) -> threading.Thread:
    """Start *work* on a connection of its own and let it run until it waits for a lock."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.7)
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["withdraw_marketing", "record_consent"])
def test_a_withdrawal_waits_for_the_answer_under_way_and_closes_what_it_opened(
    now: datetime, site_id: int, door: str
) -> None:
    contact = actions.identify(Identity(phone=NUMBER), now=now)
    # Withdrawn already: who reads too early sees nothing left to withdraw.
    withdraw(contact, site_id, now)
    no = consent(granted=False)
    doors: dict[str, Callable[[], Any]] = {
        "withdraw_marketing": lambda: withdraw(contact, site_id, now),
        "record_consent": lambda: actions.record_consent(
            contact_id=contact.pk, site_id=site_id, consent=no, now=now
        ),
    }

    with transaction.atomic():
        actions.record_consent(
            contact_id=contact.pk, site_id=site_id, consent=consent(topic="offers"), now=now
        )
        thread = in_a_thread(doors[door])
        assert thread.is_alive()
    thread.join(30)

    assert dict(Permission.objects.values_list("topic", "granted")) == {"": False, "offers": False}
    assert projection.differences() == []


@pytest.mark.django_db(transaction=True)
def test_answers_on_several_connections_leave_one_projection(now: datetime, site_id: int) -> None:
    contact = actions.identify(Identity(phone=NUMBER), now=now)
    barrier = threading.Barrier(4)
    failed: list[BaseException] = []

    def answer(number: int) -> None:
        try:
            barrier.wait(10)
            for turn in range(5):
                granted = (number + turn) % 2 == 0
                actions.record_consent(
                    contact_id=contact.pk, site_id=site_id, consent=consent(granted=granted), now=now
                )
        except BaseException as error:  # noqa: BLE001 -- a thread must not swallow its failure
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failed == []
    assert ConsentRecord.objects.count() == 20
    assert projection.differences() == []
    newest = ConsentRecord.objects.latest("pk")
    assert Permission.objects.get().record_id == newest.pk
