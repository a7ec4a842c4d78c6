"""Whom a clock's trigger concerns, a chunk at a time in the order of contacts, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import (
    BigIntegerField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from wagtail_drip.contacts import phone
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact, ContactDate, ContactTag, Permission
from wagtail_drip.contacts.types import Channel, group_of
from wagtail_drip.core import sites
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments import entry, for_whom, gather, occasions
from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.enrolments.occasions import Window
from wagtail_drip.events import moments
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.triggers import Timed
from wagtail_drip.sequences.types import Running

_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """
    :ivar occasion: what a clock's trigger is about; '' where an event is.
    :ivar since: goals and exits count what is recorded after it.
    """

    contact_id: int
    occasion: str
    since: datetime
    site_id: int
    trigger: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """:ivar cursor: where the next one begins; None when this was the last."""

    candidates: Sequence[Candidate]
    cursor: int | None


@dataclass(frozen=True, kw_only=True)
class Place:
    site_id: int
    zone: str


def place_of(running: Running) -> Place:
    """Return the site that people enter for who come by no event: the sequence's, else the default one."""
    site_id = running.site_id
    if site_id is None:
        site_id = sites.default_id() or 0
    zone = SiteSettings.objects.filter(site_id=site_id).values_list("zone", flat=True).first() or ""
    return Place(site_id=site_id, zone=zone if gather.is_zone(zone) else "UTC")


def with_a_date(
    timed: Timed, window: Window, place: Place, *, after: int, limit: int, of: Collection[int] | None = None
) -> Chunk:
    """Return whose date, moved by the trigger's days, has its time of day in *window*; *of* none but these contacts."""
    firing = occasions.local_days(window, timed.time, phone.known_zones())
    days = {day for each in firing.values() for day in each}
    wanted = [found for _day, found in occasions.dates_for(timed, days)]
    if not wanted:
        return Chunk(candidates=(), cursor=None)
    rows = _of(ContactDate.objects.filter(name=timed.attribute, contact_id__gt=after), of)
    if timed.yearly:
        on_day = Q()
        for month, day in {pair for found in wanted for pair in occasions.come_round_on(found)}:
            on_day |= Q(month=month, day=day)
        rows = rows.filter(on_day)
    else:
        rows = rows.filter(on__in=wanted)
    found = list(rows.order_by("contact_id").values_list("contact_id", "month", "day", "on")[:limit])
    people = _people([contact_id for contact_id, *_ in found])
    candidates = []
    for contact_id, month, day, on in found:
        contact = people.get(contact_id)
        if contact is None:
            continue
        zone = gather.zone_of(contact, place.zone)
        for local, occasion in occasions.dates_for(timed, firing.get(zone, ())):
            comes = occasions.anniversary(month, day, occasion.year) if timed.yearly else on
            if comes == occasion:
                candidates.append(
                    Candidate(
                        contact_id=contact_id,
                        occasion=occasions.date_key(timed, occasion),
                        since=occasions.moment_of(local, timed.time, gather.zone_info(zone)),
                        site_id=place.site_id,
                    )
                )
    return Chunk(candidates=candidates, cursor=found[-1][0] if len(found) == limit else None)


def silent(
    timed: Timed,
    window: Window,
    running: Running,
    place: Place,
    *,
    after: int,
    limit: int,
    of: Collection[int] | None = None,
) -> Chunk:
    """Return for whom the trigger's event last happened so long ago that the silence is complete in *window*."""
    silence = timedelta(days=timed.silent_days)
    tallies = EventTally.objects.filter(
        name=timed.event,
        last_at__gt=window.since - silence,
        last_at__lte=window.until - silence,
        contact_id__gt=after,
    )
    rows = (
        _of(tallies, of).order_by("contact_id").values_list("contact_id", "last_at", "last_event_id")[:limit]
    )
    found = list(rows)
    alive = _latest_of_their_families(timed.event, {contact_id: at for contact_id, at, _ in found})
    of_events = dict(Event.objects.filter(Among("pk", [pk for *_, pk in found])).values_list("pk", "site_id"))
    candidates = [
        Candidate(
            contact_id=contact_id,
            occasion=occasions.inactive_key(event_id),
            since=last_at + silence,
            site_id=of_events.get(event_id, place.site_id),
        )
        for contact_id, last_at, event_id in found
        if contact_id in alive and running.site_id in (None, of_events.get(event_id, place.site_id))
    ]
    return Chunk(candidates=candidates, cursor=found[-1][0] if len(found) == limit else None)


def _of(rows: QuerySet[_Row], people: Collection[int] | None) -> QuerySet[_Row]:
    return rows if people is None else rows.filter(Among("contact_id", people))


