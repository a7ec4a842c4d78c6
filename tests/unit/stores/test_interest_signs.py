"""What tells an interest: words that begin in what an event is about, and points that halve with time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wagtail_drip.stores.interest_signs import Fading, Words

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RUNNING, COFFEE, TEA, ART = 1, 2, 3, 4
WORDS = Words(
    {RUNNING: ["running", "Laufschuh"], COFFEE: ["coffee", "咖啡", "Café"], TEA: ["tea"], ART: ["art"], 5: []}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Running shoes", {RUNNING}, id="capitals make no difference"),
        pytest.param("Outrunning everybody", set(), id="a word that ends so is another word"),
        pytest.param("Shoes > Running > Trail", {RUNNING}, id="a path of categories"),
        pytest.param("https://shop.example/running-shoes_12/", {RUNNING}, id="an address"),
        pytest.param("https://shop.example/c/trail_running/", {RUNNING}, id="behind an underscore"),
        pytest.param("Laufschuhe für Damen", {RUNNING}, id="a longer word that begins so"),
        pytest.param("Cart and party", set(), id="art is in neither"),
        pytest.param("Art prints", {ART}, id="art is here"),
        pytest.param("Steak", set(), id="no tea in a steak"),
        pytest.param("Teapot and coffee", {TEA, COFFEE}, id="two at once"),
        pytest.param("现磨咖啡豆", {COFFEE}, id="Chinese puts no space between words"),
        pytest.param("CAFE\u0301 au lait", {COFFEE}, id="an accent written apart"),
        pytest.param("ＣＯＦＦＥＥ", {COFFEE}, id="wide letters"),
        pytest.param("", set(), id="nothing"),
    ],
)
def test_an_interest_is_found_where_one_of_its_words_begins(text: str, expected: set[int]) -> None:
    assert WORDS.found_in(text) == expected


@pytest.mark.parametrize(
    ("event", "properties", "expected"),
    [
        pytest.param(
            "product_viewed", {"name": "Arabica", "category": "Coffee"}, {COFFEE}, id="its category"
        ),
        pytest.param(
            "order_placed",
            {"products": [{"name": "Teapot"}, {"name": "Espresso", "category": "Coffee"}], "number": "art"},
            {TEA, COFFEE},
            id="each product of an order, and not its number",
        ),
        pytest.param("products_searched", {"query": "running"}, {RUNNING}, id="what was searched for"),
        pytest.param("link_clicked", {"url": "https://x.example/coffee/"}, {COFFEE}, id="where a link leads"),
        pytest.param(
            "product_viewed",
            {"name": "Mug", "url": "https://tea.example/mug", "image_url": "https://x.example/art.jpg"},
            set(),
            id="a product's own address says nothing: the shop's name may stand in it",
        ),
        pytest.param("product_viewed", {"name": "coff", "category": "ee"}, set(), id="no word of two values"),
        pytest.param(
            "order_placed", {"products": "coffee", "name": None, "category": ["tea"]}, set(), id="odd values"
        ),
        pytest.param("product_viewed", {"name": True, "products": [None, 7]}, set(), id="odder ones"),
    ],
)
def test_an_event_tells_by_what_it_is_about(
    event: str, properties: dict[str, Any], expected: set[int]
) -> None:
    assert WORDS.told_by(event, properties) == expected


def test_points_halve() -> None:
    fading = Fading(half_life_days=30, least_points=3)

    assert fading.left_of(4, at=NOW - timedelta(days=30), now=NOW) == pytest.approx(2)
    assert fading.left_of(4, at=NOW + timedelta(days=1), now=NOW) == 4  # a clock that is ahead
    assert fading.lasts_until(2.99, now=NOW) is None
    assert fading.lasts_until(3, now=NOW) == NOW
    assert fading.lasts_until(6, now=NOW) == NOW + timedelta(days=30)


@given(
    points=some.lists(some.tuples(some.floats(0.5, 50), some.floats(0, 250)), min_size=1, max_size=20),
    half_life=some.integers(1, 365),
    least=some.integers(1, 20),
    later_hours=some.floats(0, 10_000),
)
def test_the_moment_says_at_any_later_time_what_the_sum_would(
    points: list[tuple[float, float]], half_life: int, least: int, later_hours: float
) -> None:
    fading = Fading(half_life_days=half_life, least_points=least)
    signs = [(n, NOW - timedelta(days=days)) for n, days in points]
    later = NOW + timedelta(hours=later_hours)

    def summed(moment: datetime) -> float:
        return sum(fading.left_of(n, at=at, now=moment) for n, at in signs)

    until = fading.lasts_until(summed(NOW), now=NOW)

    if until is None:
        assert summed(later) < least
    else:
        days_left = (until - later) / timedelta(days=1)
        assert least * 2 ** (days_left / half_life) == pytest.approx(summed(later), rel=1e-6)
