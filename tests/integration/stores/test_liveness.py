from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import paper_shop as shop
from tests.paper_shop import PaperShop
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import Identity
from wagtail_drip.events.conditions import Condition
from wagtail_drip.stores import intake, liveness
from wagtail_drip.stores.types import Guard

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada(site_id, now):
    return contacts.identify(shop.buyer(1), now=now)


def has_not_ordered(contact, *, since, conditions=()):
    return Guard(
        contact_id=contact.pk, kind="event", event="order_placed", since=since, conditions=conditions
    )


def cart_is_open(contact, cart_id, *, since, store="paper"):
    return Guard(contact_id=contact.pk, kind="cart", since=since, store=store, cart_id=cart_id)


def place(n, *, site_id, now, taken_in=True, **fields):
    shop.order(n, site_id=site_id, now=now, **fields)
    shop.notice("order_placed", str(n), now=now)
    if taken_in:
        intake.take_in_due(now=now)


def test_nothing_asked_is_nothing_answered(now):
    assert liveness.check([], now=now) == []


@pytest.mark.parametrize("taken_in", [pytest.param(True, id="taken in"), pytest.param(False, id="only told")])
def test_an_order_since_then_stops_the_message(ada, site_id, now, taken_in):
    place(1, site_id=site_id, now=now, taken_in=taken_in)

    before = has_not_ordered(ada, since=now - MINUTE)
    after = has_not_ordered(ada, since=now + MINUTE)

    assert liveness.check([before, after], now=now) == ["goal_already_met", ""]


@pytest.mark.parametrize("taken_in", [pytest.param(True, id="taken in"), pytest.param(False, id="only told")])
def test_the_order_that_started_the_run_is_not_the_one_that_ends_it(ada, site_id, now, taken_in):
    place(1, site_id=site_id, now=now, taken_in=taken_in)

    assert liveness.check([has_not_ordered(ada, since=now)], now=now) == [""]


@pytest.mark.parametrize("taken_in", [pytest.param(True, id="taken in"), pytest.param(False, id="only told")])
def test_somebody_elses_order_does_not(ada, site_id, now, taken_in):
    place(2, site_id=site_id, now=now, taken_in=taken_in)

    assert liveness.check([has_not_ordered(ada, since=now - MINUTE)], now=now) == [""]


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(Identity(store="paper", user_id="1"), id="the shop's key"),
        pytest.param(Identity(phone="07400 120001", region="GB"), id="the number as typed"),
        pytest.param(Identity(email="ADA@example.com"), id="the e-mail address in capitals"),
    ],
)
def test_whoever_may_be_the_buyer_counts_as_the_buyer(ada, site_id, now, identity):
    contacts.identify(Identity(store="paper", user_id="1", email="ada@example.com"), now=now)
    place(1, site_id=site_id, now=now, taken_in=False, identity=identity)

    assert liveness.check([has_not_ordered(ada, since=now - MINUTE)], now=now) == ["goal_already_met"]


def test_an_order_that_does_not_fit_the_condition_does_not_count(ada, site_id, now):
    place(1, site_id=site_id, now=now, taken_in=False, total=Decimal("25.00"))
    small = (Condition(property="total", operator="at_least", value="20"),)
    large = (Condition(property="total", operator="at_least", value="30"),)
    guards = [has_not_ordered(ada, since=now - MINUTE, conditions=each) for each in (small, large)]

    assert liveness.check(guards, now=now) == ["goal_already_met", ""]
    intake.take_in_due(now=now)
    assert liveness.check(guards, now=now) == ["goal_already_met", ""]


def test_an_open_cart_lets_the_message_go(ada, site_id, now):
    shop.cart("c1")
    shop.touch("c1", now=now)
    intake.take_in_due(now=now)

    assert liveness.check([cart_is_open(ada, "c1", since=now - MINUTE)], now=now) == [""]


@pytest.mark.parametrize("status", ["converted", "emptied", "merged"])
def test_a_cart_that_the_shop_has_closed_stops_it_before_anybody_told_us(ada, site_id, now, status):
    shop.cart("c1")
    shop.touch("c1", now=now)
    intake.take_in_due(now=now)
    shop.cart("c1", status=status)

    assert liveness.check([cart_is_open(ada, "c1", since=now - MINUTE)], now=now) == ["cart_closed"]


