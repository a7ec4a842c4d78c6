"""By which clock somebody is texted, and how sure we are of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Substr
from wagtail.models import Site

from wagtail_drip.compliance import rulebook, times
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.messaging import facts


@dataclass(frozen=True, kw_only=True)
class Clock:
    """
    :param zone: in which sending times are read; '' where nothing tells.
    :param source: ``profile``, ``number``, ``guessed`` or ''.
    :param possible: how many zones the number allows; 1 where their clocks always agree, as Jersey's and London's.
    :param law_is_guessed: whether those have so little in common that legal hours too are kept in one only.
    """

    zone: str
    source: str
    possible: int
    law_is_guessed: bool


def clock_of(contact: Contact, *, now: datetime) -> Clock:
    """Return the clock of a contact, as the default site reads it."""
    if not contact.active_phone:
        zone = facts.known_zone(contact.zone)
        return Clock(zone=zone, source="profile" if zone else "", possible=0, law_is_guessed=False)
    site = core.site_settings(Site.objects.get(is_default_site=True).pk)
    rules = rulebook.read(now.date())
    question = facts.question_of_times(contact.active_phone, contact.zone, site, rules)
    if question.zone:
        source = "profile"
    elif _show_one_time(question.zones, now):
        source = "number"
    else:
        source = "guessed" if times.chosen_zone(question) else ""
    return Clock(
        zone=times.chosen_zone(question),
        source=source,
        possible=1 if _show_one_time(question.zones, now) else len(question.zones),
        law_is_guessed=len(question.zones) > 1 and times.is_zone_guessed(question, now=now),
    )


# As many digits of a number as a country's table of areas may ask for: +1 212 555.
_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """
    :ivar people: whose sending times are read in a zone that neither their profile nor their number tells.
    :ivar by_law: of them, those whose legal hours are kept in that zone only.
    """

    people: int = 0
    by_law: int = 0


def guessed_among(people: QuerySet[Contact], *, site_id: int, now: datetime) -> Guessed:
    """Return for how many of *people* the zone is guessed, by the first digits of their numbers: in one query."""
    by_area = (
        people.filter(zone="", active_phone__isnull=False)
        .order_by()
        .values_list(Substr("active_phone", 1, _DIGITS))
        .annotate(people=Count("pk"), one=Min("active_phone"))
    )
    guessed = by_law = 0
    site, rules = core.site_settings(site_id), rulebook.read(now.date())
    known: dict[tuple[frozenset[str], str], tuple[bool, bool]] = {}
    for _area, n, number in by_area:
        question = facts.question_of_times(number, "", site, rules)
        asked = question.zones, question.region
        if asked not in known:
            is_guessed = len(question.zones) > 1 and not _show_one_time(question.zones, now)
            known[asked] = is_guessed, is_guessed and times.is_zone_guessed(question, now=now)
        is_guessed, law = known[asked]
        guessed += n if is_guessed else 0
        by_law += n if law else 0
    return Guessed(people=guessed, by_law=by_law)


def _show_one_time(zones: frozenset[str], now: datetime) -> bool:
    """Tell whether the clocks of *zones* agree, now and half a year on."""
    moments = (now, now + timedelta(days=182))
    return (
        len({tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments) for zone in zones})
        == 1
    )
