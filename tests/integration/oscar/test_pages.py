"""What our templates add to Oscar's pages, and where it stands."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.template import engines
from django.test import Client
from oscar.core.loading import get_model

from tests import shop


def form_of(page: str, form_id: str) -> str:
    """Return the form's markup up to its first button."""
    start = page.index(f'id="{form_id}"')
    return page[start : page.index("<button", start)]


@pytest.mark.parametrize("path", ["/shop/accounts/register/", "/shop/accounts/login/"])
def test_the_registration_asks_for_a_number_and_shows_the_box_above_its_button(product, path):
    page = Client().get(path).content.decode()

    form = form_of(page, "register_form")
    assert page.count('name="drip_phone"') == page.count('name="drip_sms_consent"') == 1
    assert 'name="drip_phone"' in form
    assert 'name="drip_sms_consent"' in form
    assert " checked" not in form


def test_the_new_address_shows_the_box_above_its_button(product):
    client = Client()
    shop.put_into_basket(client, product)
    shop.begin_as_guest(client)

    page = client.get("/shop/checkout/shipping-address/").content.decode()

    assert 'name="drip_sms_consent"' in form_of(page, "new_shipping_address")
    assert page.count('name="drip_sms_consent"') == 1


def test_a_saved_address_shows_the_box_only_if_it_has_a_number(product):
    user = get_user_model().objects.create_user("ada", email="ada@example.com", password="a long password")
    saved = [
        get_model("address", "UserAddress").objects.create(
            user=user, line1=line, line4="London", postcode="SW1Y 4JH", country_id="GB", phone_number=phone
        )
        for line, phone in (("1 High Street", shop.PHONE), ("2 High Street", ""))
    ]
    client = Client()
    client.force_login(user)
    shop.put_into_basket(client, product)

    page = client.get("/shop/checkout/shipping-address/").content.decode()

    assert f'form="select_shipping_address_{saved[0].pk}"' in page
    assert f'form="select_shipping_address_{saved[1].pk}"' not in page


def test_without_the_shop_in_the_settings_there_is_no_box(product, settings):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": {}}

    assert "drip_" not in Client().get("/shop/accounts/register/").content.decode()


def test_settings_that_are_wrong_harm_no_page(product, settings):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": {"oscar": {"BACKEND": "no.such.adapter"}}}

    answer = Client().get("/shop/accounts/register/")

    assert answer.status_code == 200
    assert "drip_" not in answer.content.decode()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<form id="f"><button>', '[box]<form id="f"><button>'),
        ('<form id="f"><button></form>', '<form id="f">[box]<button></form>'),
        ('<form id="g"><button></form>', '[box]<form id="g"><button></form>'),
        ('<form id="f"></form><button>', '[box]<form id="f"></form><button>'),
    ],
)
def test_a_page_with_other_markup_has_the_box_above_it(page, expected):
    template = engines["django"].from_string(
        '{% load drip_oscar %}{% drip_before_button "f" page %}[box]{% enddrip_before_button %}'
    )

    assert template.render({"page": page}) == expected


def test_a_site_sets_its_own_words_and_they_are_what_is_kept(product, settings):
    words = "Text <me>, please."
    store = {**settings.WAGTAIL_DRIP["STORES"]["oscar"], "OPTIONS": {"CONSENT_WORDING": words}}
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": {"oscar": store}}

    page = Client().get("/shop/accounts/register/").content.decode()

    assert "Text &lt;me&gt;, please." in page
