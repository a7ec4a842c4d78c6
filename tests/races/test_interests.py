"""What somebody has shown, computed in the moment in which it is forgotten, they are erased, or they do something more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from wagtail.models import Site

from tests.races.door import PATIENCE_SECONDS, Door, goes_second, needs_row_locks
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import EventTally
from wagtail_drip.events.types import EventDraft
from wagtail_drip.privacy import erase
from wagtail_drip.stores import interest_actions, interest_inferring
from wagtail_drip.stores.interest_models import InferredInterest, Interest

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]


@pytest.fixture
def ada(now: datetime) -> Contact:
    """Somebody who has bought coffee, and at whom nobody has looked yet."""
    Interest.objects.create(name="Coffee", words="coffee")
    contact = Contact.objects.create(created_at=now, changed_at=now)
    buys(contact, "1", now)
    return contact


@pytest.fixture
def before_writing(monkeypatch: pytest.MonkeyPatch) -> Door:
    """Where a pass has read what somebody did, and has written nothing."""
    door, write = Door(), interest_inferring._write

    def knock_then_write(*args: Any, **kwargs: Any) -> None:
        door.knock()
        write(*args, **kwargs)

    monkeypatch.setattr(interest_inferring, "_write", knock_then_write)
    return door


def buys(contact: Contact, key: str, now: datetime, category: str = "Coffee") -> None:
    events.record_events(
        [
            EventDraft(
                name="order_placed",
                key=key,
                store="paper",
                site_id=Site.objects.values_list("pk", flat=True)[0],
                contact_id=contact.pk,
                source="signal",
                occurred_at=now,
                recorded_at=now,
                properties={"category": category},
            )
        ]
    )


def test_forgetting_waits_for_a_look_and_forgets_what_it_found(
    ada: Contact, elsewhere: Run, before_writing: Door, now: datetime
) -> None:
    looking = elsewhere(interest_inferring.infer_due, now=now)
    before_writing.await_knock()

    goes_second(
        elsewhere(claims.retried, lambda: interest_actions.forget_inferred(ada.pk, now=now)),
        behind=looking,
        at=before_writing,
    )

    assert not InferredInterest.objects.exists()


def test_erasing_waits_for_a_look_and_takes_what_it_found(
    ada: Contact, elsewhere: Run, before_writing: Door, now: datetime
) -> None:
    looking = elsewhere(interest_inferring.infer_due, now=now)
    before_writing.await_knock()

    goes_second(elsewhere(erase.begin, ada.pk, now=now, by="test"), behind=looking, at=before_writing)
    while erase.erase_due(now=now):
        pass
    interest_inferring.infer_due(now=now)

    assert not InferredInterest.objects.exists()


@needs_row_locks
def test_a_look_that_takes_no_lock_writes_what_was_forgotten(
    ada: Contact, elsewhere: Run, before_writing: Door, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant. It must leak, or the tests above prove nothing about the lock."""
    monkeypatch.setattr(claims, "free", lambda rows: rows)
    looking = elsewhere(interest_inferring.infer_due, now=now)
    before_writing.await_knock()

    interest_actions.forget_inferred(ada.pk, now=now)
    before_writing.open()
    looking.result(PATIENCE_SECONDS)

    assert InferredInterest.objects.exists()


@needs_row_locks
def test_who_is_held_is_looked_at_later_and_nobody_waits(ada: Contact, elsewhere: Run, now: datetime) -> None:
    with transaction.atomic():
        claims.lock_in_order(Contact.objects.filter(pk=ada.pk))
        elsewhere(interest_inferring.infer_due, now=now).result(PATIENCE_SECONDS)
        assert not InferredInterest.objects.exists()

    assert interest_inferring.infer_due(now=now) == 1
    assert InferredInterest.objects.exists()


def test_what_they_do_in_that_moment_is_looked_at_by_the_next(
    ada: Contact, elsewhere: Run, before_writing: Door, now: datetime
) -> None:
    tea = Interest.objects.create(name="Tea", words="tea")
    looking = elsewhere(interest_inferring.infer_due, now=now)
    before_writing.await_knock()

    goes_second(elsewhere(buys, ada, "2", now, "Tea"), behind=looking, at=before_writing)
    assert EventTally.objects.get(contact=ada).interest_due_at is not None
    interest_inferring.infer_due(now=now)

    assert InferredInterest.objects.filter(interest=tea).exists()
