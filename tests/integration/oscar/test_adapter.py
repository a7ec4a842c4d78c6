"""What the adapter makes of Oscar's richer products, and what it costs."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site as DjangoSite
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model
from oscar.test import factories
from PIL import Image
from wagtail.models import Site

from tests import shop
from wagtail_drip.contrib.oscar.adapter import OscarAdapter


@pytest.fixture
def adapter(settings, tmp_path) -> OscarAdapter:
    settings.MEDIA_ROOT = str(tmp_path)
    return OscarAdapter(alias="oscar", options={})


def variant(n: int) -> Any:
    """Return a child product without a title or picture of its own, of a parent that has both."""
    parent = factories.create_product(title=f"Coffee {n}", structure="parent", num_in_stock=None)
    category = get_model("catalogue", "Category").objects.filter(name="Drinks").first()
    parent.categories.add(category or get_model("catalogue", "Category").add_root(name="Drinks"))
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    get_model("catalogue", "ProductImage").objects.create(
        product=parent, original=ContentFile(picture.getvalue(), f"coffee-{n}.png")
    )
    child = factories.create_product(structure="child", parent=parent, price=Decimal("8.00"), num_in_stock=5)
    child.title = ""
    child.save()
    return child


def basket_of(product: Any, owner: Any = None) -> Any:
    basket = factories.create_basket(empty=True)
    basket.owner = owner
    basket.save()
    basket.add_product(product, 3)
    return basket


def test_a_variant_is_told_by_its_parents_name_category_and_picture(adapter, product):
    basket = basket_of(variant(1))

    cart = adapter.carts([str(basket.pk)])[str(basket.pk)]

    line = cart.lines[0]
    assert (line.name, line.category, line.quantity, line.price) == ("Coffee 1", "Drinks", 3, Decimal("8.00"))
    assert line.image_url.startswith("https://shop.example/media/")
    assert line.url.startswith("https://shop.example/shop/catalogue/")
    assert cart.total == Decimal("24.00")


def test_variants_categories_pictures_and_owners_cost_no_query_each(adapter, product):
    user = get_user_model()
    baskets = [
        basket_of(variant(n), owner=user.objects.create_user(f"u{n}", email=f"u{n}@example.com"))
        for n in range(6)
    ]
    orders = [
        factories.create_order(basket=each, user=each.owner, shipping_method=None) for each in baskets[3:]
    ]
    adapter.carts([str(baskets[0].pk)])
    adapter.orders([str(orders[0].pk)])
    counts = []
    for some_baskets, some_orders in ((baskets[:1], orders[:1]), (baskets, orders)):
        with CaptureQueriesContext(connection) as queries:
            carts = adapter.carts([str(each.pk) for each in some_baskets])
            adapter.orders([str(each.pk) for each in some_orders])
        assert all(carts.values())
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_cart_belongs_to_its_owner_and_says_how_it_stands(adapter, product):
    owner = get_user_model().objects.create_user("ada", email="ada@example.com", first_name="Ada")
    basket = basket_of(product, owner=owner)

    def status() -> str:
        return adapter.carts([str(basket.pk)])[str(basket.pk)].status

    def is_live() -> bool:
        return adapter.carts_live([str(basket.pk)])[str(basket.pk)]

    cart = adapter.carts([str(basket.pk)])[str(basket.pk)]
    assert (cart.identity.user_id, cart.identity.email, cart.identity.store) == (
        str(owner.pk),
        "ada@example.com",
        "oscar",
    )
    assert (status(), is_live()) == ("open", True)
    basket.freeze()
    assert (status(), is_live()) == ("open", True)
    basket.status = "Saved"
    basket.save()
    assert (status(), is_live()) == ("emptied", False)
    basket.status = "Merged"
    basket.save()
    assert (status(), is_live()) == ("merged", False)
    basket.submit()
    assert (status(), is_live()) == ("converted", False)


def test_an_order_stands_on_the_wagtail_site_of_its_host_else_on_the_default_one(adapter, product):
    root = Site.objects.get(is_default_site=True).root_page
    other = Site.objects.create(hostname="other.example", root_page=root)
    known = DjangoSite.objects.create(domain="other.example:8000", name="Other")
    unknown = DjangoSite.objects.create(domain="unknown.example", name="Unknown")
    default = Site.objects.get(is_default_site=True).pk

    found = []
    for number, site in enumerate((known, unknown, None)):
        order = factories.create_order(number=f"N{number}")
        get_model("order", "Order").objects.filter(pk=order.pk).update(site=site)
        found.append(adapter.orders([str(order.pk)])[str(order.pk)].site_id)

    assert found == [other.pk, default, default]


def test_what_is_sold_out_is_not_in_stock(adapter, product):
    sold_out = factories.create_product(title="Tea", num_in_stock=0)
    ids = [str(product.pk), str(sold_out.pk), "999"]

    assert adapter.in_stock(ids) == {str(product.pk): True, str(sold_out.pk): False, "999": False}


def test_an_order_with_a_voucher_names_its_code(adapter, product):
    order = factories.create_order()
    get_model("order", "OrderDiscount").objects.create(
        order=order, amount=Decimal("2.00"), voucher_code="WELCOME10", frequency=1
    )

    told = adapter.orders([str(order.pk)])[str(order.pk)]

    assert (told.coupon, told.discount) == ("WELCOME10", Decimal("2.00"))


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(ImproperlyConfigured, match="The Oscar shop has no option STATUS_EVENT"):
        OscarAdapter(alias="oscar", options={"STATUS_EVENT": {}})


def test_a_project_names_its_own_statuses():
    adapter = OscarAdapter(alias="oscar", options={"STATUS_EVENTS": {"Sent": "order_fulfilled"}})

    assert (adapter.status_event("Sent"), adapter.status_event("Complete")) == ("order_fulfilled", "")


def test_each_parcel_of_an_order_is_an_event_and_the_whole_is_one(adapter, product):
    order = factories.create_order(basket=basket_of(product))
    line = order.lines.get()
    dispatched = get_model("order", "ShippingEventType").objects.create(name="Dispatched", code="dispatched")
    told = []
    for quantity in (1, 3):
        event = get_model("order", "ShippingEvent").objects.create(order=order, event_type=dispatched)
        get_model("order", "ShippingEventQuantity").objects.create(event=event, line=line, quantity=quantity)
        told.append(adapter.shipments([str(event.pk)])[str(event.pk)])
        event.line_quantities.all().delete()

    assert [each.details["partial"] for each in told] == [True, False]
    assert told[1].key == f"order:{order.pk}:order_fulfilled"
    assert told[0].key != told[1].key


def test_the_help_text_of_oscars_form_is_the_wording_that_is_kept(adapter, product):
    address = factories.ShippingAddressFactory(phone_number=shop.PHONE)
    order = factories.create_order(shipping_address=address)

    consents = adapter.orders([str(order.pk)])[str(order.pk)].consents

    assert [(each.group.value, each.granted, each.wording) for each in consents] == [
        ("transactional", True, "In case we need to call you about your order")
    ]
