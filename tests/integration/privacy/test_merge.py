"""Two contacts become one person: every no of either holds, no yes wanders, and it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, opt_in_actions, projection, querysets, sealing, tags
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, OptInRequest
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import keys
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.events.models import Event
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import complaints, senders, sign_ups
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import erase, merge, retention
from wagtail_drip.segments import actions as segments
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.segments.refresh import refresh_due
from wagtail_drip.stores.models import Purchase, PurchaseTally, SpendTally
from wagtail_drip.test.sequences import live_sequence

__all__ = ["_empty_gateway", "customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
OLD, NEW = "+447400123456", "+447400123457"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def two(customer: Customer) -> tuple[Contact, Contact]:
    """The contact that is merged away, and the one who stays; both have agreed to everything."""
    return customer(OLD), customer(NEW)


def fresh(contact: Contact) -> Contact:
    return Contact.objects.get(pk=contact.pk)


def marketing(contact: Contact, site_id: int) -> bool | None:
    held = querysets.permissions([contact.pk], [site_id])
    return held.get((contact.pk, site_id, "marketing", "sms", ""))


def says(word: str, number: str, site_id: int, now: datetime) -> bool:
    act = inbox.stop if word == "STOP" else inbox.start
    return act(
        number=number, reach=senders.reach_of_site(site_id), source="sms:default:+1", wording=word, now=now
    )


def is_whole(*people: Contact) -> bool:
    ids = [each.pk for each in people]
    return not projection.differences(ids) and not list(sealing.faults(ids))


def test_one_speaks_for_both_and_knows_what_either_knew(two: tuple[Contact, Contact], now: datetime) -> None:
    merged, stays = two
    changes = {
        merged.pk: {
            "last_name": "Lovelace",
            "email": "ada@example.com",
            "attributes": {"size": "M", "pet": "cat"},
        },
        stays.pk: {"first_name": "A.", "attributes": {"size": "L"}},
    }
    contacts.update_contacts(changes, now=now)
    tags.change_tags(add=[(merged.pk, "vip"), (merged.pk, "tea"), (stays.pk, "tea")], now=now)

    merge.merge(merged.pk, into=stays.pk, now=now)

    person = fresh(stays)
    assert (person.first_name, person.last_name, person.email) == ("A.", "Lovelace", "ada@example.com")
    assert person.attributes == {"size": "L", "pet": "cat"}
    assert querysets.tags([stays.pk]) == {stays.pk: {"vip", "tea"}}
    assert (fresh(merged).merged_into_id, fresh(merged).active_phone, person.active_phone) == (
        stays.pk,
        None,
        NEW,
    )
    assert querysets.resolve_merged([merged.pk]) == {merged.pk: stays.pk}
    assert ModelLogEntry.objects.filter(action="wagtail_drip.merge_contact", object_id=stays.pk).count() == 1


@pytest.mark.parametrize("refuser", ["merged", "stays"])
def test_a_no_of_either_holds_for_both(
    refuser: str, two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    who = merged if refuser == "merged" else stays
    contacts.withdraw_marketing(
        contact_ids=[who.pk], site_ids=[open_site], source="page", method=ConsentMethod.PAGE, now=now
    )

    merge.merge(merged.pk, into=stays.pk, now=now)

    assert marketing(stays, open_site) is False
    assert is_whole(merged, stays)


def test_a_yes_of_the_other_number_is_none_of_this_one(
    customer: Customer, open_site: int, now: datetime
) -> None:
    merged, stays = customer(OLD), customer(NEW, marketing=False)

    merge.merge(merged.pk, into=stays.pk, now=now)

    assert marketing(stays, open_site) is None
    assert not ConsentRecord.objects.filter(contact=stays, source__startswith="merge").exists()


def test_a_no_to_one_topic_and_to_news_of_orders_is_carried_over_alone(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    for group, topic in ((PurposeGroup.MARKETING, "shoes"), (PurposeGroup.TRANSACTIONAL, "")):
        no = Consent(group=group, granted=False, source="x", method=ConsentMethod.STAFF, topic=topic)
        contacts.record_consent(contact_id=merged.pk, site_id=open_site, consent=no, now=now)

    merge.merge(merged.pk, into=stays.pk, now=now)

    held = querysets.permissions([stays.pk], [open_site])
    assert {key[2:]: granted for key, granted in held.items()} == {
        ("marketing", "sms", ""): True,
        ("marketing", "sms", "shoes"): False,
        ("transactional", "sms", ""): False,
    }


def test_a_stop_to_the_old_number_suppresses_the_new_one_until_they_start_again(
    two: tuple[Contact, Contact], open_site: int, queued: Callable[..., Message], now: datetime
) -> None:
    merged, stays = two
    says("STOP", OLD, open_site, now)

    merge.merge(merged.pk, into=stays.pk, now=now)
    queued(stays)
    send_due(now=now)

    assert memory.outbox == []
    assert Suppression.objects.filter(number_hash=keys.number_hash(NEW), lifted_at=None).exists()
    says("START", NEW, open_site, now + MINUTE)
    assert marketing(stays, open_site) is True
    queued(stays)
    send_due(now=now + MINUTE)
    assert [sms.to for sms in memory.outbox] == [NEW]


def test_no_start_opens_what_they_complained_of_under_the_other_number(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    says("STOP", OLD, open_site, now)
    complaints.note(contact_id=merged.pk, source="person", reason="No!", now=now + MINUTE)

    merge.merge(merged.pk, into=stays.pk, now=now + 2 * MINUTE)
    says("START", NEW, open_site, now + 3 * MINUTE)

    assert marketing(stays, open_site) is False


@pytest.mark.parametrize("has_stopped", [False, True])
def test_after_a_complaint_of_either_no_list_opens_anything_not_even_once_it_is_undone(
    has_stopped: bool, two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    if has_stopped:
        says("STOP", OLD, open_site, now)
    complaints.note(contact_id=merged.pk, source="person", reason="No!", now=now + MINUTE)
    done = merge.merge(merged.pk, into=stays.pk, now=now + 2 * MINUTE)

    def imported(minutes: int) -> bool | None:
        yes = Consent(group=PurposeGroup.MARKETING, granted=True, source="list", method=ConsentMethod.IMPORT)
        contacts.record_consent(
            contact_id=stays.pk, site_id=open_site, consent=yes, now=now + minutes * MINUTE
        )
        return marketing(stays, open_site)

    assert imported(3) is False
    merge.undo(done.pk, now=now + 4 * MINUTE)
    assert imported(5) is False
    twice = Consent(
        group=PurposeGroup.MARKETING, granted=True, source="form", method=ConsentMethod.DOUBLE_OPT_IN
    )
    contacts.record_consent(contact_id=stays.pk, site_id=open_site, consent=twice, now=now + 6 * MINUTE)
    assert (marketing(stays, open_site), marketing(merged, open_site)) == (True, False)
    assert is_whole(merged, stays)


def test_a_number_that_does_not_work_says_nothing_of_the_other(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    from wagtail_drip.compliance import actions as compliance

    merged, stays = two
    compliance.suppress(phone=OLD, scope="all", reason="bad_number", source="receipts", now=now)

    merge.merge(merged.pk, into=stays.pk, now=now)

    assert not Suppression.objects.filter(number_hash=keys.number_hash(NEW)).exists()


def test_a_stop_from_the_number_that_was_merged_away_is_the_persons(
    two: tuple[Contact, Contact], open_site: int, queued: Callable[..., Message], now: datetime
) -> None:
    merged, stays = two
    merge.merge(merged.pk, into=stays.pk, now=now)
    waiting = queued(stays)

    assert says("STOP", OLD, open_site, now)

    waiting.refresh_from_db()
    assert (marketing(stays, open_site), waiting.state) == (False, "cancelled")
    # And a START from there opens nothing: whose number it is by now, nobody knows.
    says("START", OLD, open_site, now + MINUTE)
    assert marketing(stays, open_site) is False


def test_the_stricter_wish_holds(two: tuple[Contact, Contact], now: datetime) -> None:
    merged, stays = two
    later = now + timedelta(days=3)
    Contact.objects.filter(pk=merged.pk).update(
        most_per_week=1, paused_until=later, not_before_hour=10, not_after_hour=20, objected_at=now
    )
    Contact.objects.filter(pk=stays.pk).update(most_per_week=3, most_per_month=4, not_before_hour=8)

    merge.merge(merged.pk, into=stays.pk, now=now)

    person = fresh(stays)
    assert (person.most_per_week, person.most_per_month, person.paused_until) == (1, 4, later)
    assert (person.not_before_hour, person.not_after_hour, person.objected_at) == (10, 20, now)


def test_wishes_that_leave_no_hour_are_those_of_who_stays(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    Contact.objects.filter(pk=merged.pk).update(not_after_hour=12)
    Contact.objects.filter(pk=stays.pk).update(not_before_hour=14)

    merge.merge(merged.pk, into=stays.pk, now=now)

    assert (fresh(stays).not_before_hour, fresh(stays).not_after_hour) == (14, None)


def story() -> Any:
    return live_sequence(
        steps=[
            ("send_message", {"text": "One"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Two"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"text": "Three"}),
        ],
        reentry="never",
    )


def go_on(now: datetime) -> None:
    while run_due(now=now) + send_due(now=now):
        pass


@pytest.mark.parametrize("further", ["merged", "stays"])
def test_of_two_runs_the_further_one_goes_on_and_nothing_comes_twice(
    further: str, two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    first, second = (merged, stays) if further == "merged" else (stays, merged)
    day = timedelta(days=1)
    enrolments.enrol(contact_ids=[first.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)
    go_on(now + day)
    enrolments.enrol(contact_ids=[second.pk], sequence_id=sequence.pk, site_id=open_site, now=now + day)
    go_on(now + day)
    memory.reset()

    merge.merge(merged.pk, into=stays.pk, now=now + day)
    for days in range(1, 6):
        go_on(now + days * day)

    ends = dict(Enrolment.objects.values_list("contact_id", "exit_reason"))
    assert ends == {first.pk: "", second.pk: "merged"}
    assert [(sms.to, sms.text) for sms in memory.outbox] == [(NEW, "Three")]
    # Whoever was in it by either contact has been in it.
    again = enrolments.enrol(
        contact_ids=[stays.pk], sequence_id=sequence.pk, site_id=open_site, now=now + 9 * day, key="again"
    )
    assert again is not None
    assert again.entered == []


def test_what_the_run_that_ended_had_sent_is_passed_over(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    """The run that stays stands before a step whose text the other one had sent already: by another path."""
    merged, stays = two
    sequence = story()
    for each in two:
        enrolments.enrol(contact_ids=[each.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)
    go_on(now + timedelta(days=1))
    theirs = Enrolment.objects.get(contact=merged)
    texts = Message.objects.filter(enrolment_id=theirs.pk).order_by("pk")
    # As after a jump: the merged one has sent its second text, and came to fewer steps.
    Enrolment.objects.filter(pk=theirs.pk).update(visit=1)
    own = Enrolment.objects.get(contact=stays)
    own.visits.filter(step_id=texts[1].step_id).delete()

    merge.merge(merged.pk, into=stays.pk, now=now + timedelta(days=1))

    own.refresh_from_db()
    assert own.skips == texts[1].step_id


def test_runs_of_other_sequences_go_on_and_text_who_stays(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    enrolments.enrol(contact_ids=[merged.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    go_on(now)

    merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)
    go_on(now + timedelta(days=1))

    assert [(sms.to, sms.text) for sms in memory.outbox] == [(OLD, "One"), (NEW, "Two")]


def test_who_is_inside_by_the_one_does_not_enter_by_the_other(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    sequence = story()
    enrolments.enrol(contact_ids=[merged.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
    merge.merge(merged.pk, into=stays.pk, now=now)

    again = enrolments.enrol(contact_ids=[stays.pk], sequence_id=sequence.pk, site_id=open_site, now=now)

    assert again is not None
    assert (again.entered, list(again.refused.values())) == ([], ["inside"])


def test_orders_of_both_are_counted_for_who_stays_and_apart_again_after(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    for number, whose in enumerate(two):
        Purchase.objects.create(
            store="oscar", order_id=str(number), contact=whose, site_id=open_site, total=10 + number,
            currency="GBP", placed_at=now, recorded_at=now,
        )  # fmt: skip

    done = merge.merge(merged.pk, into=stays.pk, now=now)
    together = dict(SpendTally.objects.values_list("contact_id", "spent"))
    merge.undo(done.pk, now=now)

    assert together == {stays.pk: Decimal(21)}
    assert dict(SpendTally.objects.values_list("contact_id", "spent")) == {merged.pk: 10, stays.pk: 11}
    assert dict(PurchaseTally.objects.values_list("contact_id", "n")) == {merged.pk: 1, stays.pk: 1}


def vips() -> tuple[Segment, Segment]:
    """Those who are tagged, and those who have bought twice or more."""
    tagged = Segment(name="VIPs", match="all", rules=[("tag", {"tag": "vip"})])
    bought = Segment(name="Buyers", match="all", rules=[("tag", {"tag": "buyer"})])
    for segment in (tagged, bought):
        segment.save()
    return tagged, bought


def count(now: datetime) -> None:
    Segment.objects.update(refresh_due_at=now)
    refresh_due(now=now)


def members(segment: Segment) -> list[int]:
    return sorted(
        SegmentMembership.objects.filter(segment=segment, current=1).values_list("contact_id", flat=True)
    )


def test_they_are_in_the_segments_of_either_and_nobody_enters_or_leaves_by_it(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    tagged, bought = vips()
    count(now)
    tags.change_tags(add=[(merged.pk, "vip"), (merged.pk, "buyer"), (stays.pk, "buyer")], now=now)
    count(now + MINUTE)
    Event.objects.all().delete()

    done = merge.merge(merged.pk, into=stays.pk, now=now + 2 * MINUTE)
    assert (members(tagged), members(bought)) == ([stays.pk], [stays.pk])
    count(now + 3 * MINUTE)
    assert (members(tagged), members(bought)) == ([stays.pk], [stays.pk])
    merge.undo(done.pk, now=now + 4 * MINUTE)
    count(now + 5 * MINUTE)

    assert (members(tagged), members(bought)) == ([merged.pk], sorted([merged.pk, stays.pk]))
    assert not Event.objects.exists()


def test_who_is_counted_while_they_are_merged_leaves_without_an_event(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    """A count that had read them before the merge puts them in after it; the next one takes them out."""
    merged, stays = two
    tagged, _ = vips()
    count(now)
    merge.merge(merged.pk, into=stays.pk, now=now)
    segments.enter(tagged, [merged.pk], site_id=None, now=now)
    assert members(tagged) == []  # nobody enters who was merged meanwhile
    SegmentMembership.objects.create(segment=tagged, contact=merged, entered_at=now)
    Event.objects.all().delete()

    count(now + MINUTE)

    assert members(tagged) == []
    assert not Event.objects.exists()


def test_the_account_that_was_merged_keeps_meaning_the_person_and_a_stranger_does_not(
    open_site: int, now: datetime
) -> None:
    account = Identity(store="oscar", user_id="7", phone=OLD)
    merged = contacts.identify(account, now=now)
    stays = contacts.identify(Identity(store="oscar", user_id="8", phone=NEW), now=now)
    merge.merge(merged.pk, into=stays.pk, now=now)

    assert contacts.identify(account, now=now).pk == stays.pk
    # The number alone may be somebody else's by now, who begins anew.
    stranger = contacts.identify(Identity(phone=OLD), now=now)
    assert stranger.pk not in (merged.pk, stays.pk)
    assert querysets.permissions([stranger.pk], [open_site]) == {}


def test_what_they_were_asked_and_have_not_answered_is_taken_back(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    asked = opt_in_actions.Asked(
        group=PurposeGroup.MARKETING, topic="shoes", is_double=True, source="form", wording="Yes?"
    )
    sign_ups.sign_up(number=OLD, site_id=open_site, asked=asked, now=now)
    request = OptInRequest.objects.get()

    merge.merge(merged.pk, into=stays.pk, now=now)
    go_on(now)

    assert memory.outbox == []
    assert not sign_ups.confirm_by_page(request.token, now=now)
    assert (
        querysets.permissions([stays.pk], [open_site]).get((stays.pk, open_site, "marketing", "sms", "shoes"))
        is None
    )


@pytest.mark.parametrize("reason", ["same", "gone", "erased", "number"])
def test_what_cannot_be_merged_is_refused_and_changes_nothing(
    reason: str, two: tuple[Contact, Contact], customer: Customer, now: datetime
) -> None:
    merged, stays = two
    into = merged.pk if reason == "same" else stays.pk
    if reason == "gone":
        merge.merge(stays.pk, into=customer("+447400123458").pk, now=now)
    elif reason == "erased":
        erase.begin(stays.pk, now=now)
    elif reason == "number":
        into = contacts.identify(Identity(email="ada@example.com"), now=now).pk
    before = list(Contact.objects.order_by("pk").values())

    with pytest.raises(merging.CannotMerge) as refused:
        merge.merge(merged.pk, into=into, now=now)

    assert refused.value.reason == {"erased": "gone"}.get(reason, reason)
    assert list(Contact.objects.order_by("pk").values()) == before


def test_undone_it_is_as_if_it_had_not_been(
    two: tuple[Contact, Contact], open_site: int, queued: Callable[..., Message], now: datetime
) -> None:
    merged, stays = two
    contacts.update_contacts(
        {merged.pk: {"last_name": "Lovelace", "attributes": {"birthday": "1815-12-10"}}}, now=now
    )
    tags.change_tags(add=[(merged.pk, "vip")], now=now)
    Contact.objects.filter(pk=merged.pk).update(most_per_week=1, paused_until=now)
    says("STOP", OLD, open_site, now)
    columns = [column.name for column in Contact._meta.concrete_fields if column.name != "changed_at"]
    before = list(Contact.objects.order_by("pk").values(*columns))

    done = merge.merge(merged.pk, into=stays.pk, now=now)
    has_number = merge.undo(done.pk, now=now + MINUTE)

    assert has_number
    assert list(Contact.objects.order_by("pk").values(*columns)) == before
    assert not ContactTag.objects.filter(contact=stays).exists()
    assert (marketing(merged, open_site), marketing(stays, open_site)) == (False, True)
    assert is_whole(merged, stays)
    queued(stays)
    queued(merged)
    send_due(now=now + MINUTE)
    assert [sms.to for sms in memory.outbox] == [NEW]
    with pytest.raises(merging.CannotUndo, match="already"):
        merge.undo(done.pk, now=now)


def test_undoing_leaves_what_was_changed_since(two: tuple[Contact, Contact], now: datetime) -> None:
    merged, stays = two
    contacts.update_contacts({merged.pk: {"last_name": "Lovelace", "attributes": {"size": "M"}}}, now=now)
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    contacts.update_contacts({stays.pk: {"last_name": "King", "attributes": {"size": "L"}}}, now=now)

    merge.undo(done.pk, now=now + MINUTE)

    assert (fresh(stays).last_name, fresh(stays).attributes) == ("King", {"size": "L"})
    assert (fresh(merged).last_name, fresh(merged).attributes) == ("Lovelace", {"size": "M"})


def test_a_stop_between_merge_and_undo_stays_for_both(
    two: tuple[Contact, Contact], open_site: int, queued: Callable[..., Message], now: datetime
) -> None:
    merged, stays = two
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    says("STOP", NEW, open_site, now + MINUTE)

    merge.undo(done.pk, now=now + 2 * MINUTE)

    assert (marketing(merged, open_site), marketing(stays, open_site)) == (False, False)
    queued(merged)
    queued(stays)
    send_due(now=now + 2 * MINUTE)
    assert memory.outbox == []
    assert is_whole(merged, stays)


def test_their_own_stop_is_stronger_than_the_one_that_was_carried_over(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    says("STOP", OLD, open_site, now)
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    says("STOP", NEW, open_site, now + MINUTE)

    merge.undo(done.pk, now=now + 2 * MINUTE)

    assert Suppression.objects.filter(number_hash=keys.number_hash(NEW), lifted_at=None).exists()


def test_a_complaint_between_merge_and_undo_closes_both(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    contacts.withdraw_marketing(
        contact_ids=[stays.pk], site_ids=[open_site], source="page", method=ConsentMethod.PAGE, now=now
    )
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    # Closed already: the complaint leaves no record of its own.
    complaints.note(contact_id=stays.pk, source="person", reason="No!", now=now + MINUTE)

    merge.undo(done.pk, now=now + 2 * MINUTE)

    assert (marketing(merged, open_site), marketing(stays, open_site)) == (False, False)


def judged_stop(number: str, site_id: int, now: datetime) -> None:
    """Ask to stop in words of their own: a judgement of ours, which staff may overturn."""
    inbox.stop(
        number=number, reach=senders.reach_of_site(site_id), source="sms:default:+1",
        wording="no more please", method=ConsentMethod.PHRASE, now=now,
    )  # fmt: skip


def overturned(contact: Contact, site_id: int, now: datetime) -> int:
    return contacts.restore_marketing(
        contact_ids=[contact.pk], site_ids=[site_id], withdrawn_by=[ConsentMethod.PHRASE],
        is_latest=True, source="staff:ada", method=ConsentMethod.STAFF, now=now,
    )  # fmt: skip


def test_a_judgement_that_is_overturned_opens_nothing_that_the_other_number_closed(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    judged_stop(NEW, open_site, now)
    says("STOP", OLD, open_site, now)
    merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)

    overturned(stays, open_site, now + 2 * MINUTE)

    assert marketing(stays, open_site) is False
    assert is_whole(merged, stays)


def test_a_judgement_from_before_a_merge_outlives_its_undoing(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    judged_stop(NEW, open_site, now)
    says("STOP", OLD, open_site, now)
    done = merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)

    merge.undo(done.pk, now=now + 2 * MINUTE)

    assert (marketing(merged, open_site), marketing(stays, open_site)) == (False, False)
    assert Suppression.objects.filter(number_hash=keys.number_hash(NEW), lifted_at=None).exists()


def test_a_judgement_does_not_weaken_what_was_carried_over(
    two: tuple[Contact, Contact], open_site: int, now: datetime
) -> None:
    merged, stays = two
    says("STOP", OLD, open_site, now)
    done = merge.merge(merged.pk, into=stays.pk, now=now + MINUTE)

    judged_stop(NEW, open_site, now + 2 * MINUTE)
    row = Suppression.objects.get(number_hash=keys.number_hash(NEW))
    assert row.reason == "stop_keyword"
    merge.undo(done.pk, now=now + 3 * MINUTE)

    row.refresh_from_db()
    assert row.lifted_at is None


def test_a_number_that_came_again_meanwhile_stays_where_it_is(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    stranger = contacts.identify(Identity(phone=OLD), now=now)

    assert merge.undo(done.pk, now=now) is False

    assert (fresh(merged).active_phone, fresh(stranger).active_phone) == (None, OLD)


def test_merges_of_merges_are_one_level_deep_and_undone_one_after_the_other(
    customer: Customer, now: datetime
) -> None:
    first, second, third = (customer(f"+44740012345{n}") for n in (6, 7, 8))
    one = merge.merge(first.pk, into=second.pk, now=now)
    two = merge.merge(second.pk, into=third.pk, now=now)

    heads = dict(Contact.objects.exclude(merged_into=None).values_list("pk", "merged_into_id"))
    assert heads == {first.pk: third.pk, second.pk: third.pk}
    with pytest.raises(merging.CannotUndo, match="later merge first"):
        merge.undo(one.pk, now=now)
    merge.undo(two.pk, now=now)
    assert fresh(first).merged_into_id == second.pk
    merge.undo(one.pk, now=now)
    assert not Contact.objects.exclude(merged_into=None).exists()


def test_after_a_month_it_cannot_be_undone_and_what_it_kept_is_forgotten(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    done = merge.merge(merged.pk, into=stays.pk, now=now)
    later = now + timedelta(days=30, minutes=1)

    with pytest.raises(merging.CannotUndo, match="too old"):
        merge.undo(done.pk, now=later)
    retention.forget(now=later)

    done = ContactMerge.objects.get()
    assert (done.changes, done.number) == ({}, OLD)


def test_who_is_erased_is_erased_with_whoever_was_merged_into_them(
    two: tuple[Contact, Contact], now: datetime
) -> None:
    merged, stays = two
    done = merge.merge(merged.pk, into=stays.pk, now=now)

    erase.begin(stays.pk, now=now)
    while erase.erase_due(now=now):
        pass

    done = ContactMerge.objects.get()
    assert (done.number, done.changes, fresh(merged).phone) == ("", {}, "")
    with pytest.raises(merging.CannotUndo, match="erased"):
        merge.undo(done.pk, now=now)


def test_a_merge_costs_the_same_however_much_hangs_on_it(
    customer: Customer, open_site: int, now: datetime
) -> None:
    costs = []
    for n in (1, 2, 12):  # the first one warms caches
        merged, stays = customer(f"+4474001234{n:02d}"), customer(f"+4474001235{n:02d}")
        tags.change_tags(add=[(merged.pk, f"tag{i}") for i in range(n)], now=now)
        for _ in range(n):
            sequence = live_sequence(steps=[("wait_duration", {"amount": 1, "unit": "days"})])
            for each in (merged, stays):
                enrolments.enrol(contact_ids=[each.pk], sequence_id=sequence.pk, site_id=open_site, now=now)
        with CaptureQueriesContext(connection) as asked:
            merge.merge(merged.pk, into=stays.pk, now=now)
        costs.append(len(asked))
    assert costs[1] == costs[2]
