from __future__ import annotations

import json

import pytest

from wagtail_drip.events import catalogue
from wagtail_drip.events.catalogue import InvalidEvent
from wagtail_drip.events.types import MONEY, EventType, Property

NAMES = [
    "product_viewed",
    "products_searched",
    "product_added_to_cart",
    "product_removed_from_cart",
    "cart_updated",
    "cart_merged",
    "cart_emptied",
    "cart_abandoned",
    "checkout_started",
    "checkout_step_completed",
    "checkout_abandoned",
    "coupon_applied",
    "coupon_removed",
    "order_placed",
    "order_paid",
    "order_payment_failed",
    "order_fulfilled",
    "order_delivered",
    "order_cancelled",
    "order_refunded",
    "order_status_changed",
    "back_in_stock",
    "back_in_stock_requested",
    "price_dropped",
    "product_reviewed",
    "product_added_to_wishlist",
    "customer_registered",
    "customer_updated",
    "customer_deleted",
    "consent_changed",
    "preferences_changed",
    "form_submitted",  # ours: a form page of the site
    "appointment_booked",
    "appointment_changed",
    "appointment_cancelled",
    "event_registered",
    "event_checked_in",
    "event_ended",
    "course_enrolled",
    "module_completed",
    "homework_assigned",
    "homework_submitted",
    "listing_published",
    "viewing_booked",
    "viewing_changed",
    "enquiry_received",
    "link_clicked",
    "message_replied",
    "segment_entered",
    "segment_left",
    "interest_stated",
    "stage_changed",
    "opted_out",
    "opted_in",
]


@pytest.fixture
def registered():
    """Take out again what a test registers."""
    before = dict(catalogue._types)
    yield catalogue.register
    catalogue._types.clear()
    catalogue._types.update(before)


def test_the_catalogue_has_every_event_of_the_contract_and_no_other():
    assert {each.name for each in catalogue.all_types()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_samples_are_valid_json_and_its_words_are_there(name):
    event_type = catalogue.get(name)

    catalogue.validate(name, catalogue.sample(name))
    json.dumps(catalogue.sample(name))

    assert str(event_type.label)
    assert str(event_type.sentence)
    assert len(event_type.name) <= 64
    assert len({prop.name for prop in event_type.properties}) == len(event_type.properties)


@pytest.mark.parametrize("name", NAMES)
def test_what_tells_runs_apart_and_what_is_waited_for_are_properties(name):
    event_type = catalogue.get(name)

    for chosen in (event_type.dedupe_property, event_type.date_property):
        assert chosen == "" or event_type.property(chosen) is not None
    if event_type.date_property:
        assert event_type.property(event_type.date_property).type in ("date", "moment")


@pytest.mark.parametrize(
    ("name", "dedupe", "date"),
    [
        ("order_placed", "order_id", ""),
        ("cart_abandoned", "cart_id", ""),
        ("appointment_booked", "appointment_id", "starts_at"),
        ("event_registered", "event_id", "starts_at"),
        ("homework_assigned", "homework_id", "due_at"),
        ("viewing_booked", "viewing_id", "starts_at"),
        ("customer_registered", "", ""),
    ],
)
def test_runs_of_one_person_are_told_apart_by(name, dedupe, date):
    event_type = catalogue.get(name)

    assert (event_type.dedupe_property, event_type.date_property) == (dedupe, date)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order_id": None}, "The event order_placed needs the property 'order_id'."),
        ({"order_id": ""}, "The event order_placed needs the property 'order_id'."),
        ({"order_id": ["1"]}, "The property 'order_id' of the event order_placed should be a text."),
        (
            {"total": "a lot"},
            "The property 'total' of the event order_placed should be a decimal text such as \"12.50\".",
        ),
        (
            {"total": 12.5},
            "The property 'total' of the event order_placed should be a decimal text such as \"12.50\".",
        ),
        (
            {"total": "NaN"},
            "The property 'total' of the event order_placed should be a decimal text such as \"12.50\".",
        ),
        (
            {"products": [{"name": "Tea"}]},
            "The property 'products' of the event order_placed should be a list of products, each with product_id and name.",
        ),
        (
            {"is_first_order": "yes"},
            "The property 'is_first_order' of the event order_placed should be true or false.",
        ),
    ],
)
def test_a_wrong_property_is_named_with_its_remedy(change, message):
    with pytest.raises(InvalidEvent) as refused:
        catalogue.validate("order_placed", {**catalogue.sample("order_placed"), **change})

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ("2026-12-01T14:30:00+00:00", True),
        ("2026-12-01T14:30:00Z", True),
        ("2026-12-01T14:30:00", False),
        ("tomorrow", False),
    ],
)
def test_a_moment_needs_its_offset(value, is_right):
    properties = {"appointment_id": "1", "starts_at": value}

    if is_right:
        catalogue.validate("appointment_booked", properties)
    else:
        with pytest.raises(InvalidEvent, match="starts_at"):
            catalogue.validate("appointment_booked", properties)


def test_properties_that_nobody_described_may_stay():
    catalogue.validate("opted_out", {"mood": "bad"})


@pytest.mark.parametrize("name", ["custom:visited", "custom:visited-shop_2"])
def test_a_custom_event_takes_anything(name):
    catalogue.validate(name, {"anything": [1, {"at": "all"}]})

    assert catalogue.sample(name) == {}
    assert str(catalogue.get("custom:visited-shop_2").label) == "Visited shop 2"


@pytest.mark.parametrize(
    "name", ["visited", "custom:", "custom:Visited", "custom:a b", "custom:" + "a" * 60, ""]
)
def test_another_name_is_refused(name):
    with pytest.raises(InvalidEvent):
        catalogue.validate(name, {})


def test_a_site_adds_its_own_event_and_editors_can_choose_it(registered):
    registered(
        EventType(
            name="table_booked",
            label="Table booked",
            sentence="A table is booked",
            properties=(Property(name="deposit", label="Deposit", type=MONEY, sample="10.00"),),
        )
    )

    assert ("table_booked", "A table is booked") in catalogue.choices()
    assert catalogue.sample("table_booked") == {"deposit": "10.00"}


def test_a_name_that_does_not_fit_its_column_is_refused(registered):
    with pytest.raises(InvalidEvent, match="64"):
        registered(EventType(name="a" * 65, label="", sentence=""))
