"""Two contacts become one person: every no of either holds, no yes wanders, and it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from wagtail.models import ModelLogEntry

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.integration.privacy.two import (
    MINUTE,
    NEW,
    OLD,
    Customer,
    fresh,
    go_on,
    is_whole,
    marketing,
    says,
    two,
)
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, opt_in_actions, querysets, tags
from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import keys
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import complaints, sign_ups
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import erase, merge

__all__ = ["_empty_gateway", "customer", "open_site", "queued", "two"]

pytestmark = pytest.mark.django_db


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
