from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from wagtail_drip.contacts.models import Contact
from wagtail_drip.events import actions
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.events.types import BACKFILL, EventDraft


def draft(key, *, site_id, now, **fields):
    return EventDraft(
        **{
            "name": "order_placed",
            "key": key,
            "store": "site",
            "site_id": site_id,
            "contact_id": None,
            "source": "api",
            "occurred_at": now - timedelta(days=1),
            "recorded_at": now,
            **fields,
        }
    )


@pytest.mark.django_db
def test_a_notice_is_due_at_once_unless_said_otherwise(now):
    actions.write_notice(store="site", kind="opted_in", key="a", now=now)
    actions.write_notice(store="site", kind="opted_in", key="b", now=now, due_at=now + timedelta(hours=1))

    assert dict(Notice.objects.values_list("key", "due_at")) == {"a": now, "b": now + timedelta(hours=1)}


@pytest.mark.django_db
def test_a_repeated_notice_changes_nothing(now):
    actions.write_notice(store="site", kind="opted_in", key="a", now=now, envelope={"event": "opted_in"})
    actions.finish_notices(list(Notice.objects.values_list("pk", flat=True)))

    actions.write_notice(store="site", kind="opted_out", key="a", now=now)

    notice = Notice.objects.get()
    assert (notice.kind, notice.due_at) == ("opted_in", None)


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_fails_leaves_the_callers_transaction_usable(now):
    with transaction.atomic():
        Contact.objects.create(created_at=now, changed_at=now)
        with pytest.raises(IntegrityError):
            actions.write_notice(store="site", kind=None, key="a", now=now)
        Contact.objects.create(created_at=now, changed_at=now)

    assert Contact.objects.count() == 2
    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_notice_goes_with_the_callers_transaction(now):
    with transaction.atomic():
        actions.write_notice(store="site", kind="opted_in", key="a", now=now)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()
    assert not connection.in_atomic_block


def test_an_event_of_somebody_waits_to_be_matched_and_history_does_not(site_id, now):
    contact = Contact.objects.create(created_at=now, changed_at=now)

    actions.record_events(
        [
            draft("theirs", site_id=site_id, now=now, contact_id=contact.pk),
            draft("nobodys", site_id=site_id, now=now),
            draft("history", site_id=site_id, now=now, contact_id=contact.pk, source=BACKFILL),
        ]
    )

    assert dict(Event.objects.values_list("key", "match_due_at")) == {
        "theirs": now,
        "nobodys": None,
        "history": None,
    }


def test_an_event_recorded_again_is_the_one_that_was_there(site_id, now):
    first = actions.record_event(draft("a", site_id=site_id, now=now, properties={"order_id": "1"}))

    again = actions.record_event(draft("a", site_id=site_id, now=now, properties={"order_id": "2"}))

    assert again.pk == first.pk
    assert again.properties == {"order_id": "1"}
