"""Numbers: reading, showing, hiding, and the time zones they allow. Uses only what phonenumberslite has."""

from __future__ import annotations

import re
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from types import ModuleType
from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import numbering
from wagtail_drip.exceptions import WagtailDripError

_LONGEST = 64  # Longer than any number that somebody types with its spaces and words.
_SCHEME = re.compile(r"^\s*(?:tel|sms)\s*:", re.IGNORECASE)
# Set aside for stories, and so refused by the numbering plan: examples and rehearsals need numbers that nobody
# has. Sources: Ofcom, "Telephone numbers for use in TV and radio drama programmes"; ARCEP, décision 2018-0881.
_FICTION = {"GB": re.compile(r"\+447700900\d{3}"), "FR": re.compile(r"\+3363998\d{4}")}
# One country, one legal time: tzdata lists Urumqi, but clocks in China show Beijing time.
_LEGAL_ZONE = {"CN": frozenset({"Asia/Shanghai"})}

REASONS = {
    "too_long": _("This is too long for a phone number. Enter one number only."),
    "no_country": _("The country of this phone number is not known. Begin with + and the country code."),
    "no_number": _("This is not a phone number. Enter digits, beginning with + and the country code."),
    "no_such_number": _(
        "There is no such phone number. Check the digits, and begin with + and the country code."
    ),
    "premium_rate": _("This is a premium-rate number. Enter a mobile number."),
}


class InvalidPhone(WagtailDripError):
    """
    What was typed is not a phone number that can be texted.

    :ivar code: why, for who words it later and in another language: a key of ``REASONS``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(str(REASONS[code]))
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A number in E.164, and its country (ISO 3166; '' where it belongs to none, as +800 does)."""

    e164: str
    region: str


@cache
def _phonenumbers() -> ModuleType:
    # Imported at first use: its metadata costs a management command 50 ms that it may not need.
    import phonenumbers

    return phonenumbers


def parse(raw: str, *, region: str = "") -> Phone:
    """
    Return the number that *raw* means.

    :param region: the country (ISO 3166) in which a number without country code is meant.
    :raises InvalidPhone: naming what to do about it, never the number.
    """
    library = _phonenumbers()
    if len(raw) > _LONGEST:
        raise InvalidPhone("too_long")
    text = _SCHEME.sub("", raw).strip()
    country = region.strip().upper() or None
    if country is None and text.startswith("00"):
        text = (
            f"+{text[2:]}"  # How most of the world dials abroad; nothing else is possible without a country.
        )
    try:
        number = library.parse(text, country)
    except library.NumberParseException as error:
        if error.error_type == library.NumberParseException.INVALID_COUNTRY_CODE:
            raise InvalidPhone("no_country") from None
        raise InvalidPhone("no_number") from None
    e164 = library.format_number(number, library.PhoneNumberFormat.E164)
    if not library.is_valid_number(number) and not _fictional_region(e164):
        raise InvalidPhone("no_such_number")
    if library.number_type(number) == library.PhoneNumberType.PREMIUM_RATE:
        # Texts to such numbers pay whoever asked for them.
        raise InvalidPhone("premium_rate")
    return Phone(e164=e164, region=region_of(e164))


def _fictional_region(e164: str) -> str:
    return next((region for region, numbers in _FICTION.items() if numbers.fullmatch(e164)), "")


def _read(e164: str) -> Any:
    """Return the library's number; None for what is no number in E.164."""
    library = _phonenumbers()
    try:
        return library.parse(e164, None)
    except library.NumberParseException:
        return None


def display(e164: str) -> str:
    """Return the number as its owner would write it abroad: ``+44 7700 900123``."""
    number = _read(e164)
    if number is None:
        return e164
    library = _phonenumbers()
    shown: str = library.format_number(number, library.PhoneNumberFormat.INTERNATIONAL)
    return shown


def mask(e164: str) -> str:
    """Return the number for those who may not see it: ``+44 •••• •• 123``."""
    if not e164:
        return ""
    number = _read(e164)
    start = f"+{number.country_code} " if number is not None else ""
    return f"{start}•••• •• {e164[-3:]}"


@lru_cache(maxsize=10_000)
def region_of(e164: str) -> str:
    """Return the number's country (ISO 3166); '' where it belongs to none."""
    known = numbering.place(e164)
    if known is not None:
        return known.region
    number = _read(e164)
    found = _phonenumbers().region_code_for_number(number) if number is not None else ""
    region = found or _fictional_region(e164)
    return region if region.isalpha() else ""  # 001 is the world


@lru_cache(maxsize=10_000)
def zones_of(e164: str) -> frozenset[str]:
    """
    Return every time zone in which this number's owner may live; empty where nothing is known.

    By area code where the full ``phonenumbers`` is installed, else by country.
    """
    region = region_of(e164)
    if region in _LEGAL_ZONE:
        return _LEGAL_ZONE[region]
    return _zones_by_prefix(e164) or zones_of_region(region)


def _zones_by_prefix(e164: str) -> frozenset[str]:
    try:
        from phonenumbers import timezone
    except ImportError:  # phonenumberslite comes without it
        return frozenset()
    known = numbering.place(e164)
    if known is not None:
        return _only_known(numbering.zones_of(e164, known))
    number = _read(e164)
    return _only_known(tuple(timezone.time_zones_for_number(number))) if number is not None else frozenset()


@lru_cache(maxsize=1024)
def _only_known(names: tuple[str, ...]) -> frozenset[str]:
    # The library's answer for a number that it does not know, Etc/Unknown, is no zone.
    return known_zones().intersection(names)


@cache
def known_zones() -> frozenset[str]:
    """Return the names that zoneinfo can load."""
    return frozenset(zoneinfo.available_timezones())


def zones_of_region(region: str) -> frozenset[str]:
    """Return the time zones of a country (ISO 3166), from tzdata's own table."""
    if region in _LEGAL_ZONE:
        return _LEGAL_ZONE[region]
    return _zones_by_region().get(region, frozenset())


@cache
def regions() -> frozenset[str]:
    """Return the countries (ISO 3166) whose time zones are known."""
    return frozenset(_zones_by_region())


@cache
def _zones_by_region() -> dict[str, frozenset[str]]:
    zones: defaultdict[str, set[str]] = defaultdict(set)
    for line in _zone_table():
        if line and not line.startswith("#"):
            region, _, zone, *_ = line.split("\t")
            zones[region].add(zone)
    return {region: frozenset(found) for region, found in zones.items()}


def _zone_table() -> Iterator[str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab")
    yield from table.read_text(encoding="utf-8").splitlines()
