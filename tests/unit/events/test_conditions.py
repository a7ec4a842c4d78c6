from __future__ import annotations

import json

import pytest

from wagtail_drip.events.conditions import Condition, EventTest, test_from_json, test_to_json

# They are named like tests and are none.
to_json, from_json = test_to_json, test_from_json
del test_to_json, test_from_json

ORDER = {
    "total": "49.90",
    "coupon": "",
    "is_first_order": True,
    "number": 7,
    "products": [{"name": "Coffee beans", "category": "Coffee"}, {"name": "Mug", "category": "Pots"}],
    "starts_at": "2026-12-01T14:30:00+00:00",
}


@pytest.mark.parametrize(
    ("name", "operator", "value", "holds"),
    [
        ("total", "at_least", "49.90", True),
        ("total", "at_least", "50", False),
        ("total", "at_least", "9", True),
        ("total", "at_most", "100", True),
        ("total", "is", "49.9", True),
        ("number", "is", "7", True),
        ("is_first_order", "is", "yes", True),
        ("is_first_order", "is", "false", False),
        ("products.category", "is", "coffee", True),
        ("products.category", "is", "tea", False),
        ("products.category", "is_not", "coffee", False),
        ("products.category", "is_not", "tea", True),
        ("products.name", "contains", "BEAN", True),
        ("coupon", "is_set", "", False),
        ("coupon", "is_not_set", "", True),
        ("missing", "is", "x", False),
        ("missing", "is_not", "x", True),
        ("missing.deeper", "is_not_set", "", True),
        ("starts_at", "at_least", "2026-12-01", True),
        ("starts_at", "at_most", "2026-11-30", False),
        ("products.category", "at_least", "COFFEE", True),
        ("products.category", "at_most", "Coffee", True),
    ],
)
def test_a_condition_holds(name, operator, value, holds):
    assert Condition(property=name, operator=operator, value=value).holds(ORDER) is holds


def test_all_conditions_of_a_test_must_hold():
    dear = Condition(property="total", operator="at_least", value="40")
    tea = Condition(property="products.category", operator="is", value="tea")

    assert EventTest(event="order_placed", conditions=(dear,)).accepts("order_placed", ORDER)
    assert not EventTest(event="order_placed", conditions=(dear, tea)).accepts("order_placed", ORDER)
    assert not EventTest(event="order_placed", conditions=(dear,)).accepts("order_paid", ORDER)


def test_a_test_survives_the_way_through_json():
    wanted = EventTest(
        event="order_placed", conditions=(Condition(property="total", operator="at_least", value="40"),)
    )

    assert from_json(json.loads(json.dumps(to_json(wanted)))) == wanted
    assert from_json(to_json(None)) is None
