from __future__ import annotations

import pytest

from wagtail_drip.admin.contacts.timeline import page_number


@pytest.mark.parametrize(
    ("raw", "page"),
    [
        ("2", 2),
        (None, 1),
        ("", 1),
        ("0", 1),
        ("-1", 1),
        ("two", 1),
        pytest.param("²", 1, id="a digit that is no number"),
        pytest.param("9" * 30, 1, id="more than a database can count"),
    ],
)
def test_an_address_asks_for_a_page(raw: str | None, page: int) -> None:
    assert page_number(raw) == page
