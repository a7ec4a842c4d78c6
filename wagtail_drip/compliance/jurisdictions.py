"""
When a country or a state of the USA allows texts, as data: each rule with its kind, its source and the day it
was read. Pure. Not legal advice; what binds is the law itself.

``law`` binds marketing and transactional texts. ``carrier`` binds marketing: the network refuses or filters it.
``best`` is custom; it binds nobody and is shown as advice, for the site's own sending times are narrower.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from . import area_codes
from .quiet_hours import Span, Week, minutes_of


class Kind(StrEnum):
    LAW = "law"
    CARRIER = "carrier"
    BEST = "best"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One place's sending times.

    :param place: ISO 3166 country, or country and subdivision: "US", "US-TX".
    :param has_marketing_only: the rule speaks of advertisements; news of one's own order is free of it.
    """

    place: str
    week: Week
    kind: Kind
    source: str
    read: str
    has_marketing_only: bool = False


READ = "2026-11-21"


def _spans(text: str) -> tuple[Span, ...]:
    return tuple(
        (minutes_of(begin), minutes_of(end)) for begin, end in (span.split("-") for span in text.split())
    )


def _week(weekdays: str, saturday: str | None = None, sunday: str | None = None) -> Week:
    """Return a week from "08:00-20:00"; '' is closed, None is as on the day before."""
    saturday = weekdays if saturday is None else saturday
    sunday = saturday if sunday is None else sunday
    return (_spans(weekdays),) * 5 + (_spans(saturday), _spans(sunday))


def _rules(
    places: str, week: Week, kind: Kind, source: str, *, has_marketing_only: bool = False
) -> list[Rule]:
    return [
        Rule(
            place=place,
            week=week,
            kind=kind,
            source=source,
            read=READ,
            has_marketing_only=has_marketing_only,
        )
        for place in places.split()
    ]


_TRADE = (
    "summaries of state telephone solicitation acts in the trade press; sources differ, the stricter is kept"
)
_KNOWN = "commonly known; not read at its source"

RULES: dict[str, Rule] = {
    rule.place: rule
    for rule in [
        # Whether it binds texts that somebody agreed to is in dispute (petition of 2025); it is kept.
        *_rules("US", _week("08:00-21:00"), Kind.LAW, "47 CFR 64.1200(c)(1)"),
        # The legislature's bill 140 made it hold for texts from 2025-09-01.
        *_rules("US-TX", _week("09:00-21:00", sunday="12:00-21:00"), Kind.LAW, "Texas SB 140; " + _TRADE),
        *_rules("US-FL US-OK US-MD US-WA US-NJ US-MA US-WY", _week("08:00-20:00"), Kind.LAW, _TRADE),
        *_rules("US-CT US-NV", _week("09:00-20:00"), Kind.LAW, _TRADE),
        *_rules("US-AL US-LA US-MS", _week("08:00-20:00", sunday=""), Kind.LAW, _TRADE),
        *_rules("US-KY", _week("10:00-21:00"), Kind.LAW, _TRADE),
        *_rules("US-MI US-MN US-NM US-CA US-IL", _week("09:00-21:00"), Kind.LAW, _TRADE),
        *_rules("US-RI", _week("09:00-18:00", "10:00-17:00", ""), Kind.LAW, _TRADE),
        *_rules("US-PA US-SD US-UT US-NE", _week("09:00-21:00", sunday="13:00-21:00"), Kind.LAW, _TRADE),
        *_rules(
            "CA",
            _week("09:00-21:30", "10:00-18:00"),
            Kind.BEST,
            "CRTC telemarketing rules, which speak of calls; CASL names no hours",
        ),
        *_rules(
            "FR",
            _week("08:00-22:00", sunday=""),
            Kind.CARRIER,
            "help.brevo.com on texts to France; décret 2022-1313 speaks of calls only",
        ),
        *_rules("GB", _week("08:00-21:00", sunday="10:00-20:00"), Kind.BEST, "PECR names no hours"),
        *_rules("DE AT CH", _week("09:00-20:00", sunday=""), Kind.BEST, "§ 7 UWG names no hours"),
        *_rules("ES", _week("09:00-21:00"), Kind.BEST, _KNOWN),
        *_rules("IT NL DK FI NO SE PL", _week("09:00-20:00"), Kind.BEST, _KNOWN),
        # Outside these hours the exchange (DLT) refuses with 651 EC_INVALID_PROMO_TIME.
        *_rules(
            "IN", _week("10:00-21:00"), Kind.LAW, "TRAI TCCCPR; smsgatewayhub.com", has_marketing_only=True
        ),
        *_rules(
            "CN",
            _week("08:00-22:00"),
            Kind.CARRIER,
            "Tencent Cloud's error code and Huawei Cloud's FAQ on marketing texts",
        ),
        *_rules("HK TW SG JP", _week("09:00-21:00"), Kind.BEST, "no rule of hours found"),
        *_rules(
            "KR",
            _week("08:00-21:00"),
            Kind.LAW,
            "Network Act article 50(3): advertisements at night need a consent of their own",
            has_marketing_only=True,
        ),
        *_rules(
            "AU",
            _week("09:00-20:00", "09:00-17:00", ""),
            Kind.BEST,
            "telemarketing standard, which speaks of calls; the Spam Act names no hours",
        ),
        *_rules(
            "AE", _week("07:00-21:00"), Kind.CARRIER, "twilio.com guidelines for the United Arab Emirates"
        ),
        *_rules("SA", _week("09:00-20:00"), Kind.CARRIER, _KNOWN),
        *_rules("TR", _week("09:00-22:00"), Kind.CARRIER, _KNOWN),
        *_rules(
            "ZA",
            _week("08:00-20:00", "09:00-13:00", ""),
            Kind.LAW,
            "Consumer Protection Act, regulation of 2011",
            has_marketing_only=True,
        ),
        *_rules("BR", _week("09:00-21:00", "10:00-16:00", ""), Kind.BEST, "self-regulation of the trade"),
    ]
}

# Where a country has several zones and a number does not tell which: the zone of most of its people.
DEFAULT_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}


def rule_for(region: str, subdivision: str = "") -> Rule | None:
    """Return the rule of the state if it has one, else of its country."""
    return RULES.get(f"{region}-{subdivision}") or RULES.get(region)


@lru_cache(maxsize=1024)
def binding_week(region: str, subdivision: str, *, is_marketing: bool) -> Week | None:
    """Return the week that binds a text to this place; None if the place names no hours."""
    rule = rule_for(region, subdivision)
    if rule is None or rule.kind is Kind.BEST:
        return None
    if not is_marketing and (rule.kind is Kind.CARRIER or rule.has_marketing_only):
        return None
    return rule.week


def subdivision_of(number: str, region: str) -> str:
    """Return the state of a number in the USA by its area code; '' elsewhere and where it tells none."""
    if region != "US":
        return ""
    return area_codes.state_of(number)
