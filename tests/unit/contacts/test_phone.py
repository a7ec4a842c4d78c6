"""Numbers: read in every dress, hidden from those who may not see them, and in which zones they may live."""

from __future__ import annotations

import sys
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.contacts import phone
from wagtail_drip.contacts.phone import InvalidPhone, Phone


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        pytest.param(
            "07911 123456", "GB", Phone(e164="+447911123456", region="GG"), id="Guernsey shares +44"
        ),
        pytest.param(
            "07400 123456", "gb", Phone(e164="+447400123456", region="GB"), id="national with spaces"
        ),
        pytest.param(
            "+44 (0)7400 123456", "", Phone(e164="+447400123456", region="GB"), id="the (0) in brackets"
        ),
        pytest.param("0044 7400 123456", "", Phone(e164="+447400123456", region="GB"), id="dialled abroad"),
        pytest.param("tel:+1-202-555-0123", "", Phone(e164="+12025550123", region="US"), id="a tel: link"),
        pytest.param(
            "＋８６ １３８ ００１３ ８０００", "", Phone(e164="+8613800138000", region="CN"), id="fullwidth"
        ),
        pytest.param("138 0013 8000", "CN", Phone(e164="+8613800138000", region="CN"), id="China, national"),
        pytest.param("07700 900123", "GB", Phone(e164="+447700900123", region="GB"), id="kept for stories"),
        pytest.param(
            "+800 1234 5678", "", Phone(e164="+80012345678", region=""), id="a number of no country"
        ),
    ],
)
def test_a_number_is_read_in_every_dress(raw: str, region: str, expected: Phone) -> None:
    assert phone.parse(raw, region=region) == expected


@pytest.mark.parametrize(
    ("raw", "region", "remedy"),
    [
        ("07400 123456", "", "Begin with + and the country code"),
        ("hello", "GB", "Enter digits"),
        ("", "GB", "Enter digits"),
        ("+44 7400 12345", "", "Check the digits"),
        ("+999 123456", "", "Begin with +"),
        ("0909 8790000", "GB", "premium-rate"),
        ("1" * 300, "GB", "Enter one number only"),
    ],
)
def test_what_is_no_number_is_refused_with_a_remedy_and_without_the_number(
    raw: str, region: str, remedy: str
) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        phone.parse(raw, region=region)

    assert remedy in str(refusal.value)
    assert not any(digit in str(refusal.value) for digit in "0123456789")


@given(st.text(max_size=80), st.sampled_from(["", "GB", "US", "CN", "ZZ", "england"]))
def test_any_text_is_a_number_or_refused(raw: str, region: str) -> None:
    try:
        found = phone.parse(raw, region=region)
    except InvalidPhone:
        return
    assert phone.parse(found.e164) == found
    assert found.e164.startswith("+")
    assert found.e164[1:].isdecimal()
    assert len(found.e164) <= 16


def test_a_number_is_shown_as_its_owner_writes_it_abroad() -> None:
    assert phone.display("+447400123456") == "+44 7400 123456"
    assert phone.display("60777") == "60777"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+447700900123", "+44 •••• •• 123"),
        ("+12025550123", "+1 •••• •• 123"),
        ("60777", "•••• •• 777"),
        ("", ""),
    ],
)
def test_a_masked_number_shows_its_country_and_its_end(number: str, masked: str) -> None:
    assert phone.mask(number) == masked


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12125550123", {"America/New_York"}),
        ("+8613800138000", {"Asia/Shanghai"}),
        ("+81312345678", {"Asia/Tokyo"}),
        ("+447700900123", {"Europe/London"}),
        ("nonsense", set()),
        ("+80012345678", set()),
    ],
)
def test_a_number_tells_in_which_zones_its_owner_may_live(number: str, zones: set[str]) -> None:
    phone.zones_of.cache_clear()
    assert phone.zones_of(number) == zones


def test_a_toll_free_number_may_live_in_all_of_north_america() -> None:
    assert {"America/New_York", "Pacific/Honolulu"} < phone.zones_of("+18005550123")


def test_without_area_codes_the_country_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with phonenumberslite, which comes without the table of area codes."""
    monkeypatch.setitem(sys.modules, "phonenumbers.timezone", None)
    import phonenumbers

    monkeypatch.delattr(phonenumbers, "timezone", raising=False)
    phone.zones_of.cache_clear()

    found = phone.zones_of("+12125550123")

    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} < found
    assert "America/Toronto" not in found
    assert phone.zones_of("+8613800138000") == {"Asia/Shanghai"}
    phone.zones_of.cache_clear()


def test_every_zone_of_every_country_can_be_loaded() -> None:
    regions: Any = phone._zones_by_region()

    assert len(regions) > 240
    for zones in regions.values():
        for zone in zones:
            ZoneInfo(zone)


@pytest.mark.parametrize(
    "region",
    ["GB", "GG", "US", "CA", "JM", "DE", "IT", "VA", "FR", "RU", "KZ", "AU", "BR", "MX", "NO", "SJ", "FI"],
)
def test_the_zones_are_the_librarys_whatever_kind_of_number_it_is(region):
    library = pytest.importorskip("phonenumbers")
    timezone = pytest.importorskip("phonenumbers.timezone")
    for kind in range(11):
        example = library.example_number_for_type(region, kind)
        if example is None:
            continue
        for last in range(10):
            number = library.format_number(example, library.PhoneNumberFormat.E164)[:-1] + str(last)
            theirs = frozenset(timezone.time_zones_for_number(library.parse(number))) & phone.known_zones()
            assert phone.zones_of(number) == (theirs or phone.zones_of_region(phone.region_of(number)))
