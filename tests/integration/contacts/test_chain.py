"""Records are sealed as they are appended, and whoever goes through them finds what was changed past us."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from wagtail_drip.contacts import actions, audit, recording, sealing
from wagtail_drip.contacts.chain import NOTHING, Fault
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup

pytestmark = pytest.mark.django_db


def consent(**fields: Any) -> Consent:
    return Consent(
        **{
            "group": PurposeGroup.MARKETING,
            "granted": True,
            "source": "/news/",
            "method": ConsentMethod.WEB_FORM,
            "wording": "短信我 – text me",
            "ip": "2001:DB8::1",
            **fields,
        }
    )


def agree(contact: Contact, site_id: int, now: datetime, **fields: Any) -> ConsentRecord:
    return actions.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent(**fields), now=now)


def past_us(**where: Any) -> QuerySet[ConsentRecord]:
    """The rows as somebody at the database's own prompt changes them."""
    return QuerySet(ConsentRecord).filter(**where)


@pytest.fixture
def contact(now: datetime) -> Contact:
    return actions.identify(Identity(phone="+447700900111"), now=now)


def check(*options: str) -> tuple[bool, str]:
    out = StringIO()
    try:
        call_command("drip_check", "--consent", *options, stdout=out)
    except CommandError as error:
        return False, f"{out.getvalue()}{error}"
    return True, out.getvalue()


def test_each_record_holds_the_digest_of_the_one_before(
    contact: Contact, site_id: int, now: datetime
) -> None:
    first = agree(contact, site_id, now, page_id=7, revision_id=31)
    second = agree(contact, site_id, now + timedelta(microseconds=1), granted=False, ip=None)

    assert (first.previous, second.previous) == (NOTHING, first.digest)
    [(pair, verified)] = sealing.verified([contact.pk])
    assert pair == (contact.pk, site_id)
    assert (verified.is_whole, verified.records, verified.head) == (True, 2, second.digest)


def test_several_answers_of_one_batch_are_one_chain(contact: Contact, site_id: int, now: datetime) -> None:
    topics = ["", "news", "offers"]

    recording.append_each([(contact.pk, site_id, consent(topic=topic)) for topic in topics], now=now)

    [(_, verified)] = sealing.verified([contact.pk])
    assert (verified.is_whole, verified.records) == (True, 3)


def test_sealing_costs_one_query_whatever_the_number_of_people(site_id: int, now: datetime) -> None:
    people = [Contact.objects.create(created_at=now, changed_at=now).pk for _ in range(30)]
    costs = []
    for some in (people[:2], people[2:]):
        with CaptureQueriesContext(connection) as queries:
            recording.append([(pk, site_id) for pk in some], consent(), now=now)
        costs.append(len(queries))

    assert costs[0] == costs[1] <= 5
    assert list(sealing.faults(people)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"granted": False}, Fault.CHANGED),
        ({"source": "elsewhere"}, Fault.CHANGED),
        ({"page_id": 8}, Fault.CHANGED),
        ({"wording": "Text me twice a day"}, Fault.PERSONAL_CHANGED),
        ({"ip": "192.0.2.9"}, Fault.PERSONAL_CHANGED),
    ],
)
def test_what_was_changed_past_us_is_found(
    contact: Contact, site_id: int, now: datetime, change: dict[str, Any], fault: Fault
) -> None:
    record = agree(contact, site_id, now)
    agree(contact, site_id, now)
    past_us(pk=record.pk).update(**change)

    [(pair, verified)] = sealing.faults([contact.pk])

    assert (pair, verified.faults) == ((contact.pk, site_id), {record.pk: fault})


def test_erasing_takes_words_and_address_and_leaves_the_chain_whole(
    contact: Contact, site_id: int, now: datetime
) -> None:
    agree(contact, site_id, now)
    last = agree(contact, site_id, now)

    assert ConsentRecord.objects.filter(contact=contact).blank_personal() == 2

    assert set(ConsentRecord.objects.values_list("wording", "ip", "salt")) == {("", None, "")}
    [(_, verified)] = sealing.verified([contact.pk])
    assert (verified.is_whole, verified.erased, verified.head) == (True, 2, last.digest)


def test_a_look_at_everybody_finds_all_is_well(contact: Contact, site_id: int, now: datetime) -> None:
    agree(contact, site_id, now)

    assert check() == (True, "1 contacts were looked at.\nAll is well.\n")


def test_a_permission_that_differs_is_named_and_repaired(
    contact: Contact, site_id: int, now: datetime
) -> None:
    agree(contact, site_id, now)
    Permission.objects.update(granted=False)

    is_well, words = check()
    assert not is_well
    assert f"Contact {contact.pk}, site {site_id}, marketing sms: holds no, the records say yes." in words
    assert "run drip_check --consent --repair" in words

    assert check("--repair")[0] is True
    assert Permission.objects.get().granted is True


def test_a_chain_that_was_changed_is_named_and_nothing_is_repaired(
    contact: Contact, site_id: int, now: datetime
) -> None:
    record = agree(contact, site_id, now)
    past_us(pk=record.pk).update(wording="More")

    is_well, words = check("--repair")

    assert not is_well
    assert f"Contact {contact.pk}, site {site_id}: records {record.pk} (personal_changed)" in words
    assert "bring the rows back from a backup" in words
    assert ConsentRecord.objects.get().wording == "More"


def test_everybody_is_looked_at_a_chunk_at_a_time(
    site_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "CHUNK", 10)
    people = [Contact.objects.create(created_at=now, changed_at=now).pk for _ in range(25)]
    recording.append([(pk, site_id) for pk in people], consent(), now=now)

    with CaptureQueriesContext(connection) as queries:
        found = list(audit.everybody())

    assert [each.contacts for each in found] == [10, 10, 5]
    assert len(queries) == 3 * 4 + 1
