"""What compliance has to know of a batch of messages, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import QuerySet

from wagtail_drip.compliance import jurisdictions, rulebook
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.frequency_caps import Pressure
from wagtail_drip.compliance.quiet_hours import Span
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.compliance.types import Destination, Licence, Question
from wagtail_drip.contacts import phone
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact, DataRequest, OptInRequest
from wagtail_drip.contacts.types import Purpose, PurposeGroup, group_of
from wagtail_drip.core import actions as core
from wagtail_drip.core import keys
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared
from wagtail_drip.messaging import claiming, pressure
from wagtail_drip.messaging.models import InboundText
from wagtail_drip.messaging.types import DATA_LICENCE, OPT_IN_LICENCE, TEST_LICENCE, Claimed, People, Person

_NO_ZONES: frozenset[str] = frozenset()
_PERSON = Person._fields


def people_rows(contact_ids: Collection[int]) -> Any:
    """Return the rows of people, not yet read: to be read as they are, or under their lock."""
    return Contact.objects.filter(Among("pk", contact_ids)).values_list(*_PERSON)


_people = prepared(people_rows)


def read_people(contact_ids: Collection[int]) -> People:
    """Return who speaks for each contact now: itself, or the one it was merged into."""
    rows = _people(contact_ids)
    if any(row[-1] is not None for row in rows):
        rows += _people(with_heads(contact_ids) - {row[0] for row in rows})
    return heads(contact_ids, rows)


def with_heads(contact_ids: Collection[int]) -> set[int]:
    """Return the contacts and whomever they were merged into."""
    resolved = contacts.resolve_merged(contact_ids)
    return {*resolved, *resolved.values()}


def heads(contact_ids: Collection[int], rows: Iterable[tuple[Any, ...]]) -> People:
    """Return who speaks for each contact by *rows*; who was merged into somebody not among them is missing."""
    by_id = {row[0]: Person._make(row) for row in rows}
    found = {}
    for contact_id in contact_ids:
        person = by_id.get(contact_id)
        while person is not None and person.merged_into_id is not None:
            person = by_id.get(person.merged_into_id)
        if person is not None:
            found[contact_id] = person
    return found


def questions(
    messages: Sequence[Claimed],
    people: People,
    *,
    now: datetime,
    rules: TimeRules | None = None,
    is_final: bool = False,
) -> list[Question]:
    """
    Return what compliance is asked about each message; each contact must be among *people*.

    :param rules: the pass's, read once; read here where there are none.
    :param is_final: whether the gate asks: see ``pressure.read``.
    """
    rules = rules or rulebook.read()
    sites = compliance.sites({message.site_id for message in messages}, now=now)
    opened = _opened(messages, sites)
    permitted = contacts.permissions(
        {people[message.contact_id].id for message in messages}, {message.site_id for message in messages}
    )
    hashes = keys.hashes_of({people[message.contact_id].active_phone or "" for message in messages} - {""})
    destinations = [
        Destination(
            hashes.get(people[message.contact_id].active_phone or "", ()), message.sender_key, message.site_id
        )
        for message in messages
    ]
    suppressed = compliance.suppressed(set(destinations))
    licences = _licences(messages, people)
    pressed = pressure.read(messages, people, sites, now=now, is_final=is_final)
    return [
        _question(
            message,
            people[message.contact_id],
            sites.get(message.site_id) or SiteSettings(site_id=message.site_id),
            is_open=opened[message.site_id, message.gateway],
            permitted=permitted,
            is_suppressed=destination in suppressed,
            licence=licences.get(message.id),
            rules=rules,
            pressure=pressed.get(message.id),
        )
        for message, destination in zip(messages, destinations, strict=True)
    ]


def _question(
    message: Claimed,
    person: Person,
    site: SiteSettings,
    *,
    is_open: bool,
    permitted: Mapping[tuple[int, int, str, str, str], bool],
    is_suppressed: bool,
    licence: Licence | None,
    rules: TimeRules,
    pressure: Pressure | None,
) -> Question:
    number = person.active_phone or ""
    is_test = message.licence == TEST_LICENCE
    region, zones = "", _NO_ZONES
    subdivision = ""
    if number and not is_test and message.purpose != Purpose.RESPONSE:
        region = phone.region_of(number)
        subdivision = jurisdictions.subdivision_of(number, region)
        zones = _zones(person, number, region, subdivision, message.purpose, rules)
    return Question(
        number=number,
        region=region,
        subdivision=subdivision,
        zones=zones,
        zone=known_zone(person.zone),
        country_zone=known_zone(site.zone) if site.region == region else "",
        purpose=message.purpose,
        permission=_permission(message, person, permitted),
        is_suppressed=is_suppressed,
        is_open=is_open,
        is_staff_number=bool(number) and number in site.test_numbers,
        is_test=is_test,
        windows=site.windows,
        ignores_windows=message.ignores_windows,
        expires_at=message.expires_at,
        licence=licence,
        site_id=message.site_id,
        sequence_id=message.sequence_id,
        rules=rules,
        holidays=site.holidays,
        spread_minutes=site.spread_minutes,
        spread_key=message.key,
        paused_until=person.paused_until,
        own_hours=_own_hours(person),
        pressure=pressure,
        is_restricted=person.restricted_at is not None,
    )


def _own_hours(person: Person) -> Span | None:
    begin, end = person.not_before_hour, person.not_after_hour
    if begin is None and end is None:
        return None
    return (begin or 0) * 60, 24 * 60 if end is None else end * 60


def question_of_times(number: str, zone: str, site: SiteSettings, rules: TimeRules) -> Question:
    """
    Return what the clock is asked about a marketing text to *number* (E.164); nothing but the clock is asked.

    :param zone: the contact's own, as their profile has it.
    """
    region = phone.region_of(number)
    return Question(
        number=number,
        region=region,
        subdivision=jurisdictions.subdivision_of(number, region),
        zones=phone.zones_of(number),
        zone=known_zone(zone),
        country_zone=known_zone(site.zone) if site.region == region else "",
        purpose=Purpose.PROMOTIONAL,
        permission=True,
        is_suppressed=False,
        is_open=True,
        is_staff_number=False,
        is_test=False,
        windows=site.windows,
        ignores_windows=False,
        expires_at=None,
        licence=None,
        site_id=site.site_id,
        rules=rules,
        holidays=site.holidays,
        spread_minutes=site.spread_minutes,
    )


@lru_cache(maxsize=1024)
def known_zone(name: str) -> str:
    """Return *name* if it is a time zone, else '': one profile's nonsense must not stop its neighbours."""
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _zones(
    person: Person, number: str, region: str, subdivision: str, purpose: str, rules: TimeRules
) -> frozenset[str]:
    is_marketing = group_of(purpose) is PurposeGroup.MARKETING
    if known_zone(person.zone) and not rules.binding(region, subdivision, is_marketing=is_marketing):
        return _NO_ZONES  # nothing binds, and the sending times are read in the contact's own zone
    return phone.zones_of(number)


