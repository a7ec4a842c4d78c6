"""What people care about: as they say it and as they show it, kept apart, now and at a moment past."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.events.types import EventDraft
from wagtail_drip.privacy import erase, merge, own_data
from wagtail_drip.stores import interest_actions, interest_inferring, interests
from wagtail_drip.stores.interest_models import InferredInterest, Interest, InterestRules, StatedInterest
from wagtail_drip.stores.interest_signs import Fading

pytestmark = pytest.mark.django_db

KEYS = count()


@pytest.fixture
def coffee() -> Interest:
    return Interest.objects.create(name="Coffee", words="coffee\nespresso")


@pytest.fixture
def tea() -> Interest:
    return Interest.objects.create(name="Tea", words="tea")


def somebody(**fields: Any) -> Contact:
    now = clock.now()
    return Contact.objects.create(created_at=now, changed_at=now, **fields)


def did(
    contact: Contact,
    event: str = "order_placed",
    *,
    at: datetime | None = None,
    source: str = "signal",
    told_at: datetime | None = None,
    **properties: Any,
) -> None:
    at = at or clock.now()
    events.record_events(
        [
            EventDraft(
                name=event,
                key=f"sign-{next(KEYS)}",
                store="paper",
                site_id=Site.objects.get(is_default_site=True).pk,
                contact_id=contact.pk,
                source=source,
                occurred_at=at,
                recorded_at=told_at or at,
                properties=properties or {"category": "Coffee"},
            )
        ]
    )


def shown(*contacts: Contact, now: datetime | None = None, as_of: datetime | None = None) -> list[set[int]]:
    found = interests.of([each.pk for each in contacts], now=now or clock.now(), as_of=as_of)
    return [set(found[each.pk].inferred) if each.pk in found else set() for each in contacts]


def test_what_people_do_shows_an_interest_and_it_fades_by_itself(coffee: Interest, tea: Interest) -> None:
    ada, bo, cy = somebody(), somebody(), somebody()
    start = clock.now()
    did(ada, at=start)
    did(bo, "product_viewed", at=start, name="Espresso")
    for _ in range(2):
        did(cy, "link_clicked", at=start, url="https://shop.example/tea/")

    interest_inferring.infer_due(now=start)

    assert shown(ada, bo, cy, now=start) == [{coffee.pk}, set(), {tea.pk}]
    # An order is 5 points: after a half-life 2.5, which is under the 3 that count.
    assert shown(ada, now=start + timedelta(days=22)) == [{coffee.pk}]
    assert shown(ada, now=start + timedelta(days=23)) == [set()]


def test_signs_add_up(coffee: Interest) -> None:
    ada, start = somebody(), clock.now()
    for days in (2, 1):
        did(ada, "product_viewed", at=start - timedelta(days=days), name="Coffee")
        interest_inferring.infer_due(now=start)
    assert shown(ada, now=start) == [set()]

    did(ada, "product_added_to_cart", at=start, name="Espresso")
    done = interest_inferring.infer_due(now=start)

    assert (done, shown(ada, now=start)) == (1, [{coffee.pk}])
    assert interest_inferring.infer_due(now=start) == 0


def test_the_strongest_stands_first(coffee: Interest, tea: Interest) -> None:
    ada, start = somebody(), clock.now()
    did(ada, at=start - timedelta(days=5), category="Coffee")
    did(ada, at=start, category="Tea")

    interest_inferring.infer_due(now=start)

    assert tuple(interests.of([ada.pk], now=start)[ada.pk].inferred) == (tea.pk, coffee.pk)


def test_what_is_told_long_afterwards_counts_from_when_it_happened(coffee: Interest) -> None:
    ada, bo, start = somebody(), somebody(), clock.now()
    did(ada, at=start - timedelta(days=60), told_at=start, source="backfill")
    did(bo, at=start - timedelta(days=5), told_at=start, source="backfill")

    interest_inferring.infer_due(now=start)

    assert shown(ada, bo, now=start) == [set(), {coffee.pk}]


def test_other_words_and_other_limits_have_everybody_looked_at_anew(coffee: Interest) -> None:
    ada, start = somebody(), clock.now()
    did(ada, at=start, name="Moka pot")
    interest_inferring.infer_due(now=start)
    assert shown(ada, now=start) == [set()]

    Interest.objects.filter(pk=coffee.pk).update(words="moka")
    interest_actions.recount()
    while interest_inferring.infer_due(now=start):
        pass
    assert shown(ada, now=start) == [{coffee.pk}]

    interest_actions.change_fading(Fading(half_life_days=30, least_points=6))
    while interest_inferring.infer_due(now=start):
        pass
    assert shown(ada, now=start) == [set()]
    assert InterestRules.objects.get().recount_from is None


def test_the_first_interest_of_a_shop_is_found_in_what_people_did_before(coffee: Interest) -> None:
    coffee.delete()
    ada, start = somebody(), clock.now()
    did(ada, at=start)
    assert interest_inferring.infer_due(now=start) == 0

    coffee = Interest.objects.create(name="Coffee", words="coffee")
    interest_inferring.infer_due(now=start)

    assert shown(ada, now=start) == [{coffee.pk}]


def test_the_past_can_be_asked(coffee: Interest) -> None:
    ada, start = somebody(), clock.now() - timedelta(days=100)
    did(ada, at=start)
    did(ada, at=start + timedelta(days=10), told_at=start + timedelta(days=60), source="backfill")
    interest_actions.state(
        ada.pk, {coffee.pk: True}, site_id=1, source="staff", now=start + timedelta(days=1)
    )
    interest_actions.state(
        ada.pk, {coffee.pk: False}, site_id=1, source="staff", now=start + timedelta(days=5)
    )

    def asked(days: float) -> tuple[bool, bool]:
        moment = start + timedelta(days=days)
        found = interests.of([ada.pk], now=clock.now(), as_of=moment).get(ada.pk, interests.Interests())
        return bool(found.stated), bool(found.inferred)

    assert asked(-1) == (False, False)
    assert asked(0.5) == (False, True)
    assert asked(2) == (True, True)
    assert asked(6) == (False, True)
    assert asked(22) == (False, True)
    # What happened on the tenth day was told on the sixtieth: on the 23rd nobody knew of it.
    assert asked(23) == (False, False)


def test_what_they_say_is_kept_with_its_moments_and_is_an_event(coffee: Interest, tea: Interest) -> None:
    ada, now = somebody(), clock.now()
    site_id = Site.objects.get(is_default_site=True).pk

    new = interest_actions.state(
        ada.pk, {coffee.pk: True, tea.pk: False}, site_id=site_id, source="page:preferences", now=now
    )
    again = interest_actions.state(ada.pk, {coffee.pk: True}, site_id=site_id, source="staff", now=now)

    assert (new, again) == ({coffee.pk: True}, {})
    assert interests.of([ada.pk], now=now)[ada.pk] == interests.Interests(stated=(coffee.pk,))
    assert [
        (event.contact_id, event.properties) for event in Event.objects.filter(name="interest_stated")
    ] == [(ada.pk, {"interest_id": coffee.pk, "interest": "Coffee", "source": "page:preferences"})]
    assert list(StatedInterest.objects.values_list("source", "current")) == [("page:preferences", 1)]


def test_an_unknown_interest_is_refused_by_its_name(coffee: Interest) -> None:
    assert interest_actions.ids_of([" COFFEE"]) == {" COFFEE": coffee.pk}

    with pytest.raises(interest_actions.UnknownInterest, match="'Cofee'"):
        interest_actions.ids_of(["Coffee", "Cofee"])


def test_two_who_are_one_have_the_interests_of_both_until_they_part(coffee: Interest, tea: Interest) -> None:
    ada, other, start = somebody(), somebody(), clock.now()
    for contact in (ada, other):
        did(contact, "link_clicked", at=start, url="https://shop.example/coffee/")
    interest_actions.state(other.pk, {tea.pk: True}, site_id=1, source="staff", now=start)
    interest_inferring.infer_due(now=start)
    assert shown(ada, other, now=start) == [set(), set()]

    done = merge.merge(other.pk, into=ada.pk, now=start)
    interest_inferring.infer_due(now=start)
    both = interests.of([ada.pk], now=start)[ada.pk]
    assert (both.stated, tuple(both.inferred)) == ((tea.pk,), (coffee.pk,))
    assert list(InferredInterest.objects.values_list("contact_id", flat=True)) == [ada.pk]

    merge.undo(done.pk, now=start)
    interest_inferring.infer_due(now=start)
    assert shown(ada, other, now=start) == [set(), set()]
    assert interests.of([ada.pk, other.pk], now=start) == {other.pk: interests.Interests(stated=(tea.pk,))}


def test_who_said_it_before_they_were_merged_can_take_it_back(coffee: Interest) -> None:
    ada, other, now = somebody(), somebody(), clock.now()
    interest_actions.state(other.pk, {coffee.pk: True}, site_id=1, source="staff", now=now)
    merge.merge(other.pk, into=ada.pk, now=now)

    interest_actions.state(ada.pk, {coffee.pk: False}, site_id=1, source="page", now=now)

    assert interests.of([ada.pk], now=now) == {}


def test_nothing_is_concluded_of_who_objects(coffee: Interest) -> None:
    ada, now = somebody(), clock.now()
    did(ada, at=now)
    interest_actions.state(ada.pk, {coffee.pk: True}, site_id=1, source="staff", now=now)
    interest_inferring.infer_due(now=now)

    own_data.object_to_profiling(ada.pk, objects=True, now=now)

    assert interests.of([ada.pk], now=now)[ada.pk] == interests.Interests(stated=(coffee.pk,))
    assert interests.of([ada.pk], now=now, as_of=now)[ada.pk].inferred == {}
    interest_inferring.infer_due(now=now)
    assert not InferredInterest.objects.exists()

    own_data.object_to_profiling(ada.pk, objects=False, now=now)
    interest_inferring.infer_due(now=now)
    assert shown(ada, now=now) == [{coffee.pk}]


def test_what_was_forgotten_does_not_come_back_by_what_they_did_before(coffee: Interest) -> None:
    ada, now = somebody(), clock.now()
    did(ada, at=now)
    interest_inferring.infer_due(now=now)

    assert interest_actions.forget_inferred(ada.pk, now=now) == 1
    interest_actions.recount()
    while interest_inferring.infer_due(now=now):
        pass
    assert shown(ada, now=now) == [set()]

    did(ada, at=now + timedelta(seconds=1))
    interest_inferring.infer_due(now=now + timedelta(seconds=1))
    assert shown(ada, now=now + timedelta(seconds=1)) == [{coffee.pk}]


def test_erasing_takes_all_of_it(coffee: Interest) -> None:
    ada, now = somebody(), clock.now()
    did(ada, at=now)
    interest_actions.state(ada.pk, {coffee.pk: True}, site_id=1, source="staff", now=now)
    interest_inferring.infer_due(now=now)
    did(ada, at=now)

    erase.begin(ada.pk, now=now, by="test")
    while erase.erase_due(now=now):
        pass
    interest_inferring.infer_due(now=now)

    assert not InferredInterest.objects.exists()
    assert not StatedInterest.objects.exists()
    assert interest_actions.state(ada.pk, {coffee.pk: True}, site_id=1, source="page", now=now) == {}


@pytest.mark.parametrize("as_of", [False, True], ids=["now", "at a moment past"])
def test_queries_do_not_grow_with_the_people(coffee: Interest, tea: Interest, as_of: bool) -> None:
    def asked(people: int) -> tuple[int, int]:
        now = clock.now()
        who = [somebody() for _ in range(people)]
        for contact in who:
            did(contact, at=now)
        with CaptureQueriesContext(connection) as inferring:
            assert interest_inferring.infer_due(now=now) == people
        with CaptureQueriesContext(connection) as reading:
            found = interests.of([each.pk for each in who], now=now, as_of=now if as_of else None)
        assert len(found) == people
        return len(inferring), len(reading)

    assert asked(4) == asked(40)


def test_the_mark_of_who_is_not_there_at_all_stands_in_nobody_s_way(
    coffee: Interest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interest_inferring, "PEOPLE", 1)
    ada, now = somebody(), clock.now()
    tally = {"name": "order_placed", "first_at": now, "last_at": now, "n": 1}
    # Somebody deleted the contact by hand, past Django.
    EventTally.objects.create(contact_id=ada.pk + 1000, interest_due_at=now - timedelta(days=1), **tally)
    did(ada, at=now)

    for _ in range(2):
        interest_inferring.infer_due(now=now)

    assert shown(ada, now=now) == [{coffee.pk}]
    assert not EventTally.objects.filter(interest_due_at__isnull=False).exists()


def test_who_is_held_by_somebody_else_keeps_the_mark(coffee: Interest) -> None:
    ada, now = somebody(), clock.now()
    did(ada, at=now)

    with transaction.atomic():
        EventTally.objects.filter(contact=ada).update(interest_due_at=now + timedelta(hours=1))
    assert interest_inferring.infer_due(now=now) == 0
    assert interest_inferring.infer_due(now=now + timedelta(hours=1)) == 1