def test_an_order_of_the_same_contact_that_was_only_told_closes_the_cart(ada, site_id, now):
    shop.cart("c1")
    shop.touch("c1", now=now)
    intake.take_in_due(now=now)
    place(1, site_id=site_id, now=now, taken_in=False, cart_id="another")

    assert liveness.check([cart_is_open(ada, "c1", since=now - MINUTE)], now=now) == ["cart_closed"]


def test_a_shop_that_cannot_be_asked_makes_its_messages_wait(ada, site_id, now):
    place(2, site_id=site_id, now=now, taken_in=False)
    PaperShop.breaks_on.add("2")
    envelope = {"event": "order_placed", "contact": None, "properties": {"order_id": "x"}}
    guards = [has_not_ordered(ada, since=now - MINUTE)]

    assert liveness.check(guards, now=now) == ["store_behind"]
    PaperShop.breaks_on.clear()
    assert liveness.check(guards, now=now) == [""]
    shop.notice("order_placed", "", now=now, key="wrong", store="site", envelope=envelope)
    assert liveness.check(guards, now=now) == ["store_behind"]


def test_an_order_told_that_the_shop_does_not_know_makes_the_message_wait(ada, site_id, now):
    shop.notice("order_placed", "404", now=now)

    assert liveness.check([has_not_ordered(ada, since=now - MINUTE)], now=now) == ["store_behind"]


def test_what_waits_and_cannot_be_the_goal_is_not_looked_into(ada, site_id, now):
    shop.touch("c9", now=now)
    shop.notice("product_viewed", "7:1", now=now)
    PaperShop.asked.clear()

    assert liveness.check([has_not_ordered(ada, since=now - MINUTE)], now=now) == [""]
    assert PaperShop.asked == []


def test_more_waiting_than_can_be_looked_through_makes_the_message_wait(ada, site_id, now):
    for n in range(501):
        shop.notice("order_placed", str(n), now=now)

    assert liveness.check([has_not_ordered(ada, since=now - MINUTE)], now=now) == ["store_behind"]


def test_a_far_shop_is_not_asked_at_the_last_moment(ada, site_id, now):
    shop.notice("order_placed", "1", now=now, store="far")
    PaperShop.asked.clear()

    verdicts = liveness.check(
        [
            has_not_ordered(ada, since=now - MINUTE),
            cart_is_open(ada, "c1", since=now - MINUTE, store="far"),
        ],
        now=now,
    )

    assert (verdicts, PaperShop.asked) == (["", ""], [])


def test_another_event_is_found_too(ada, site_id, now):
    guard = Guard(contact_id=ada.pk, kind="event", event="custom:visited", since=now - MINUTE)
    envelope = {"event": "custom:visited", "contact": {"phone": shop.number(1)}, "properties": {}}
    shop.notice("custom:visited", "", now=now, key="v", store="site", envelope=envelope)

    assert liveness.check([guard], now=now) == ["goal_already_met"]
    intake.take_in_due(now=now)
    assert liveness.check([guard], now=now) == ["goal_already_met"]


def test_the_check_costs_the_same_whatever_the_number_of_guards(site_id, now):
    people = [contacts.identify(shop.buyer(n), now=now) for n in range(40)]
    counts = []
    for size in (4, 40):
        for n in range(size):
            shop.order(n, site_id=site_id, now=now)
            shop.notice("order_placed", str(n), now=now)
            shop.cart(f"c{n}", owner=n)
        guards = [has_not_ordered(each, since=now - MINUTE) for each in people[:size]]
        guards += [cart_is_open(each, f"c{n}", since=now - MINUTE) for n, each in enumerate(people[:size])]
        PaperShop.asked.clear()
        with CaptureQueriesContext(connection) as queries:
            verdicts = liveness.check(guards, now=now)
        assert verdicts == ["goal_already_met"] * size + ["cart_closed"] * size
        assert sorted(PaperShop.asked) == ["carts_live", "orders"]
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 12


def test_a_shop_that_cannot_tell_which_carts_are_live_puts_off_only_their_texts(ada, now, monkeypatch):
    def broken(self, ids):
        raise RuntimeError("no such table")

    monkeypatch.setattr(PaperShop, "carts_live", broken)
    guards = [
        cart_is_open(ada, "1", since=now - MINUTE),
        cart_is_open(ada, "1", since=now - MINUTE, store="elsewhere"),
        has_not_ordered(ada, since=now - MINUTE),
    ]

    assert liveness.check(guards, now=now) == ["store_behind", "", ""]
