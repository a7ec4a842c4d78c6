"""
Reads from what people do what they seem to care about: a batch of people at a time, always anew from their events.

An event leaves its mark on its tally; whoever has such a mark is looked at. Nothing here waits for a lock: who is held
by somebody else, and what is being recorded at this moment, keeps its mark until the next pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from django.db.models import QuerySet

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims, clock
from wagtail_drip.core.among import Among
from wagtail_drip.core.upserts import upsert
from wagtail_drip.events import catalogue, moments
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.stores import interest_actions as actions
from wagtail_drip.stores.interest_models import (
    ForgottenInterests,
    InferredInterest,
    Interest,
    InterestRules,
)
from wagtail_drip.stores.interest_signs import Fading, Words

PEOPLE, TALLIES = 200, 5000


def infer_due(*, now: datetime | None = None) -> int:
    """Look at people who did something that says what they care about; return at how many."""
    now = now or clock.now()
    marked = claims.retried(lambda: _mark_for_recount(now))
    people = set(due(now).values_list("contact_id", flat=True)[: claims.batch_limit(PEOPLE)])
    # Without an interest there is nothing to read; the marks stay for the day when there is one.
    if not people or not Interest.objects.exists():
        return marked
    return marked + claims.retried(lambda: _look_at(people, now=now))


def due(now: datetime) -> QuerySet[EventTally]:
    """Return the marks that events have left, the oldest first."""
    return EventTally.objects.filter(interest_due_at__lte=now).order_by("interest_due_at", "pk")


def _mark_for_recount(now: datetime) -> int:
    """Mark the next tallies, if everybody is to be looked at anew."""
    if not InterestRules.objects.filter(recount_from__isnull=False).exists():
        return 0
    rows = claims.claim(InterestRules.objects.filter(recount_from__isnull=False).order_by("pk"), limit=1)
    for rules in rows:
        # By their ids: a tally that is written later, with a lower one, brings its own mark.
        after = rules.recount_from or 0
        pks = list(
            EventTally.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:TALLIES]
        )
        unmarked = EventTally.objects.filter(
            Among("pk", pks), name__in=list(catalogue.signs_of_interest()), interest_due_at=None
        )
        unmarked.update(interest_due_at=now)
        InterestRules.objects.filter(pk=rules.pk).update(recount_from=pks[-1] if pks else None)
        return len(pks)
    return 0


def _look_at(people: Collection[int], *, now: datetime) -> int:
    wanted = set(contacts.resolve_merged(people).values())
    free = claims.free(Contact.objects.filter(Among("pk", wanted), merged_into=None))
    heads = {contact.pk: contact for contact in free}
    _unmark_nobody(wanted - heads.keys())
    merged = contacts.merged_into(heads)
    speaks_for = {**{pk: pk for pk in heads}, **merged}
    marked = EventTally.objects.filter(Among("contact_id", speaks_for), interest_due_at__isnull=False)
    # Before the events are read: what is recorded from now on leaves a new mark.
    tallies = claims.ids(claims.free(marked))
    profiled = [
        pk
        for pk, contact in heads.items()
        if contact.erased_at is None and contact.objected_at is None and contact.restricted_at is None
    ]
    found = inferred(profiled, merged, at=now)
    _write(found, of=speaks_for)
    EventTally.objects.filter(Among("pk", tallies)).update(interest_due_at=None)
    return len(tallies)


def _unmark_nobody(missing: Collection[int]) -> None:
    """Take the marks of contacts who are not there at all: nobody else ever would, and they would stand before all."""
    if not missing:
        return
    there = Contact.objects.filter(Among("pk", missing)).values_list("pk", flat=True)
    nobody = set(missing) - set(there)
    if nobody:
        EventTally.objects.filter(Among("contact_id", nobody)).update(interest_due_at=None)


def inferred(
    heads: Collection[int], merged: Mapping[int, int], *, at: datetime
) -> dict[tuple[int, int], datetime]:
    """
    Return until when each interest of these people lasts, by (contact, interest). Four queries.

    :param merged: who was merged into one of *heads*, and into whom.
    :param at: by what we knew at that moment, and as it would have lasted from then on; by the words of today.
    """
    if not heads:
        return {}
    wanted = set(heads)
    speaks_for = {**{pk: pk for pk in wanted}, **{pk: head for pk, head in merged.items() if head in wanted}}
    words = Words({interest.pk: interest.word_list for interest in Interest.objects.all()})
    fading = (InterestRules.objects.filter(pk=actions.ONLY).first() or InterestRules()).fading
    floors = _forgotten(speaks_for, by=at)
    points: defaultdict[tuple[int, int], float] = defaultdict(float)
    signs = catalogue.signs_of_interest()
    for contact_id, name, properties, happened_at, recorded_at in _events(speaks_for, signs, fading, at):
        head = speaks_for[contact_id]
        if head in floors and recorded_at <= floors[head]:
            continue
        for interest in words.told_by(name, properties):
            points[head, interest] += fading.left_of(signs[name], at=happened_at, now=at)
    lasting = {key: fading.lasts_until(sum_of, now=at) for key, sum_of in points.items()}
    return {key: until for key, until in lasting.items() if until is not None}


def _forgotten(speaks_for: Mapping[int, int], *, by: datetime) -> dict[int, datetime]:
    floors: dict[int, datetime] = {}
    rows = ForgottenInterests.objects.filter(Among("contact_id", speaks_for), until__lte=by)
    for contact_id, until in rows.values_list("contact_id", "until"):
        head = speaks_for[contact_id]
        floors[head] = max(until, floors.get(head, until))
    return floors


def _events(
    people: Iterable[int], signs: Iterable[str], fading: Fading, moment: datetime
) -> Iterator[tuple[int, str, dict[str, object], datetime, datetime]]:
    rows = Event.objects.filter(
        Among("contact_id", list(people)),
        name__in=list(signs),
        # None happened after it was recorded: by the column alone most are told apart, by an index.
        recorded_at__gt=moment - fading.horizon,
        recorded_at__lte=moment,
    )
    of_time = rows.annotate(at=moments.AT).filter(at__gt=moment - fading.horizon)
    # One by one: somebody may have looked at more than memory holds.
    yield from of_time.values_list("contact_id", "name", "properties", "at", "recorded_at").iterator()


def _write(found: Mapping[tuple[int, int], datetime], *, of: Collection[int]) -> None:
    """Let *found* be all that these people seem to care about."""
    kept = InferredInterest.objects.filter(Among("contact_id", of))
    gone = [
        pk
        for pk, contact_id, interest in kept.values_list("pk", "contact_id", "interest_id")
        if (contact_id, interest) not in found
    ]
    InferredInterest.objects.filter(Among("pk", gone)).delete()
    upsert(
        [
            InferredInterest(contact_id=contact_id, interest_id=interest, lasts_until=until)
            for (contact_id, interest), until in sorted(found.items())
        ],
        unique=["contact", "interest"],
        update=["lasts_until"],
    )
