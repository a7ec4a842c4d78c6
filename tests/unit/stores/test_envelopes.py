from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.events.catalogue import InvalidEvent
from wagtail_drip.events.models import Notice
from wagtail_drip.stores import envelopes
from wagtail_drip.stores.types import StoreLine, money

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(event, properties, **envelope):
    notice = Notice(
        pk=1,
        store="site",
        kind=event,
        key="k",
        recorded_at=NOW,
        envelope={"event": event, "properties": properties, **envelope},
    )
    return envelopes.read(notice)


def test_a_bare_event_is_told_as_it_is():
    told = read("custom:visited", {"place": "Bath"})

    assert (told.event, told.key, told.store, told.source) == ("custom:visited", "k", "site", "api")
    assert (told.identity, told.consents, told.order, told.cart, told.site_id) == (None, (), None, None, None)
    assert (told.occurred_at, told.recorded_at, told.properties) == (NOW, NOW, {"place": "Bath"})


def test_numbers_as_ids_become_texts_and_the_shop_is_the_contacts_store():
    told = read("custom:visited", {}, contact={"user_id": 17, "phone": None, "mood": "good"})

    assert told.identity == Identity(store="site", user_id="17")


@pytest.mark.parametrize("contact", [None, {}, "Ada", {"region": "GB"}, {"store": "x", "language": "en"}])
def test_a_contact_that_names_nobody_is_nobody(contact):
    assert read("custom:visited", {}, contact=contact).identity is None


def test_an_order_without_anybody_is_no_purchase():
    properties = {"order_id": 1, "currency": "GBP", "total": "5", "products": []}

    assert read("order_placed", properties).order is None
    order = read("order_placed", properties, contact={"email": "ada@example.com"}, site_id=3).order
    assert (order.order_id, order.total, order.site_id, order.placed_at) == ("1", Decimal(5), 3, NOW)


@pytest.mark.parametrize(
    ("event", "status"), [("cart_updated", "open"), ("cart_emptied", "emptied"), ("cart_merged", "merged")]
)
def test_an_event_about_a_cart_says_how_the_cart_stands(event, status):
    properties = {
        "cart_id": 5,
        "into_cart_id": 6,
        "products": [{"product_id": 7, "name": "Tea", "price": "3"}],
    }

    told = read(event, properties)

    assert (told.cart.cart_id, told.cart.status, told.touches_cart, told.stage) == ("5", status, True, "")
    assert told.cart.lines == (StoreLine(product_id="7", name="Tea", price=Decimal(3)),)


def test_a_checkout_that_does_not_say_what_is_in_the_cart_only_touches_it():
    told = read("checkout_started", {"cart_id": "5", "checkout_id": "5"})

    assert (told.cart, told.cart_id, told.touches_cart, told.stage) == (None, "5", True, "checkout")


def test_a_coupon_is_about_a_cart_and_no_sign_of_life_of_it():
    told = read("coupon_applied", {"coupon": "TEN", "cart_id": "5"})

    assert (told.cart_id, told.touches_cart) == ("5", False)


def test_a_consent_keeps_its_proof():
    raw = {
        "group": "transactional",
        "granted": True,
        "source": "form",
        "method": "web_form",
        "channel": "sms",
        "topic": "offers",
        "wording": "Yes",
        "wording_version": "1",
        "ip": "203.0.113.7",
        "at": "2026-11-22T10:00:00+00:00",
    }

    assert envelopes.consent_from(raw) == Consent(
        group=PurposeGroup.TRANSACTIONAL,
        granted=True,
        source="form",
        method=ConsentMethod.WEB_FORM,
        channel=Channel.SMS,
        topic="offers",
        wording="Yes",
        wording_version="1",
        ip="203.0.113.7",
        at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({}, id="no answer"),
        pytest.param({"granted": "yes"}, id="an answer that is no answer"),
        pytest.param({"granted": True, "group": "everything"}, id="an unknown group"),
        pytest.param({"granted": True, "method": "telepathy"}, id="an unknown method"),
        pytest.param({"granted": True, "at": "yesterday"}, id="an unknown moment"),
        pytest.param({"granted": True, "at": "2026-11-22T10:00:00"}, id="a moment without its offset"),
        pytest.param("yes", id="a text"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_consent_that_is_not_clear_is_refused(raw):
    with pytest.raises(InvalidEvent):
        envelopes.consent_from(raw)


def test_no_consent_is_unknown_and_several_may_be_given():
    both = [{"granted": True}, {"granted": False, "group": "transactional"}]

    assert read("opted_in", {}, consent=None).consents == ()
    assert [each.granted for each in read("opted_in", {}, consent=both).consents] == [True, False]
    assert [each.granted for each in read("opted_in", {}, consent={"granted": True}).consents] == [True]


@pytest.mark.parametrize(
    ("envelope", "is_whole"),
    [(None, False), ({}, False), ({"old_status": "Pending"}, False), ({"event": "opted_in"}, True)],
)
def test_an_envelope_with_its_event_needs_no_adapter(envelope, is_whole):
    assert envelopes.is_whole(Notice(envelope=envelope)) is is_whole


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0", "0.00"),
        ("0.0000", "0.00"),
        ("12.5", "12.50"),
        ("12.5000", "12.50"),
        ("12.3456", "12.3456"),
        ("1000", "1000.00"),
        ("1E+3", "1000.00"),
        ("-5", "-5.00"),
    ],
)
def test_money_is_written_with_two_places_or_as_many_as_it_needs(amount, written):
    assert money(Decimal(amount)) == written