def next_silence(timed: Timed, *, now: datetime) -> datetime | None:
    """Return when the next silence is complete after *now*, if nothing happens meanwhile; None for none."""
    silence = timedelta(days=timed.silent_days)
    soonest = EventTally.objects.filter(name=timed.event, last_at__gt=now - silence).aggregate(
        soonest=Min("last_at")
    )["soonest"]
    return soonest + silence if soonest is not None else None


def already(running: Running, window: Window, *, after: int, limit: int) -> Chunk:
    """Return to whom the trigger's event happened in *window*, each with the last time it did."""
    test, flow = running.flow.trigger, running.flow
    if test is None:
        return Chunk(candidates=(), cursor=None)
    people = list(
        EventTally.objects.filter(name=test.event, last_at__gt=window.since, contact_id__gt=after)
        .order_by("contact_id")
        .values_list("contact_id", flat=True)[:limit]
    )
    latest: dict[tuple[int, str], Candidate] = {}
    rows = Event.objects.filter(Among("contact_id", people), name=test.event).order_by("recorded_at", "pk")
    for row in rows:
        at = moments.of(row)
        seen = gather.seen(row)
        is_meant = at in window and running.site_id in (None, row.site_id) and entry.is_triggered(flow, seen)
        if is_meant and row.contact_id is not None:
            latest[row.contact_id, entry.dedupe_key(flow, seen)] = Candidate(
                contact_id=row.contact_id, occasion="", since=at, site_id=row.site_id, trigger=seen
            )
    out = for_whom.kept_out((each.contact_id, flow) for each in latest.values())
    meant = [each for each in latest.values() if (each.contact_id, flow.entry) not in out]
    return Chunk(candidates=meant, cursor=people[-1] if len(people) == limit else None)


def _latest_of_their_families(name: str, last: Mapping[int, datetime]) -> set[int]:
    """Return the contacts whom no other row of the same person, merged with theirs, shows to be active since."""
    heads = contacts.resolve_merged(last)
    merged = dict(
        Contact.objects.filter(Among("merged_into_id", set(heads.values()))).values_list(
            "pk", "merged_into_id"
        )
    )
    if not merged and all(pk == head for pk, head in heads.items()):
        return set(last)
    head_of = {**{head: head for head in heads.values()}, **{pk: head or pk for pk, head in merged.items()}}
    latest: dict[int, datetime] = {}
    for contact_id, at in EventTally.objects.filter(
        Among("contact_id", {*head_of, *heads}), name=name
    ).values_list("contact_id", "last_at"):
        head = heads.get(contact_id) or head_of[contact_id]
        latest[head] = max(latest.get(head, at), at)
    return {pk for pk, at in last.items() if latest.get(heads[pk], at) <= at}


def on_schedule(
    timed: Timed, window: Window, running: Running, place: Place, *, after: int, limit: int
) -> Chunk:
    """Return the audience's people in whose zone a scheduled day's time lies in *window*."""
    firing = {
        zone: kept
        for zone, days in occasions.local_days(window, timed.time, phone.known_zones()).items()
        if (kept := [day for day in days if occasions.scheduled(timed, day)])
    }
    if not firing:
        return Chunk(candidates=(), cursor=None)
    people = audience(running.flow, place, after=after).filter(_perhaps_in(firing, place))
    found = list(people.order_by("pk")[:limit])
    candidates = [
        Candidate(
            contact_id=contact.pk,
            occasion=occasions.schedule_key(day),
            since=occasions.moment_of(day, timed.time, gather.zone_info(zone)),
            site_id=place.site_id,
        )
        for contact in found
        for zone in (gather.zone_of(contact, place.zone),)
        # Of several days in one window, after a stop, the last: one text about it is enough.
        for day in firing.get(zone, [])[-1:]
    ]
    return Chunk(candidates=candidates, cursor=found[-1].pk if len(found) == limit else None)


def _perhaps_in(firing: Collection[str], place: Place) -> Q:
    """Narrow to who may live by one of these zones: rather too many than too few, for each is asked once more."""
    zones = set(firing)
    regions = {
        region
        for region in phone.regions()
        # Several zones: the number does not tell, or an area code does, so that the site's zone may count.
        if zones & phone.zones_of_region(region)
        or (place.zone in zones and len(phone.zones_of_region(region)) != 1)
    }
    without = Q(zone="") & (Q(region__in=regions) | (Q(region="") | ~Q(region__in=phone.regions())))
    return Q(zone__in=zones) | without


