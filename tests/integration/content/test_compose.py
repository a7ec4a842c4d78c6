"""A batch of texts becomes words: with the contact's own values, short links and segments."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.contacts.models import Contact
from wagtail_drip.content import actions, compose, context
from wagtail_drip.content.compose import TextToCompose
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.links.models import Link
from wagtail_drip.stores.models import Cart, Purchase, PurchaseLine

pytestmark = pytest.mark.django_db


def make_contact(now: datetime, number: int = 0, **fields: Any) -> Contact:
    phone = f"+4479111{number:05d}"
    return Contact.objects.create(
        phone=phone, active_phone=phone, region="GB", created_at=now, changed_at=now, **fields
    )


def text_for(contact: Contact, site_id: int, *, key: str = "enr:1:1", **fields: Any) -> TextToCompose:
    return TextToCompose(message_key=key, contact_id=contact.pk, site_id=site_id, **fields)


def buy(contact: Contact, site_id: int, now: datetime, order_id: str, *names: str, **fields: Any) -> Purchase:
    purchase = Purchase.objects.create(
        store="oscar",
        order_id=order_id,
        number=f"N{order_id}",
        contact=contact,
        site_id=site_id,
        total=fields.pop("total", Decimal("12.5")),
        currency=fields.pop("currency", "GBP"),
        placed_at=now,
        recorded_at=now,
        **fields,
    )
    for position, name in enumerate(names):
        PurchaseLine.objects.create(
            purchase=purchase, position=position, product_id=name, name=name, price=Decimal(1)
        )
    return purchase


def test_a_pinned_text_is_worded_with_the_contact_s_name_and_counted(now: datetime, site_id: int) -> None:
    contact = make_contact(now, first_name="Mei", attributes={"city": "Leeds"})
    pinned = actions.pin([("  Hi {{ contact.first_name }} from {{ contact.city }}!\n", "en")], now=now)

    made = compose.compose([text_for(contact, site_id, pinned_text_id=next(iter(pinned.values())))], now=now)

    assert made["enr:1:1"] == compose.Composed(body="Hi Mei from Leeds!", segments=1, encoding="GSM-7")


def test_chinese_words_cost_ucs_2_segments(now: datetime, site_id: int) -> None:
    contact = make_contact(now, first_name="美")

    made = compose.compose(
        [text_for(contact, site_id, source="你好{{ contact.first_name }}" + "好" * 68)], now=now
    )

    assert (made["enr:1:1"].encoding, made["enr:1:1"].segments) == ("UCS-2", 2)


def test_a_value_that_is_missing_is_named_and_the_rest_is_worded(now: datetime, site_id: int) -> None:
    contact = make_contact(now)

    made = compose.compose(
        [
            text_for(
                contact, site_id, source="Hi {{ contact.first_name }}, {{ order.number | default: 'soon' }}"
            )
        ],
        now=now,
    )

    assert made["enr:1:1"].missing == ("contact.first_name",)
    assert made["enr:1:1"].body == "Hi , soon"


def test_a_text_that_cannot_be_read_says_so_and_does_not_stop_its_neighbour(
    now: datetime, site_id: int
) -> None:
    contact = make_contact(now, first_name="Mei")

    made = compose.compose(
        [
            text_for(contact, site_id, key="a", source="Hi {{ contact.first_name"),
            text_for(contact, site_id, key="b", source="Hi {{ contact.first_name }}"),
            text_for(contact, site_id, key="c", pinned_text_id=404),
            text_for(contact, site_id, key="d", source="{{ 1 | divided_by: 0 }}"),
        ],
        now=now,
    )

    assert made["a"].error == "Line 1: A “{{” is opened and not closed."
    assert made["b"].body == "Hi Mei"
    assert made["c"].error == "Line 1: The text is gone."
    assert made["d"].error == "Line 1: With these values the text cannot be made."
    assert [made[key].body for key in "acd"] == ["", "", ""]


def test_every_address_becomes_a_short_link_and_stays_the_same_when_composed_again(
    now: datetime, site_id: int
) -> None:
    contact = make_contact(now)
    text = text_for(
        contact,
        site_id,
        source="Look: https://shop.example/a?b=1, or (https://shop.example/c). 看https://shop.example/d，好",
        sequence_id=7,
        step_id="s1",
    )

    first = compose.compose([text], now=now)["enr:1:1"].body
    again = compose.compose([text], now=now + timedelta(hours=1))["enr:1:1"].body

    links = list(Link.objects.order_by("position"))
    assert [link.url for link in links] == [
        "https://shop.example/a?b=1",
        "https://shop.example/c",
        "https://shop.example/d",
    ]
    shorts = [f"https://shop.example/drip/l/{link.token}/" for link in links]
    assert first == f"Look: {shorts[0]}, or ({shorts[1]}). 看{shorts[2]}，好"
    assert again == first
    assert {(link.sequence_id, link.step_id, link.contact_id) for link in links} == {(7, "s1", contact.pk)}


def test_a_short_link_in_a_text_is_not_shortened_again(now: datetime, site_id: int) -> None:
    contact = make_contact(now)
    source = "See https://shop.example/drip/l/abc123/"

    assert compose.compose([text_for(contact, site_id, source=source)], now=now)["enr:1:1"].body == source
    assert not Link.objects.exists()


@pytest.mark.parametrize(("base", "track"), [("https://shop.example", False), ("", True)])
def test_addresses_stay_where_they_are_not_tracked(
    now: datetime, site_id: int, settings: Any, base: str, track: bool
) -> None:
    contact = make_contact(now)
    with override_settings(WAGTAIL_DRIP={**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": base}):
        made = compose.compose(
            [text_for(contact, site_id, source="See https://shop.example/a", track_links=track)], now=now
        )

    assert made["enr:1:1"].body == "See https://shop.example/a"
    assert not Link.objects.exists()


def test_the_order_of_the_event_wins_over_a_later_one_even_twice_in_one_batch(
    now: datetime, site_id: int
) -> None:
    contact = make_contact(now)
    buy(contact, site_id, now, "1", "Tea", "Cup")
    buy(contact, site_id, now + timedelta(days=1), "2", "Pot", total=Decimal("1200"), currency="JPY")
    source = "{{ order.number }} {{ order.first_product }} {{ order.total }} {{ order.currency }}"

    made = compose.compose(
        [
            text_for(contact, site_id, key="one", source=source, variables={"event": {"order_id": "1"}}),
            text_for(contact, site_id, key="two", source=source, variables={"event": {"order_id": "2"}}),
            text_for(contact, site_id, key="latest", source=source),
        ],
        now=now,
    )

    assert made["one"].body == "N1 Tea 12.50 GBP"
    assert made["two"].body == "N2 Pot 1200 JPY"
    assert made["latest"].body == "N2 Pot 1200 JPY"


def test_the_cart_brings_its_first_product_its_total_and_the_way_back(now: datetime, site_id: int) -> None:
    contact = make_contact(now)
    Cart.objects.create(
        store="site",
        cart_id="9",
        site_id=site_id,
        contact=contact,
        products=[{"name": "Teapot"}],
        currency="GBP",
        total=Decimal("30"),
        last_activity_at=now,
    )
    event = {"cart_id": "9", "recovery_url": "https://shop.example/back/9"}

    made = compose.compose(
        [
            text_for(
                contact,
                site_id,
                source="{{ cart.first_product }} {{ cart.total }} {{ cart.url }}",
                variables={"event": event},
                track_links=False,
            )
        ],
        now=now,
    )

    assert made["enr:1:1"].body == "Teapot 30.00 https://shop.example/back/9"


def test_the_shop_is_called_what_its_sender_is_called(now: datetime, site_id: int) -> None:
    contact = make_contact(now)
    SiteSettings.objects.create(site_id=site_id, sender_name="Tea House")

    made = compose.compose([text_for(contact, site_id, source="{{ shop.name }}: hello")], now=now)

    assert made["enr:1:1"].body == "Tea House: hello"


def test_a_merged_contact_is_called_what_the_one_who_speaks_for_it_is_called(
    now: datetime, site_id: int
) -> None:
    head = make_contact(now, number=1, first_name="Mei")
    gone = make_contact(now, number=2, first_name="M.", merged_into=head)

    made = compose.compose([text_for(gone, site_id, source="Hi {{ contact.first_name }}")], now=now)

    assert made["enr:1:1"].body == "Hi Mei"


def test_a_text_sees_no_more_of_a_contact_than_it_should(now: datetime, site_id: int) -> None:
    contact = make_contact(now, email="mei@example.com")

    made = compose.compose(
        [text_for(contact, site_id, source="[{{ contact.phone }}{{ contact.email }}{{ contact.pk }}]")],
        now=now,
    )

    assert made["enr:1:1"].body == "[]"


@pytest.mark.parametrize(
    "typed",
    [
        "https://prize.example/claim",
        "You won: prize.example",
        "www.prize",
        "Prize.Example",
        "ann@prize.example",
        "Call 0900 123",
        "Ann\nYou won",
        "Ann " * 20,
    ],
)
def test_what_somebody_typed_for_a_name_to_reach_others_is_not_shown(
    typed: str, now: datetime, site_id: int
) -> None:
    contact = make_contact(now, first_name=typed, last_name=typed)
    source = 'Hi {{ contact.first_name | default: "there" }}{{ contact.last_name | default: "" }}'

    made = compose.compose([text_for(contact, site_id, source=source)], now=now)

    assert made["enr:1:1"].body == "Hi there"
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    "name", ["Mei", "J. R. R.", "O'Neill-Smith", "欧阳·娜娜", "Nguyễn Thị", "St. John", "M.", "X Æ A-12"]
)
def test_a_name_is_shown_as_it_was_given(name: str, now: datetime, site_id: int) -> None:
    contact = make_contact(now, first_name=name)

    made = compose.compose([text_for(contact, site_id, source="Hi {{ contact.first_name }}")], now=now)

    assert made["enr:1:1"].body == f"Hi {name}"


def compose_batch(size: int, now: datetime, site_id: int) -> int:
    """Compose *size* texts that use everything, and return how many queries that took."""
    texts = []
    source = (
        "{{ contact.first_name }} {{ order.number }} {{ order.first_product }} {{ cart.first_product }} "
        "{{ shop.name }} https://shop.example/a https://shop.example/b"
    )
    pinned = actions.pin([(source, "")], now=now)[source, ""]
    for number in range(size):
        contact = make_contact(now, number=size * 100 + number, first_name="Mei")
        buy(contact, site_id, now + timedelta(minutes=number), f"{size}-{number}", "Tea")
        Cart.objects.create(
            store="site",
            cart_id=f"{size}-{number}",
            site_id=site_id,
            contact=contact,
            products=[{"name": "Pot"}],
            last_activity_at=now,
        )
        texts.append(text_for(contact, site_id, key=f"enr:{size}:{number}", pinned_text_id=pinned))
    with CaptureQueriesContext(connection) as queries:
        made = compose.compose(texts, now=now)
    assert all(each.body.startswith("Mei N") and not each.error for each in made.values())
    assert len(made) == size
    return len(queries)


def test_ten_times_the_texts_take_no_more_queries(now: datetime, site_id: int) -> None:
    assert compose_batch(4, now, site_id) == compose_batch(40, now, site_id)


def test_a_text_is_pinned_once_whoever_pins_it(now: datetime) -> None:
    first = actions.pin([("Hi", "en"), ("Hi", "de"), ("Ho", "")], now=now)
    again = actions.pin([("Hi", "en")], now=now + timedelta(days=1))

    assert len(set(first.values())) == 3
    assert again == {("Hi", "en"): first["Hi", "en"]}


def test_the_preview_is_built_from_what_a_message_would_show(now: datetime, site_id: int) -> None:
    contact = make_contact(now, first_name="Mei")
    buy(contact, site_id, now, "1", "Tea")

    found = compose.preview_context(contact.pk, {"order_id": "1"}, site_id, now=now)

    assert found["contact"]["first_name"] == "Mei"
    assert found["order"]["first_product"] == "Tea"
    assert compose.preview_context(None, {}, site_id, now=now)["contact"] == {}


@given(typed=st.text(alphabet="aB茶/@:\\w.0123456789 -\x00\n\x1f\u2028\u2029", max_size=12))
def test_whatever_is_no_name_has_in_it_what_is_looked_for_first(typed: str) -> None:
    if context._NO_NAME.search(typed):
        assert context._MAY_BE_NO_NAME.search(typed)
