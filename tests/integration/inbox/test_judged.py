"""A judged stop is overturned, once, and opens exactly what it closed; a reply becomes a stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from tests.integration.inbox.test_stop import (
    NUMBER,
    SENDER,
    another_site,
    grant,
    may_be_texted,
    queue,
    subscriber,
    suppressions,
)
from tests.integration.inbox.test_stop import site as site
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import StopReview
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import actions, complaints, judged, own_pages
from wagtail_drip.inbox.judged import TextsWait
from wagtail_drip.inbox.receive import receive_due
from wagtail_drip.messaging.models import InboundText, Message

pytestmark = pytest.mark.django_db

WISH = "can you stop sending the red ones?"
REASON = "She meant the red ones; she told us on the phone."


@pytest.fixture
def staff_id() -> int:
    return int(get_user_model().objects.create_user("ada").pk)


def arrive(words: str, now: datetime, *, to: str = SENDER, is_read: bool = True) -> InboundText:
    """Let a text come as it does: obeyed at once if it is a stop, and read a little later."""
    event = InboundEvent(provider_id="", from_number=NUMBER, to_number=to, text=words)
    actions.apply_stop_at_once(gateway="default", inbound=event, now=now)
    text = InboundText.objects.create(
        gateway="default",
        provider_id=f"in-{InboundText.objects.count()}",
        from_number=NUMBER,
        to_number=to,
        text=words,
        at=now,
        recorded_at=now,
        due_at=now,
    )
    if is_read:
        receive_due(now=now)
        text.refresh_from_db()
    return text


def overturn(text: InboundText, staff_id: int, now: datetime) -> judged.Reviewed | None:
    return judged.not_a_stop(text.pk, reason=REASON, staff_user_id=staff_id, by="ada", now=now)


def later(now: datetime, minutes: int = 1) -> datetime:
    return now + timedelta(minutes=minutes)


def test_it_opens_what_it_closed_and_says_who_and_why(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, topic="tea")
    text = arrive(WISH, now)
    assert (text.verdict, bool(text.phrase)) == ("stop", True)
    assert (suppressions(), may_be_texted(contact, site)) == (
        {("sender", f"default:{SENDER}", "stop_phrase")},
        False,
    )

    found = overturn(text, staff_id, later(now))

    assert found == judged.Reviewed(restored=3)
    assert suppressions() == set()
    assert may_be_texted(contact, site)
    assert may_be_texted(contact, site, topic="tea")
    records = ConsentRecord.objects.filter(granted=True, recorded_at=later(now))
    assert set(records.values_list("method", "source", "wording", "staff_user_id", "topic")) == {
        ("staff", "staff:ada", REASON, staff_id, ""),
        ("staff", "staff:ada", REASON, staff_id, "tea"),
    }
    review = StopReview.objects.get()
    assert (review.decision, review.reason, review.staff_user_id, review.contact_id) == (
        "not_a_stop",
        REASON,
        staff_id,
        contact.pk,
    )
    assert (projection.differences(), list(sealing.faults([contact.pk]))) == ([], [])


def test_twice_does_it_once(now: datetime, site: int, staff_id: int) -> None:
    subscriber(now, site)
    text = arrive(WISH, now)
    overturn(text, staff_id, later(now))
    before = ConsentRecord.objects.count()

    assert overturn(text, staff_id, later(now, 2)) is None
    assert (ConsentRecord.objects.count(), StopReview.objects.count()) == (before, 1)


def test_an_exact_stop_is_none_of_them(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    text = arrive("STOP", now)

    assert overturn(text, staff_id, later(now)) is None
    assert not may_be_texted(contact, site)
    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}


def _stop_word(contact: Contact, site: int, now: datetime) -> None:
    arrive("STOP", now)


def _own_page(contact: Contact, site: int, now: datetime) -> None:
    own_pages.stop(contact_id=contact.pk, site_id=site, source="page", wording="Stop", now=now)


def _provider(contact: Contact, site: int, now: datetime) -> None:
    message = Message.objects.get(key="enr:1:1")
    contacts.withdraw_marketing(
        contact_ids=[message.contact_id],
        site_ids=[site],
        source="gateway:default",
        method=ConsentMethod.PROVIDER,
        now=now,
    )
    compliance.suppress(
        phone=NUMBER,
        scope="sender",
        scope_value=f"default:{SENDER}",
        reason="provider",
        source="gateway:default",
        now=now,
    )


def _provider_s_flag(contact: Contact, site: int, now: datetime) -> None:
    event = InboundEvent(provider_id="p", from_number=NUMBER, to_number=SENDER, text="?", opted_out=True)
    actions.apply_stop_at_once(gateway="default", inbound=event, now=now)


@pytest.mark.parametrize("surer", [_stop_word, _own_page, _provider, _provider_s_flag])
def test_what_a_surer_stop_closed_since_stays_closed(
    now: datetime, site: int, staff_id: int, surer: Callable[[Contact, int, datetime], None]
) -> None:
    contact = subscriber(now, site)
    queue(contact, site, now, "enr:1:1")
    text = arrive(WISH, now)
    surer(contact, site, later(now))

    assert overturn(text, staff_id, later(now, 2)) == judged.Reviewed(restored=0)

    assert not may_be_texted(contact, site)
    [(_, _, reason)] = suppressions()
    assert reason != "stop_phrase"
    assert not ConsentRecord.objects.filter(granted=True, method="staff").exists()


def test_start_undoes_both_the_judged_stop_and_the_surer_one(now: datetime, site: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, topic="tea")
    arrive(WISH, now)
    arrive("STOP", later(now))

    arrive("START", later(now, 2))

    assert suppressions() == set()
    assert may_be_texted(contact, site)
    assert may_be_texted(contact, site, topic="tea")
    assert projection.differences() == []


@pytest.mark.parametrize("is_before", [True, False])
def test_what_a_complaint_closed_stays_closed(
    now: datetime, site: int, staff_id: int, is_before: bool
) -> None:
    contact = subscriber(now, site)
    if is_before:
        complaints.note(contact_id=contact.pk, source="person", reason="Who are you?", now=now)
    text = arrive(WISH, later(now))
    if not is_before:
        complaints.note(contact_id=contact.pk, source="person", reason="Who are you?", now=later(now, 2))

    overturn(text, staff_id, later(now, 3))

    assert not may_be_texted(contact, site)
    assert not ConsentRecord.objects.filter(granted=True, method="staff").exists()


def test_what_staff_closed_stays_closed(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    grant(contact, site, now, topic="tea")
    text = arrive(WISH, now)
    no = Consent(group=PurposeGroup.MARKETING, granted=False, source="staff:bob", method=ConsentMethod.STAFF)
    contacts.record_consent(contact_id=contact.pk, site_id=site, consent=no, now=later(now))

    overturn(text, staff_id, later(now, 2))

    assert not may_be_texted(contact, site)
    assert not may_be_texted(contact, site, topic="tea")


def test_a_number_suppressed_for_another_reason_stays_so(now: datetime, site: int, staff_id: int) -> None:
    subscriber(now, site)
    text = arrive(WISH, now)
    compliance.suppress(phone=NUMBER, scope="all", reason="staff", source="t", now=now)

    overturn(text, staff_id, later(now))

    assert suppressions() == {("all", "", "staff")}


def test_what_was_never_agreed_to_is_not_agreed_to_now(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now)
    text = arrive(WISH, now)

    assert overturn(text, staff_id, later(now)) == judged.Reviewed(restored=1)
    assert suppressions() == set()
    assert not may_be_texted(contact, site)


@pytest.mark.parametrize("first", [0, 1])
def test_two_judged_stops_hold_until_both_are_overturned(
    now: datetime, site: int, staff_id: int, first: int
) -> None:
    contact = subscriber(now, site)
    texts = [arrive(WISH, now), arrive("please stop texting me", later(now))]

    assert overturn(texts[first], staff_id, later(now, 2)) == judged.Reviewed(restored=0)
    assert not may_be_texted(contact, site)
    assert suppressions() != set()
    assert overturn(texts[1 - first], staff_id, later(now, 3)) == judged.Reviewed(restored=2)

    assert may_be_texted(contact, site)
    assert suppressions() == set()


def test_one_that_start_has_undone_holds_nothing(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    arrive(WISH, now)
    arrive("START", later(now))
    text = arrive("please stop texting me", later(now, 2))

    assert overturn(text, staff_id, later(now, 3)) == judged.Reviewed(restored=2)
    assert may_be_texted(contact, site)


def test_a_judged_stop_to_another_sender_holds_its_own_sites_only(
    now: datetime, site: int, staff_id: int
) -> None:
    other = another_site("other.example", sender_address="+447700900888")
    contact = subscriber(now, site, other)
    text = arrive(WISH, now)
    arrive("please stop texting me", later(now), to="+447700900888")

    overturn(text, staff_id, later(now, 2))

    assert may_be_texted(contact, site)
    assert not may_be_texted(contact, other)
    assert suppressions() == {("sender", "default:+447700900888", "stop_phrase")}


def test_while_a_later_text_is_not_read_nothing_is_opened(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)
    arrive("hm", later(now), is_read=False)

    with pytest.raises(TextsWait):
        overturn(text, staff_id, later(now, 2))

    assert not may_be_texted(contact, site)
    assert StopReview.objects.count() == 0
    text.refresh_from_db()
    assert text.verdict == "stop"


def test_what_waited_stays_cancelled(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    queue(contact, site, now, "enr:1:1")
    text = arrive(WISH, now)

    overturn(text, staff_id, later(now))

    assert Message.objects.get(key="enr:1:1").state == "cancelled"


def test_a_reply_becomes_a_stop_that_start_can_undo(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    queue(contact, site, now, "enr:1:1")
    text = arrive("I have had it with you", now)
    assert text.verdict == "reply"

    found = judged.a_stop(text.pk, reason=REASON, staff_user_id=staff_id, now=later(now))
    again = judged.a_stop(text.pk, reason=REASON, staff_user_id=staff_id, now=later(now))

    assert (found, again) == (judged.Reviewed(restored=1), None)
    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}
    assert not may_be_texted(contact, site)
    assert Message.objects.get(key="enr:1:1").state == "cancelled"
    record = ConsentRecord.objects.get(granted=False)
    assert (record.method, record.wording, record.staff_user_id) == ("keyword", text.text, staff_id)
    assert overturn(text, staff_id, later(now, 2)) is None
    arrive("START", later(now, 3))
    assert may_be_texted(contact, site)


def test_a_judged_stop_that_was_one_is_beyond_doubt(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)

    judged.a_stop(text.pk, reason=REASON, staff_user_id=staff_id, now=later(now))

    assert overturn(text, staff_id, later(now, 2)) is None
    assert suppressions() == {("sender", f"default:{SENDER}", "stop_keyword")}
    assert not may_be_texted(contact, site)


def test_one_that_was_overturned_by_mistake_is_a_stop_after_all(
    now: datetime, site: int, staff_id: int
) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)
    overturn(text, staff_id, later(now))

    judged.a_stop(text.pk, reason=REASON, staff_user_id=staff_id, now=later(now, 2))

    assert not may_be_texted(contact, site)
    assert list(StopReview.objects.order_by("pk").values_list("decision", flat=True)) == [
        "not_a_stop",
        "a_stop",
    ]


def test_a_text_whose_number_is_forgotten_changes_nothing(now: datetime, site: int, staff_id: int) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)
    InboundText.objects.update(from_number="", text="")

    assert overturn(text, staff_id, later(now)) is None
    assert not may_be_texted(contact, site)


def test_of_somebody_who_was_merged_since_only_the_number_is_opened(
    now: datetime, site: int, staff_id: int
) -> None:
    contact = subscriber(now, site)
    text = arrive(WISH, now)
    other = Contact.objects.create(created_at=now, changed_at=now)
    grant(other, site, now)
    Contact.objects.filter(pk=contact.pk).update(merged_into=other, active_phone=None)

    overturn(text, staff_id, later(now))

    assert suppressions() == set()
    assert may_be_texted(other, site)  # by their own word, as before
    assert not may_be_texted(contact, site)
    assert not ConsentRecord.objects.filter(granted=True, method="staff").exists()
