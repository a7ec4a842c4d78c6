"""Fills in the facts of a whole batch in a fixed number of queries, whatever its size.

Only what the flows declare they need is read. With *as_of* the past is asked instead of the present.
"""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import QuerySet

from wagtail_drip.contacts import phone
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.consent import NOTHING_AGREED, Subscriptions
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import sites
from wagtail_drip.core.among import Among
from wagtail_drip.core.prepared import prepared
from wagtail_drip.enrolments import walk
from wagtail_drip.enrolments.advanced import Moving
from wagtail_drip.enrolments.effects import ANSWERED
from wagtail_drip.enrolments.facts import CONTACT_FIELDS, Answer, Facts, Needs, Seen
from wagtail_drip.enrolments.gather_past import past_of
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.states import CallState, ExitReason
from wagtail_drip.events.models import Event
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.stores import interests
from wagtail_drip.stores.interests import NO_INTERESTS, Interests


class Known(NamedTuple):
    """What a walk may know of a contact, and whom they were merged into; the fields are columns."""

    pk: int
    first_name: str
    last_name: str
    language: str
    region: str
    zone: str
    phone: str | None
    attributes: dict[str, Any]
    erased_at: datetime | None
    merged_into_id: int | None


def facts_for(
    enrolments: Sequence[Moving],
    flows: Mapping[int, Flow],
    *,
    now: datetime | None = None,
    as_of: datetime | None = None,
) -> dict[int, Facts]:
    """
    Return the facts of each enrolment, by its id.

    :param flows: by version id; an enrolment whose version is not among them gets no facts.
    :param now: the moment of the walk, so that no more of the past is read than it asks; None for all of it.
    :param as_of: count only what was recorded by then; None for all there is.
    """
    enrolments = [enrolment for enrolment in enrolments if enrolment.version_id in flows]
    needs = {pk: walk.needs_of(flows[pk]) for pk in {enrolment.version_id for enrolment in enrolments}}
    known = _contacts({enrolment.contact_id for enrolment in enrolments})
    heads = survivors(known)
    duplicates = _duplicates(enrolments, heads)
    triggers = _triggers(enrolments)
    happened = _happened(enrolments, needs.values(), heads, as_of)
    tags = _tags(enrolments, needs, heads)
    in_segments = _segments(enrolments, needs, heads, as_of)
    stages = _stages(enrolments, needs, heads, as_of)
    cares_about = _interests(enrolments, needs, heads, as_of)
    subscriptions = _subscriptions(enrolments, needs, heads)
    answers = _answers(enrolments, needs)
    past = past_of(enrolments, needs, heads, now=now, as_of=as_of)
    zones = sites.zones_of({e.site_id for e in enrolments})
    facts = {}
    for enrolment in enrolments:
        head = heads[enrolment.contact_id]
        ended_because = ""
        if head.erased_at is not None:
            ended_because = ExitReason.ERASED
        elif enrolment.pk in duplicates:
            ended_because = ExitReason.MERGED
        facts[enrolment.pk] = Facts(
            contact_id=head.pk,
            contact={name: getattr(head, name) for name in CONTACT_FIELDS},
            attributes=head.attributes,
            # Reading a number's zones costs more than all else here, and most flows never ask.
            zone=zone_of(
                head if needs[enrolment.version_id].zone else None, zones.get(enrolment.site_id, "")
            ),
            trigger=triggers.get(enrolment.event_id) if enrolment.event_id else None,
            since=enrolment.since,
            events=tuple(
                seen
                for seen in happened.get(head.pk, ())
                if seen.recorded_at > enrolment.since and seen.id != enrolment.event_id
            ),
            tags=tags.get(head.pk, frozenset()),
            segments=in_segments.get(head.pk, frozenset()),
            stage=stages.get(head.pk, ""),
            stated=frozenset(cares_about.get(head.pk, NO_INTERESTS).stated),
            inferred=cares_about.get(head.pk, NO_INTERESTS).inferred,
            subscriptions=subscriptions.get((head.pk, enrolment.site_id), NOTHING_AGREED),
            answers=answers.get(enrolment.pk, {}),
            entered_as=enrolment.contact_id,
            sequence_id=enrolment.sequence_id,
            history=tuple(past.history.get(head.pk, ())),
            purchases=past.purchases.get(head.pk, ()),
            passed=past.passed.get(enrolment.pk, {}),
            ended_because=ended_because,
        )
    return facts


def _tags(
    enrolments: Sequence[Moving], needs: Mapping[int, Needs], heads: Mapping[int, Known]
) -> dict[int, frozenset[str]]:
    people = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].tags}
    return contacts.tags(people) if people else {}


def _segments(
    enrolments: Sequence[Moving],
    needs: Mapping[int, Needs],
    heads: Mapping[int, Known],
    as_of: datetime | None,
) -> dict[int, frozenset[int]]:
    asked = frozenset[int]().union(*(each.segments for each in needs.values()))
    if not asked:
        return {}
    people = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].segments}
    return segments.segments_of(people, asked, as_of=as_of)


def _stages(
    enrolments: Sequence[Moving],
    needs: Mapping[int, Needs],
    heads: Mapping[int, Known],
    as_of: datetime | None,
) -> dict[int, str]:
    people = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].stage}
    return segments.stages_of(people, as_of=as_of) if people else {}


