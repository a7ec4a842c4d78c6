"""The words that every sentence is made of: moments, events, conditions and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.core.listed import listed
from wagtail_drip.enrolments.effects import ANSWERED
from wagtail_drip.events import catalogue
from wagtail_drip.events.condition_blocks import OPERATORS

# Fields of a contact and of an event as people call them; an attribute of a site's own stands by its name.
_PROPERTIES: dict[str, Any] = {
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "language": gettext_lazy("language"),
    "region": gettext_lazy("country"),
    "zone": gettext_lazy("time zone"),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer: what is so, and what would have to happen for it to be otherwise ('' where nothing would)."""

    text: str
    remedy: str = ""


def moment(value: datetime | str | None) -> str:
    """Return a moment with its weekday, by the clock of whoever reads."""
    found = parse_datetime(value) if isinstance(value, str) else value
    if found is None:
        return ""
    local = localtime(found)
    return f"{date_format(local, 'D')} {date_format(local, 'SHORT_DATE_FORMAT')}, {date_format(local, 'H:i')}"


def day(value: datetime | str | None) -> str:
    """Return the day that a moment lies in, with its weekday, by the clock of whoever reads."""
    return moment(value).rpartition(", ")[0]


def event_name(name: str) -> str:
    """Return an event in the editor's words; of several with blanks between, the words of each."""
    if " " in name:
        return " / ".join(event_name(each) for each in name.split())
    if name == ANSWERED:
        return _("Another system answers")
    known = catalogue.find(name)
    return str(known.sentence) if known else name


def readable(value: Any) -> str:
    if value is None or value == "" or value == []:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return listed(str(each) for each in value)
    return str(value)


def property_name(name: str) -> str:
    short = name.removeprefix("contact.").removeprefix("event.")
    return str(_PROPERTIES.get(short, short))


def condition(rule: Mapping[str, Any]) -> str:
    """Return a condition as one reads it: "total is at least 50"."""
    operator = str(dict(OPERATORS).get(rule.get("operator", ""), rule.get("operator", "")))
    parts = [property_name(str(rule.get("property", ""))), operator, str(rule.get("value") or "")]
    return " ".join(part for part in parts if part)


def event_test(rule: Mapping[str, Any]) -> str:
    """Return an event with its conditions: "Places an order (total is at least 50)"."""
    name = event_name(str(rule.get("event", "")))
    tests = listed(condition(each) for each in rule.get("conditions") or ())
    return f"{name} ({tests})" if tests else name
