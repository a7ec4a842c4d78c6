"""The link back to a cart: every case of who comes with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from oscar.core.loading import get_model
from oscar.test import factories

from tests import shop
from wagtail_drip.stores import registry


def link(basket: Any) -> str:
    url = registry.get("oscar").recovery_url(str(basket.pk))
    assert url.startswith("https://shop.example/drip/cart/oscar/")
    return url.removeprefix("https://shop.example")


def lines(client: Client) -> list[tuple[str, int]]:
    basket = client.get("/shop/basket/").context["basket"]
    if not basket.pk:
        return []
    return list(basket.lines.order_by("pk").values_list("product__title", "quantity"))


def a_customer(name: str) -> Any:
    return get_user_model().objects.create_user(name, email=f"{name}@example.com", password="a long password")


def owned_basket(owner: Any, product: Any) -> Any:
    client = Client()
    client.force_login(owner)
    return shop.put_into_basket(client, product)


@pytest.fixture
def anonymous(product) -> Any:
    return shop.put_into_basket(Client(), product)


def test_an_anonymous_cart_comes_back_to_somebody_with_nothing(anonymous):
    visitor = Client()

    answer = visitor.get(link(anonymous))

    assert (answer.status_code, answer["Location"]) == (302, "/shop/basket/")
    assert lines(visitor) == [("Coffee beans", 2)]
    assert visitor.get("/shop/basket/").context["basket"].pk == anonymous.pk
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")


def test_a_visitor_with_a_basket_of_their_own_is_asked_and_gets_what_is_missing(anonymous, product):
    other = factories.create_product(title="Tea", price=3, num_in_stock=5)
    visitor = Client()
    mine = shop.put_into_basket(visitor, other, quantity=1)

    page = visitor.get(link(anonymous))
    assert page.status_code == 200
    assert "There is 1 article waiting" in page.content.decode()
    assert lines(visitor) == [("Tea", 1)]

    visitor.post(link(anonymous))
    visitor.post(link(anonymous))

    assert lines(visitor) == [("Tea", 1), ("Coffee beans", 2)]
    assert visitor.get("/shop/basket/").context["basket"].pk == mine.pk


def test_the_owner_simply_finds_the_basket(product):
    owner = a_customer("ada")
    basket = owned_basket(owner, product)
    visitor = Client()
    visitor.force_login(owner)

    answer = visitor.get(link(basket))

    assert (answer.status_code, answer["Location"]) == (302, "/shop/basket/")
    assert lines(visitor) == [("Coffee beans", 2)]


def test_somebody_elses_basket_is_copied_and_nobody_is_signed_in(product):
    owner = a_customer("ada")
    basket = owned_basket(owner, product)
    visitor = Client()

    assert visitor.get(link(basket)).status_code == 200
    assert lines(visitor) == []
    visitor.post(link(basket))

    assert lines(visitor) == [("Coffee beans", 2)]
    assert "_auth_user_id" not in visitor.session
    basket.refresh_from_db()
    assert (basket.owner, basket.num_lines) == (owner, 1)
    copy = get_model("basket", "Basket").objects.order_by("-pk").first()
    assert (copy.pk != basket.pk, copy.owner) == (True, None)


def test_when_the_owner_signs_in_later_nothing_is_doubled(product):
    owner = a_customer("ada")
    basket = owned_basket(owner, product)
    visitor = Client()
    visitor.post(link(basket))

    visitor.post(
        "/shop/accounts/login/",
        {"login-username": "ada@example.com", "login-password": "a long password", "login_submit": "Log In"},
    )

    assert lines(visitor) == [("Coffee beans", 2)]


def test_a_frozen_basket_is_copied_and_stays_frozen(anonymous):
    anonymous.freeze()
    visitor = Client()

    assert visitor.get(link(anonymous)).status_code == 200
    visitor.post(link(anonymous))

    assert lines(visitor) == [("Coffee beans", 2)]
    anonymous.refresh_from_db()
    assert anonymous.status == "Frozen"


def test_an_ordered_basket_does_not_come_back(product):
    client = Client()
    shop.buy_as_guest(client, product)
    basket = get_model("basket", "Basket").objects.get(status="Submitted")
    visitor = Client()

    answer = visitor.post(link(basket), follow=True)

    assert answer.redirect_chain == [("/shop/basket/", 302)]
    assert "already been ordered" in answer.content.decode()
    assert lines(visitor) == []


def test_what_is_sold_out_is_named_and_left_out(anonymous, product):
    anonymous.freeze()
    product.stockrecords.update(num_in_stock=0)
    visitor = Client()

    answer = visitor.post(link(anonymous), follow=True)

    assert "Coffee beans is no longer available." in answer.content.decode()
    assert lines(visitor) == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda url: url[:-3] + "xx/", id="a changed signature"),
        pytest.param(lambda url: "/drip/cart/oscar/nonsense/", id="no token at all"),
    ],
)
def test_a_forged_link_leads_to_the_basket_page(anonymous, spoil):
    visitor = Client()

    answer = visitor.get(spoil(link(anonymous)))

    assert (answer.status_code, answer["Location"]) == (302, "/shop/basket/")
    assert lines(visitor) == []


def test_a_robot_that_only_looks_changes_nothing(product):
    basket = owned_basket(a_customer("ada"), product)
    before = get_model("basket", "Line").objects.count()

    Client().get(link(basket))
    Client().head(link(basket))

    assert get_model("basket", "Line").objects.count() == before
    assert get_model("basket", "Basket").objects.count() == 1


def test_a_shop_that_does_not_exist_is_not_found(anonymous):
    assert Client().get("/drip/cart/elsewhere/token/").status_code == 404


def test_a_site_that_asks_everybody_to_log_in_lets_the_shop_answer(anonymous, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    answer = Client().get(link(anonymous))

    assert (answer.status_code, answer["Location"]) == (302, "/shop/basket/")
