"""
Where a number in E.164 belongs, by the library's own patterns, each country's put together into one expression.

The library asks the same of any text that people type, through a dozen expressions a number: 60 microseconds,
more than all else that a pass does to a row. What is out of the ordinary here is left to it, and a test compares
the answers over every country's numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, NamedTuple

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Kinds whose numbers tell nothing of where somebody is.
_PLACELESS = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
_LONGEST_CODE = 3
# Kinds of numbers that are given out, the most particular first.
_GIVEN_OUT = ("placeless", "fixed", "mobile")


class Place(NamedTuple):
    """
    :ivar region: ISO 3166, 001 for the world's own numbers, or '' where the library finds none.
    :ivar is_valid: whether such numbers are given out at all.
    :ivar is_of_an_area: whether its first digits tell an area rather than only the country.
    """

    region: str
    is_valid: bool
    is_of_an_area: bool


class _Patterns(NamedTuple):
    general: re.Pattern[str]
    placeless: re.Pattern[str]
    fixed: re.Pattern[str]
    mobile: re.Pattern[str]


@lru_cache(maxsize=10_000)
def place(e164: str) -> Place | None:
    """Return where the number belongs, or None where the library has to be asked."""
    if _E164.fullmatch(e164) is None:
        return None
    code = code_of(e164)
    regions, national = _regions(code), e164[len(code) + 1 :]
    if not regions or national[:1] in {"", "0"} or _prefix_of(regions[0]).match(national):
        return None
    region, kind = _region(regions, national)
    if not region or region == "001":
        return None
    if kind == "":
        return Place(region, False, False)
    if kind in {"placeless", "fixed"}:
        return Place(region, True, kind == "fixed")
    return Place(region, kind == "mobile", _has_area_mobiles(code))


def zones_of(e164: str, known: Place) -> tuple[str, ...]:
    """
    Return the time zones of a number's area, or of its country where its digits tell no more; () for neither.

    :raises ImportError: with phonenumberslite, which has no table of them.
    """
    if not known.is_valid:
        return ()
    table, longest = _zone_table()
    digits = e164[1 : longest + 1] if known.is_of_an_area else code_of(e164)
    for length in range(len(digits), 0, -1):
        found = table.get(digits[:length])
        if found is not None:
            return found
    return ()


@cache
def _has_area_mobiles(code: str) -> bool:
    import phonenumbers

    return bool(phonenumbers.is_number_type_geographical(phonenumbers.PhoneNumberType.MOBILE, int(code)))


@cache
def _zone_table() -> tuple[dict[str, tuple[str, ...]], int]:
    from phonenumbers import tzdata

    return tzdata.TIMEZONE_DATA, tzdata.TIMEZONE_LONGEST_PREFIX


def code_of(e164: str) -> str:
    """Return the digits of the number's country code; '' where there is no such country."""
    for length in range(1, _LONGEST_CODE + 1):
        if _regions(e164[1 : length + 1]):
            return e164[1 : length + 1]
    return ""


@cache
def _codes() -> dict[str, tuple[str, ...]]:
    import phonenumbers

    return {str(code): tuple(regions) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


def _regions(code: str) -> tuple[str, ...]:
    return _codes().get(code, ())


def _region(regions: tuple[str, ...], national: str) -> tuple[str, str]:
    """Return the region, '' for none of them, and the number's kind in it."""
    if len(regions) == 1:
        return regions[0], _kind(regions[0], national)
    for region in regions:
        leading = _leading_digits(region)
        if leading is None:
            kind = _kind(region, national)
            if kind in _GIVEN_OUT:
                return region, kind
        elif leading.match(national):
            return region, _kind(region, national)
    return "", ""


def _kind(region: str, national: str) -> str:
    """Return what kind of number it is: '' where the region has none of that length and form."""
    patterns = _patterns(region)
    if not patterns.general.fullmatch(national):
        return ""
    for kind in _GIVEN_OUT:
        if getattr(patterns, kind).fullmatch(national):
            return kind
    return "other"


def _metadata(region: str) -> Any:
    import phonenumbers

    return phonenumbers.PhoneMetadata.metadata_for_region(region, None)


@cache
def _leading_digits(region: str) -> re.Pattern[str] | None:
    metadata = _metadata(region)
    return re.compile(metadata.leading_digits) if metadata and metadata.leading_digits else None


_NEVER = re.compile(r"(?!)")


@cache
def _prefix_of(region: str) -> re.Pattern[str]:
    """Return what the library would take off the front of a national number: with it, it is no plain E.164."""
    metadata = _metadata(region)
    prefix = metadata.national_prefix_for_parsing if metadata else None
    return re.compile(prefix) if prefix else _NEVER


@cache
def _patterns(region: str) -> _Patterns:
    metadata = _metadata(region)
    if metadata is None:
        return _Patterns(_NEVER, _NEVER, _NEVER, _NEVER)
    return _Patterns(
        general=_any_of([metadata.general_desc]),
        placeless=_any_of(getattr(metadata, kind) for kind in _PLACELESS),
        fixed=_any_of([metadata.fixed_line]),
        mobile=_any_of([] if metadata.same_mobile_and_fixed_line_pattern else [metadata.mobile]),
    )


def _any_of(kinds: Iterable[Any]) -> re.Pattern[str]:
    """Return one expression for numbers that any of the library's descriptions fits, by length and by pattern."""
    wanted = []
    for kind in kinds:
        if kind is not None and kind.national_number_pattern:
            lengths = "|".join(f"[0-9]{{{length}}}" for length in kind.possible_length)
            of_length = rf"(?=(?:{lengths})\Z)" if lengths else ""
            wanted.append(f"{of_length}(?:{kind.national_number_pattern})")
    return re.compile("|".join(wanted)) if wanted else _NEVER
