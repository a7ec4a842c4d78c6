"""A merge that is undone puts back what nobody has changed since, and opens nothing that anybody closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.integration.privacy.two import MINUTE, NEW, OLD, Customer, fresh, is_whole, marketing, says, two
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, tags
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.contacts.types import ConsentMethod, Identity
from wagtail_drip.core import keys
from wagtail_drip.gateways import memory
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import complaints, senders
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.privacy import erase, merge, retention

__all__ = ["_empty_gateway", "customer", "open_site", "queued", "two"]

pytestmark = pytest.mark.django_db


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
