"""The examples in the page about store adapters work as they stand there."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from wagtail_drip.contacts.models import Contact
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import intake, kinds
from wagtail_drip.stores.models import Cart, Purchase
from wagtail_drip.test.store_contract import UNKNOWN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "write_a_store_adapter.md"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 -- our own page
    return names


class Rows(list[Any]):
    """As much of a queryset as the page uses."""

    def filter(self, *, pk__in: Any) -> Rows:
        return Rows(row for row in self if str(row.pk) in set(pk__in))

    def prefetch_related(self, *_: str) -> Rows:
        return self

    def all(self) -> Rows:
        return self


LINE = SimpleNamespace(sku="TEA", name="Tea", price=Decimal("4.50"), quantity=2)
BASKET = {"pk": 5, "user_id": 17, "phone": "07400 123456", "is_ordered": False}
ORDER = {
    "pk": 9,
    "user_id": 17,
    "phone": "07400 123456",
    "email": "ada@example.com",
    "total": Decimal("9.00"),
    "placed_at": NOW,
    "basket_id": 5,
    "save": lambda: None,
}


@pytest.fixture
def myshop(monkeypatch, settings, site_id):
    """The page's own shop, installed as the page says."""
    models = ModuleType("myshop.models")
    models.Order = SimpleNamespace(objects=Rows([SimpleNamespace(**ORDER, lines=Rows([LINE]))]))
    models.Basket = SimpleNamespace(objects=Rows([SimpleNamespace(**BASKET, lines=Rows([LINE]))]))
    drip = ModuleType("myshop.drip")
    for name, module in (("myshop", ModuleType("myshop")), ("myshop.models", models), ("myshop.drip", drip)):
        monkeypatch.setitem(sys.modules, name, module)
    drip.__dict__.update(run(blocks()[1]))
    stores = run(blocks()[2])["WAGTAIL_DRIP"]["STORES"]
    stores["myshop"]["OPTIONS"]["SITE_ID"] = site_id
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": stores}
    return drip.MyShopAdapter(alias="myshop", options={"SITE_ID": site_id})


def test_the_emitted_order_becomes_a_purchase(site_id):
    run(blocks()[0])["place"](SimpleNamespace(**ORDER, lines=Rows([LINE])))

    intake.take_in_due()

    purchase = Purchase.objects.get()
    assert (purchase.store, purchase.order_id, purchase.total) == ("myshop", "9", Decimal("9.00"))
    assert purchase.contact.active_phone == "+447400123456"


def test_the_receivers_and_the_adapter_together_do_the_same(myshop):
    receivers = run(blocks()[3])
    receivers["line_changed"](instance=SimpleNamespace(basket_id=5))
    receivers["order_saved"](instance=SimpleNamespace(pk=9), created=True)
    receivers["order_saved"](instance=SimpleNamespace(pk=9), created=False)

    intake.take_in_due()

    assert not Notice.objects.exclude(error="").exists()
    assert Purchase.objects.get().contact == Contact.objects.get()
    assert Cart.objects.get().status == "converted"
    assert set(Event.objects.values_list("name", flat=True)) == {"cart_updated", "order_placed"}


def test_the_adapter_of_the_page_keeps_the_contract_about_what_it_does_not_know(myshop):
    assert myshop.orders(UNKNOWN) == {}
    assert not any(myshop.carts(UNKNOWN).values())
    assert not any(myshop.carts_live(UNKNOWN).values())
    assert myshop.carts_live(["5"]) == {"5": True}


def test_the_test_of_the_page_names_what_the_contract_asks_for(myshop):
    found = run(blocks()[4])["TestMyShop"]

    assert {"make_adapter", "make_order", "make_cart"} <= set(vars(found))


def test_the_page_lists_every_kind_that_an_adapter_answers_for():
    table = PAGE.read_text("utf-8").split("| Kind |")[1]

    for kind in set(kinds.MAY_BECOME) - {kinds.CAPTURED}:
        assert f"`{kind}`" in table


def test_the_page_of_events_tells_runs_dates_and_samples_as_the_catalogue_has_them():
    page = (PAGE.parents[1] / "reference" / "events.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \| `?(\w+)`? \|$", page, re.MULTILINE))
    samples = re.findall(r"^`(\w+)`\n\n```json\n(.*?)```", page, re.DOTALL | re.MULTILINE)

    assert rows == {
        (each.name, each.dedupe_property or "none", each.date_property or "none")
        for each in catalogue.all_types()
        if each.dedupe_property or each.date_property
    }
    assert len(samples) == 5
    for name, sample in samples:
        assert json.loads(sample) == catalogue.sample(name)
