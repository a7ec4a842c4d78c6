"""The short way to a number's country and zones gives what the library would have given, for every country."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone

from wagtail_drip.contacts import numbering, phone

KINDS = [
    value
    for name, value in vars(phonenumbers.PhoneNumberType).items()
    if name.isupper() and isinstance(value, int)
]
CODES = sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def by_the_library(e164: str) -> tuple[str, bool, tuple[str, ...]] | None:
    """Return region, validity and zones as the library tells them."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number) or ""
    return region, phonenumbers.is_valid_number(number), tuple(timezone.time_zones_for_number(number))


def examples() -> Iterator[str]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check(e164: str) -> bool:
    """Compare, and tell whether the short way had an answer."""
    place = numbering.place(e164)
    if place is None:
        return False
    library = by_the_library(e164)
    assert library is not None, e164
    region, is_valid, zones = library
    assert (place.region, place.is_valid) == (region, is_valid), e164
    if is_valid:
        assert numbering.zones_of(e164, place) == zones, e164
    known = frozenset(zones) & phone.known_zones()
    expected = known or phone.zones_of_region(region)
    assert phone.zones_of(e164) == (frozenset({"Asia/Shanghai"}) if region == "CN" else expected), e164
    return True


def test_every_countrys_examples_get_the_librarys_answers_and_nearly_all_the_short_way() -> None:
    numbers = list(examples())
    short = sum(check(number) for number in numbers)
    assert len(numbers) > 1000
    assert short > 0.9 * len(numbers)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CODES), st.text("0123456789", min_size=5, max_size=12))
def test_any_digits_get_the_librarys_answers(code: str, rest: str) -> None:
    check(f"+{code}{rest}"[:16])


@pytest.mark.parametrize(
    "text",
    ["", "+", "447400123456", "+44 7400 123456", "+44０７４００", "+0044", "+44" * 9, "+4407400123456"],
)
def test_what_is_no_plain_number_is_left_to_the_library(text: str) -> None:
    assert numbering.place(text) is None