def _permission(
    message: Claimed, person: Person, permitted: Mapping[tuple[int, int, str, str, str], bool]
) -> bool | None:
    of = (person.id, message.site_id, group_of(message.purpose).value, message.channel)
    decided = permitted.get((*of, message.topic))
    return decided if decided is not None else permitted.get((*of, ""))


def _opened(messages: Sequence[Claimed], sites: Mapping[int, SiteSettings]) -> Mapping[tuple[int, str], bool]:
    found = {}
    for site_id, alias in {(message.site_id, message.gateway) for message in messages}:
        # Recovery asks about messages whose gateway may have left the settings meanwhile: to it nothing goes.
        gateway = claiming.find_gateway(alias)
        found[site_id, alias] = (
            gateway is not None and site_id in sites and core.is_open(sites[site_id], account=gateway.account)
        )
    return found


def _licences(messages: Sequence[Claimed], people: People) -> dict[int, Licence]:
    """
    Return what each response is licensed by: an inbound text, if it came from the number that the response would go
    to, or the request of the one whom it would go to: to opt in, unless they have said no since, or to see their data.
    """
    return {
        **_licences_of_texts(messages, people),
        **_licences_of_requests(
            messages, people, OPT_IN_LICENCE, OptInRequest.objects.exclude(state="withdrawn")
        ),
        **_licences_of_requests(messages, people, DATA_LICENCE, DataRequest.objects.filter(state="waiting")),
    }


def _licences_of_requests(
    messages: Sequence[Claimed], people: People, prefix: str, requests_of_all: QuerySet[Any]
) -> dict[int, Licence]:
    asked = {
        message.id: int(message.licence.removeprefix(prefix))
        for message in messages
        if message.licence.startswith(prefix) and message.licence[len(prefix) :].isdecimal()
    }
    if not asked:
        return {}
    rows = requests_of_all.filter(pk__in=set(asked.values()))
    requests = {
        pk: (contact_id, Licence(requested_at))
        for pk, contact_id, requested_at in rows.values_list("pk", "contact_id", "requested_at")
    }
    found = {}
    for message in messages:
        contact_id, licence = requests.get(asked.get(message.id, 0), (0, None))
        # Whose number it was must still be theirs: nobody else has asked for anything.
        if licence is not None and contact_id == people[message.contact_id].id:
            found[message.id] = licence
    return found


def _licences_of_texts(messages: Sequence[Claimed], people: People) -> dict[int, Licence]:
    asked = {
        message.id: int(message.licence.removeprefix("inbound:"))
        for message in messages
        if message.licence.startswith("inbound:") and message.licence[8:].isdecimal()
    }
    if not asked:
        return {}
    texts = {
        pk: (number, Licence(recorded_at, verdict == "stop"))
        for pk, number, recorded_at, verdict in InboundText.objects.filter(
            pk__in=set(asked.values())
        ).values_list("pk", "from_number", "recorded_at", "verdict")
    }
    found = {}
    for message in messages:
        number, licence = texts.get(asked.get(message.id, 0), ("", None))
        if licence is not None and number == people[message.contact_id].active_phone:
            found[message.id] = licence
    return found