@dataclass(frozen=True, kw_only=True)
class Some:
    """
    Some of the audience, by chance and the same ones whenever they are asked for.

    Not the first by their ids, who are the oldest customers. Their ids are scattered over a ring by a factor that
    has no divisor in common with it, and who falls into its first part is meant: so are as many of any hundred
    that follow each other.
    """

    seed: int
    share: int

    @classmethod
    def about(cls, n: int, *, of: int, seed: int) -> Some:
        """Return about *n* of so many people, rather more than fewer; who takes them counts."""
        return cls.at(seed * _APART, n=n, of=of)

    @classmethod
    def at(cls, place: int, *, n: int, of: int) -> Some:
        """Return as many from this place of the ring on."""
        wanted = PLACES * (n + 2) // max(of, 1) + 1
        return cls(seed=place % PLACES, share=min(wanted, PLACES))

    @property
    def next_place(self) -> int:
        """Return from which place on others than these are."""
        return (self.seed - self.share) % PLACES

    def of(self, people: QuerySet[Contact]) -> QuerySet[Contact]:
        """Return those of *people* who are meant, in the order of their places."""
        place = ExpressionWrapper((F("pk") * _FACTOR + self.seed) % PLACES, output_field=BigIntegerField())
        return people.alias(place=place).filter(place__lt=self.share).order_by("place", "pk")


# Primes, so that neighbours' ids fall far apart, and all places come before one comes again.
PLACES, _FACTOR, _APART = 100_003, 61_813, 7_919


def at_once(
    timed: Timed,
    running: Running,
    place: Place,
    *,
    now: datetime,
    after: int,
    limit: int,
    some: Some | None = None,
) -> Chunk:
    """Return the audience, or some of it, for a text that goes to all of it once."""
    people = audience(running.flow, place, after=after)
    if some is not None:
        people = some.of(people)
    found = list(people.order_by("pk").values_list("pk", flat=True)[:limit])
    return Chunk(
        candidates=[
            Candidate(contact_id=pk, occasion=occasions.once_key(timed), since=now, site_id=place.site_id)
            for pk in found
        ],
        cursor=found[-1] if len(found) == limit else None,
    )


def audience(flow: Flow, place: Place, *, after: int = 0) -> QuerySet[Contact]:
    """
    Return those of whom it is for who have a number and have agreed to what the flow sends, on the site.

    :param after: only contacts with a larger id; for who goes through all of them, a chunk at a time.
    """
    group = group_of(flow.purpose).value
    theirs = _behind(
        Permission.objects.filter(
            contact_id=OuterRef("pk"), site_id=place.site_id, group=group, channel=Channel.SMS
        ),
        after,
    )
    people = meant(flow, after=after).filter(active_phone__isnull=False)
    if not flow.topic:
        return people.filter(Exists(theirs.filter(topic="", granted=True)))
    # As contacts.consent.allows: the topic's own answer counts, else the general one. Where nobody has refused it,
    # PostgreSQL would look for the first who has among everybody; so it is asked of each contact by itself.
    own = theirs.filter(topic=flow.topic).values("granted")[:1]
    people = people.alias(own_answer=Coalesce(Subquery(own), Value(True))).filter(own_answer=True)
    return people.filter(Exists(theirs.filter(topic__in=("", flow.topic), granted=True)))


def meant(flow: Flow, *, after: int = 0) -> QuerySet[Contact]:
    """
    Return whom the flow is for, whether or not they can be reached.

    A tag or a segment narrows it, and those to leave out narrow it further; none makes it wider.

    :param after: as of ``audience``.
    """
    tagged = _behind(ContactTag.objects.filter(contact_id=OuterRef("pk")), after)

    def inside(segment_id: int) -> Exists:
        members = segments.current(segment_id).filter(contact_id=OuterRef("pk"))
        return Exists(_behind(members, after))

    people = contacts.alive()
    if after:
        people = people.filter(pk__gt=after)
    timed = flow.timed
    if timed is None:
        return people
    if timed.audience == triggers.TAGGED:
        people = people.filter(Exists(tagged.filter(tag=timed.tag)))
    if timed.audience == triggers.SEGMENT:
        people = people.filter(inside(timed.segment))
    if timed.without_tags:
        people = people.exclude(Exists(tagged.filter(tag__in=timed.without_tags)))
    for segment_id in timed.without_segments:
        people = people.exclude(inside(segment_id))
    return people


def _behind(rows: QuerySet[_Row], after: int) -> QuerySet[_Row]:
    """
    Narrow what is asked about each contact to contacts behind *after*, as the contacts themselves are.

    PostgreSQL walks both by their ids, side by side, and does not conclude the one bound from the other: it would go
    through everybody who was before, in every chunk anew, which is a million times a thousand at the end.
    """
    return rows.filter(contact_id__gt=after) if after else rows


def _people(pks: Collection[int]) -> dict[int, Contact]:
    """Return contacts by the row that a date stands at; a merged one's dates are its survivor's to have."""
    return {
        contact.pk: contact
        for contact in contacts.alive().filter(Among("pk", pks)).only("zone", "phone", "region")
    }
