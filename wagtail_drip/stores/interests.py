"""Reading what people care about: what they said and what they have shown, kept apart; now, or at a moment past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.among import Among
from wagtail_drip.stores import interest_inferring
from wagtail_drip.stores.interest_models import InferredInterest, Interest, StatedInterest


@dataclass(frozen=True, kw_only=True)
class Interests:
    """
    :ivar stated: ids of what they said they care about, the newest first.
    :ivar inferred: until when each that they have shown lasts if they do nothing more, by its id, the strongest first.
    """

    stated: tuple[int, ...] = ()
    inferred: Mapping[int, datetime] = field(default_factory=dict)


NO_INTERESTS = Interests()
_MOST_OFFERED = 30


def stated(*, as_of: datetime | None = None) -> QuerySet[StatedInterest]:
    """Return what everybody says they care about, or said at a moment past."""
    if as_of is None:
        return StatedInterest.objects.filter(current=1)
    return StatedInterest.objects.filter(Q(until=None) | Q(until__gt=as_of), since__lte=as_of)


def inferred(*, now: datetime | None) -> QuerySet[InferredInterest]:
    """
    Return what everybody seems to care about; nobody who has objected to that is among them.

    :param now: None for what has faded as well, as long as it is kept.
    """
    # By the contact of each row: a list of all who objected would be looked for among all contacts.
    rows = InferredInterest.objects.filter(contact__objected_at=None, contact__restricted_at=None)
    return rows if now is None else rows.filter(lasts_until__gt=now)


def of(
    contact_ids: Collection[int], *, now: datetime | None, as_of: datetime | None = None
) -> dict[int, Interests]:
    """
    Return the interests of each of these contacts who has any, in a fixed number of queries.

    :param now: None where the caller looks himself until when each lasts.
    :param contact_ids: of people who speak for themselves; what was merged into them counts.
    :param as_of: what they had said by then, and what what they had done by then would have said, by the words of
        today; who objects today to such conclusions has none.
    """
    merged = contacts.merged_into(contact_ids)
    speaks_for = {**{pk: pk for pk in contact_ids}, **merged}
    said: defaultdict[int, dict[int, None]] = defaultdict(dict)
    rows = stated(as_of=as_of).filter(Among("contact_id", speaks_for)).order_by("-since", "-pk")
    for contact_id, interest in rows.values_list("contact_id", "interest_id"):
        said[speaks_for[contact_id]][interest] = None
    shown: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
    for contact_id, interest, until in _inferred_of(contact_ids, merged, now=now, as_of=as_of):
        shown[contact_id][interest] = until
    return {
        pk: Interests(stated=tuple(said.get(pk, ())), inferred=shown.get(pk, {})) for pk in {*said, *shown}
    }


def _inferred_of(
    contact_ids: Collection[int],
    merged: Mapping[int, int],
    *,
    now: datetime | None,
    as_of: datetime | None,
) -> list[tuple[int, int, datetime]]:
    """Return (contact, interest, until when it lasts), the strongest of each contact first."""
    if as_of is None:
        rows = inferred(now=now).filter(Among("contact_id", contact_ids))
        ordered = rows.order_by("-lasts_until", "interest_id")
        return list(ordered.values_list("contact_id", "interest_id", "lasts_until"))
    profiled = Contact.objects.filter(Among("pk", contact_ids), objected_at=None, restricted_at=None)
    found = interest_inferring.inferred(list(profiled.values_list("pk", flat=True)), merged, at=as_of)
    strongest = sorted(found.items(), key=lambda each: (-each[1].timestamp(), each[0]))
    return [(contact_id, interest, until) for (contact_id, interest), until in strongest]


def names() -> dict[int, str]:
    """Return the name of every interest, by its id."""
    return dict(Interest.objects.values_list("pk", "name"))


def offered() -> list[Interest]:
    """Return the interests that people may choose themselves, 30 at most: more nobody reads through on a phone."""
    return list(Interest.objects.filter(is_offered=True)[:_MOST_OFFERED])


def said_by(contact_id: int) -> set[int]:
    """Return the ids of what somebody said they care about."""
    family = [contact_id, *contacts.merged_into([contact_id])]
    return set(stated().filter(Among("contact_id", family)).values_list("interest_id", flat=True))


def told_of(contact_id: int, *, now: datetime) -> tuple[list[StatedInterest], list[InferredInterest]]:
    """Return what somebody said they care about, and what they have shown, each once, with its name, for their page."""
    family = [contact_id, *contacts.merged_into([contact_id])]
    said: dict[int, StatedInterest] = {}
    rows = stated().filter(Among("contact_id", family)).select_related("interest").order_by("since", "pk")
    for row in rows:
        said.setdefault(row.interest_id, row)
    shown = inferred(now=now).filter(contact=contact_id).select_related("interest").order_by("-lasts_until")
    return list(said.values()), list(shown)


def numbers(*, now: datetime) -> dict[int, tuple[int, int]]:
    """Return how many people said each interest, and how many have shown it. Two queries."""
    said = dict(stated().values_list("interest_id").annotate(n=Count("contact", distinct=True)).order_by())
    shown = dict(inferred(now=now).values_list("interest_id").annotate(n=Count("pk")).order_by())
    return {pk: (said.get(pk, 0), shown.get(pk, 0)) for pk in {*said, *shown}}
