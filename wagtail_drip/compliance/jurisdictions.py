"""
When a country or a state of the USA allows texts: the shipped rules, with source and the day they were read.

``legal_hours.toml`` is the data and says what its fields mean. Owners' changes lie over it (``time_rules``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from . import area_codes
from .quiet_hours import MINUTES_A_DAY, Span, Week, minutes_of


class Kind(StrEnum):
    LAW = "law"
    CARRIER = "carrier"
    BEST = "best"


class Holidays(StrEnum):
    """What public holidays are to a rule, and to a site's own sending times."""

    USUAL = "usual"  # days like others
    SUNDAY = "sunday"
    CLOSED = "closed"


class Standing(StrEnum):
    """How a rule stands to the one that we ship for its place, which is the floor."""

    NO_LOOSER = "no_looser"
    LOOSER = "looser"  # and rests on a reading of somebody's own, no older than ours
    UNREAD = "unread"  # looser, and rests on none: nobody has read anything since we did


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One place's legal hours.

    :param place: ISO 3166 country, or country and subdivision: "US", "US-TX".
    :param read: the day in ISO 8601 on which somebody read the source.
    :param has_marketing_only: the rule speaks of advertisements; news of one's own order is free of it.
    """

    place: str
    week: Week
    kind: Kind
    source: str
    read: str
    url: str = ""
    has_marketing_only: bool = False
    holidays: Holidays = Holidays.USUAL

    def binds(self, *, is_marketing: bool) -> bool:
        """Tell whether a text must obey the rule."""
        if self.kind is Kind.BEST:
            return False
        return is_marketing or not (self.kind is Kind.CARRIER or self.has_marketing_only)


_NEVER: Week = ((),) * 7


def _spans(text: str) -> tuple[Span, ...]:
    return tuple(
        (minutes_of(begin), minutes_of(end)) for begin, end in (span.split("-") for span in text.split())
    )


def _shipped() -> Iterator[Rule]:
    data = tomllib.loads(resources.files(__package__).joinpath("legal_hours.toml").read_text("utf-8"))
    for row in data["rules"]:
        weekdays = row["weekdays"]
        saturday = row.get("saturday", weekdays)
        sunday = row.get("sunday", saturday)
        for place in row["places"]:
            yield Rule(
                place=place,
                week=(_spans(weekdays),) * 5 + (_spans(saturday), _spans(sunday)),
                kind=Kind(row["kind"]),
                source=row["source"],
                url=row.get("url", ""),
                read=row["read"].isoformat(),
                has_marketing_only=row.get("marketing_only", False),
                holidays=Holidays(row.get("holidays", Holidays.USUAL)),
            )


RULES: Mapping[str, Rule] = {rule.place: rule for rule in _shipped()}

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


def rule_for(region: str, subdivision: str = "", *, rules: Mapping[str, Rule] = RULES) -> Rule | None:
    """Return the rule of the state if it has one, else of its country."""
    return rules.get(f"{region}-{subdivision}") or rules.get(region)


def is_looser(rule: Rule, than: Rule | None) -> bool:
    """Tell whether *rule* lets a text go, whoever it is to and whatever it is, that *than* holds back."""
    return any(is_looser_for(rule, than, is_marketing=is_marketing) for is_marketing in (True, False))


def is_looser_for(rule: Rule, than: Rule | None, *, is_marketing: bool) -> bool:
    """Tell whether *rule* lets a text of one kind go, whoever it is to, that *than* holds back."""
    if than is None or not than.binds(is_marketing=is_marketing):
        return False
    return not rule.binds(is_marketing=is_marketing) or _opens_more(rule, than)


def floor_of(rule: Rule) -> Rule | None:
    """Return the shipped rule for a rule's place: its own, or its country's."""
    country, _, subdivision = rule.place.partition("-")
    return rule_for(country, subdivision)


def standing(rule: Rule) -> Standing:
    """Tell how *rule* stands to what we ship for its place."""
    floor = floor_of(rule)
    if floor is None or rule == floor or not is_looser(rule, floor):
        return Standing.NO_LOOSER
    # Only what is read after us, or elsewhere and no earlier, can show that our row is out of date. Days in ISO 8601
    # are in their order.
    is_ours = (_bare(rule.source), _bare(rule.url)) == (_bare(floor.source), _bare(floor.url))
    is_read = rule.read > floor.read or (rule.read == floor.read and not is_ours)
    return Standing.LOOSER if is_read else Standing.UNREAD


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()


def ever_meet(week: Week, other: Week) -> bool:
    """Tell whether two weeks have a minute of some weekday in common."""
    return any(_minutes(week, day) & _minutes(other, day) for day in range(7))


def _opens_more(rule: Rule, than: Rule) -> bool:
    days = [(rule.week, day, than.week, day) for day in range(7)]
    for day in range(7):
        # A holiday may fall on any weekday.
        days.append((*_holiday(rule, day), *_holiday(than, day)))
    return any(not _minutes(week, day) <= _minutes(other, other_day) for week, day, other, other_day in days)


def _holiday(rule: Rule, day: int) -> tuple[Week, int]:
    """Return the week and weekday whose hours a holiday on that weekday has."""
    if rule.holidays is Holidays.CLOSED:
        return _NEVER, day
    return rule.week, 6 if rule.holidays is Holidays.SUNDAY else day


def _minutes(week: Week, day: int) -> set[int]:
    """Return the open minutes of the spans that begin on a weekday, the next day's as 1440 and on."""
    return {
        minute
        for begin, end in week[day]
        for minute in range(begin, end if end > begin else end + MINUTES_A_DAY)
    }


def subdivision_of(number: str, region: str) -> str:
    """Return the state of a number in the USA by its area code; '' elsewhere and where it tells none."""
    if region != "US":
        return ""
    return area_codes.state_of(number)
