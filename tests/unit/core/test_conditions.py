from __future__ import annotations

import pytest

from wagtail_drip.events.conditions import Condition, EventTest

ORDER = {
    "total": "100.00",
    "coupon": "",
    "number": "A-1",
    "gift": True,
    "products": [{"name": "Assam", "category": "Tea"}, {"name": "Mug", "category": "Ware"}],
    "placed_on": "2026-11-22",
}


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        pytest.param("total", "at_least", "99.5", True, id="numbers are compared as numbers"),
        pytest.param("total", "at_least", "100", True, id="at least includes the bound"),
        pytest.param("total", "at_most", "9", False, id="and not as text, where 100 sorts before 9"),
        pytest.param("total", "is", "100", True, id="100.00 is 100"),
        pytest.param("number", "is", "a-1", True, id="case does not matter"),
        pytest.param("number", "is_not", "A-2", True, id="is not"),
        pytest.param("number", "contains", "-1", True, id="contains"),
        pytest.param("coupon", "is_set", "", False, id="an empty text is not set"),
        pytest.param("missing", "is_not_set", "", True, id="a missing property is not set"),
        pytest.param("missing", "is_not", "x", True, id="a missing property is not x"),
        pytest.param("missing", "at_least", "0", False, id="a missing property is at least nothing"),
        pytest.param("gift", "is", "yes", True, id="yes is true"),
        pytest.param("gift", "is", "no", False, id="no is not true"),
        pytest.param("products.category", "is", "tea", True, id="one member of a list is enough"),
        pytest.param("products.category", "is_not", "tea", False, id="and is not means none of them"),
        pytest.param("products.price", "is_set", "", False, id="a property that no member has is not set"),
        pytest.param("placed_on", "at_least", "2026-11-01", True, id="ISO dates sort"),
        pytest.param("total.deep", "is", "1", False, id="looking into a text finds nothing"),
    ],
)
def test_a_condition(name, operator, value, expected):
    assert Condition(property=name, operator=operator, value=value).holds(ORDER) is expected


def test_an_event_test_wants_the_name_and_every_condition():
    dear = Condition(property="total", operator="at_least", value="50")
    gift = Condition(property="gift", operator="is", value="no")

    assert EventTest(event="order_placed", conditions=(dear,)).accepts("order_placed", ORDER)
    assert not EventTest(event="order_placed", conditions=(dear, gift)).accepts("order_placed", ORDER)
    assert not EventTest(event="order_paid").accepts("order_placed", ORDER)
