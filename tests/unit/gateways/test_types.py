from __future__ import annotations

from decimal import Decimal

import pytest

from wagtail_drip.gateways.types import InboundEvent, RawRequest, price_of, segment_count, with_query


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2", 2),
        ("0", 0),
        ("255", 255),
        ("256", None),
        ("-1", None),
        ("9" * 5000, None),
        ("²", None),
        (True, None),
        (None, None),
    ],
)
def test_segment_count(value: object, expected: int | None) -> None:
    assert segment_count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-0.0075", Decimal("0.0075")),
        (0.5, Decimal("0.5")),
        ("0", Decimal(0)),
        ("1e9", None),
        ("NaN", None),
        ("Infinity", None),
        ("sNaN", None),
        ("free", None),
        (None, None),
    ],
)
def test_price_of(value: object, expected: Decimal | None) -> None:
    assert price_of(value) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/a/", "https://shop.example/a/?ref=r+1%26"),
        ("https://shop.example/a/?x=&y=2", "https://shop.example/a/?x=&y=2&ref=r+1%26"),
        ("https://shop.example/a/?ref=old&y=2#z", "https://shop.example/a/?y=2&ref=r+1%26#z"),
    ],
)
def test_with_query_sets_a_parameter_once(url: str, expected: str) -> None:
    assert with_query(url, ref="r 1&") == expected


def test_a_kept_request_loses_its_proof_and_nothing_else() -> None:
    request = RawRequest.build(
        method="post",
        url="https://shop.example/a/?ref=r+1&secret=s3cret&x=",
        headers={"content-type": "application/x-www-form-urlencoded", "authorization": "Bearer s3cret"},
        body=b"a=1&a=2&b=%00",
        remote_addr="192.0.2.1",
    )

    kept = request.to_json()
    again = RawRequest.from_json(kept)

    assert "s3cret" not in str(kept)
    assert (again.method, again.url) == ("POST", "https://shop.example/a/?ref=r+1&x=")
    assert (again.form, again.query) == ({"a": ["1", "2"], "b": ["\x00"]}, {"ref": ["r 1"], "x": [""]})
    assert again.body == request.body
    assert again.headers["CONTENT-TYPE"] == "application/x-www-form-urlencoded"


def test_an_event_holds_nothing_that_a_database_refuses() -> None:
    event = InboundEvent(from_number="+44\x00", to_number="", text="\ude00a\x00b😀\ud83d")

    assert (event.from_number, event.text) == ("+44", "ab😀")