def _interests(
    enrolments: Sequence[Moving],
    needs: Mapping[int, Needs],
    heads: Mapping[int, Known],
    as_of: datetime | None,
) -> dict[int, Interests]:
    people = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].interests}
    # With the moments until which they last: the walk has its own now.
    return interests.of(people, now=None, as_of=as_of) if people else {}


def _subscriptions(
    enrolments: Sequence[Moving], needs: Mapping[int, Needs], heads: Mapping[int, Known]
) -> dict[tuple[int, int], Subscriptions]:
    pairs = {(heads[e.contact_id].pk, e.site_id) for e in enrolments if needs[e.version_id].subscriptions}
    return contacts.subscriptions(pairs) if pairs else {}


def _answers(enrolments: Sequence[Moving], needs: Mapping[int, Needs]) -> dict[int, dict[int, Answer]]:
    asking = {e.pk for e in enrolments if needs[e.version_id].answers}
    if not asking:
        return {}
    found: dict[int, dict[int, Answer]] = defaultdict(dict)
    rows = OutsideCall.objects.filter(
        Among("enrolment_id", asking), kind="webhook", state__in=(CallState.ANSWERED, CallState.FAILED)
    )
    for enrolment_id, visit, name, response, error in rows.values_list(
        "enrolment_id", "visit", "name", "response", "error"
    ):
        found[enrolment_id][visit] = Answer(name=name, values=response, error=error)
    return found


def survivors(known: Mapping[int, Known]) -> dict[int, Known]:
    """Return who speaks for each contact now: itself, unless it was merged. One query more if any was."""
    if not any(contact.merged_into_id for contact in known.values()):
        return dict(known)
    heads = contacts.resolve_merged(known)
    rows = {**known, **_contacts(set(heads.values()) - set(known))}
    return {pk: rows[head] for pk, head in heads.items()}


def _contacts(contact_ids: Collection[int]) -> dict[int, Known]:
    return {row[0]: Known._make(row) for row in _known(contact_ids)}


@prepared
def _known(contact_ids: Collection[int]) -> QuerySet[Any]:
    return Contact.objects.filter(Among("pk", contact_ids)).values_list(*Known._fields)


def _duplicates(enrolments: Sequence[Moving], heads: Mapping[int, Known]) -> set[int]:
    """Return the runs that merging made double: the survivor is in the same sequence itself."""
    merged = [e for e in enrolments if heads[e.contact_id].pk != e.contact_id]
    if not merged:
        return set()
    own = Enrolment.objects.filter(
        contact_id__in={heads[e.contact_id].pk for e in merged},
        sequence_id__in={e.sequence_id for e in merged},
        running=1,
    )
    taken = set(own.values_list("sequence_id", "contact_id", "dedupe_key"))
    return {e.pk for e in merged if (e.sequence_id, heads[e.contact_id].pk, e.dedupe_key) in taken}


def _triggers(enrolments: Sequence[Moving]) -> dict[int, Seen]:
    rows = _events_by_id({e.event_id for e in enrolments if e.event_id})
    return {
        pk: Seen(id=pk, name=name, properties=properties, recorded_at=recorded_at, store=store)
        for pk, name, properties, recorded_at, store in rows
    }


@prepared
def _events_by_id(event_ids: Collection[int]) -> QuerySet[Any]:
    rows = Event.objects.filter(Among("pk", event_ids))
    return rows.values_list("pk", "name", "properties", "recorded_at", "store")


def seen(row: Event) -> Seen:
    return Seen(
        id=row.pk, name=row.name, properties=row.properties, recorded_at=row.recorded_at, store=row.store
    )


def _happened(
    enrolments: Sequence[Moving],
    needs: Iterable[Needs],
    heads: Mapping[int, Known],
    as_of: datetime | None,
) -> dict[int, list[Seen]]:
    waited_for = {name for e in enrolments if e.waits_for for name in e.waits_for.split()} - {ANSWERED}
    names = waited_for.union(*(each.events for each in needs))
    if not names:
        return {}
    people = {*heads, *(head.pk for head in heads.values())}
    rows = Event.objects.filter(
        Among("contact_id", people), name__in=names, recorded_at__gt=min(e.since for e in enrolments)
    )
    if as_of is not None:
        rows = rows.filter(recorded_at__lte=as_of)
    found: dict[int, list[Seen]] = defaultdict(list)
    for row in rows.order_by("recorded_at", "pk"):
        if row.contact_id is not None:
            head = heads.get(row.contact_id)
            found[head.pk if head else row.contact_id].append(seen(row))
    return found


def zone_of(contact: Contact | Known | None, site_zone: str) -> str:
    """Return the zone whose clock the contact lives by: the profile's, else the number's if single, else the site's."""
    if contact and contact.zone and is_zone(contact.zone):
        return contact.zone
    possible = phone.zones_of(contact.phone) if contact and contact.phone else frozenset()
    if len(possible) == 1:
        return next(iter(possible))
    return site_zone if is_zone(site_zone) else "UTC"


@lru_cache(maxsize=1000)
def zone_info(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


@lru_cache(maxsize=1000)
def is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
