"""What a batch's people did and bought before they entered, and how often they came by: where a step asks it.

A constant number of queries, and none for flows that ask nothing of the kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments.advanced import Moving
from wagtail_drip.enrolments.facts import Bought, Needs, Seen
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.events.models import Event
from wagtail_drip.stores import querysets as stores


@dataclass(kw_only=True)
class Past:
    """
    :ivar history: by contact; :ivar purchases: by contact; :ivar passed: by enrolment and step.
    """

    history: dict[int, list[Seen]] = field(default_factory=dict)
    purchases: dict[int, tuple[Bought, ...]] = field(default_factory=dict)
    passed: dict[int, dict[str, int]] = field(default_factory=dict)


def past_of(
    enrolments: Sequence[Moving],
    needs: Mapping[int, Needs],
    heads: Mapping[int, Any],
    *,
    now: datetime | None,
    as_of: datetime | None,
) -> Past:
    """
    Return what the flows of these enrolments ask of the past.

    :param needs: by version id.
    :param heads: the row of who speaks for each contact.
    :param now: from when "the last n days" are counted; None reads all, for a caller that looks at many moments.
    """
    past = Past()
    asked = Needs()
    for each in needs.values():
        asked |= each
    if not (asked.history or asked.purchases or asked.passed):
        return past
    askers = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].history}
    buyers = {heads[e.contact_id].pk for e in enrolments if needs[e.version_id].purchases}
    if askers or buyers:
        speaks_for = _with_merged(askers | buyers)
        if askers:
            past.history = _history(asked.history, speaks_for, now=now, as_of=as_of)
        if buyers:
            past.purchases = _purchases(speaks_for, as_of=as_of)
    if asked.passed:
        past.passed = _passed({e.pk for e in enrolments if needs[e.version_id].passed}, asked.passed)
    return past


def _with_merged(people: Collection[int]) -> dict[int, int]:
    """Return who speaks for each of *people* and of those who were merged into them, whose rows keep their name."""
    merged = Contact.objects.filter(Among("merged_into_id", people)).values_list("pk", "merged_into_id")
    return {**{pk: pk for pk in people}, **dict(merged)}


def _history(
    wanted: Collection[tuple[str, int]],
    speaks_for: Mapping[int, int],
    *,
    now: datetime | None,
    as_of: datetime | None,
) -> dict[int, list[Seen]]:
    longest: dict[str, int] = {}
    for name, days in wanted:
        longest[name] = 0 if days == 0 or longest.get(name) == 0 else max(days, longest.get(name, 0))
    windows = Q()
    for name, days in sorted(longest.items()):
        since = Q(recorded_at__gt=now - timedelta(days=days)) if days and now is not None else Q()
        windows |= Q(name=name) & since
    rows = Event.objects.filter(Among("contact_id", list(speaks_for))).filter(windows)
    if as_of is not None:
        rows = rows.filter(recorded_at__lte=as_of)
    found: dict[int, list[Seen]] = defaultdict(list)
    columns = rows.order_by("recorded_at", "pk").values_list(
        "contact_id", "pk", "name", "properties", "recorded_at", "store"
    )
    for contact_id, pk, name, properties, recorded_at, store in columns:
        seen = Seen(id=pk, name=name, properties=properties, recorded_at=recorded_at, store=store)
        if contact_id is not None:
            found[speaks_for[contact_id]].append(seen)
    return dict(found)


def _purchases(speaks_for: Mapping[int, int], *, as_of: datetime | None) -> dict[int, tuple[Bought, ...]]:
    found: dict[int, list[Bought]] = defaultdict(list)
    for contact_id, at, total, currency in stores.bought(list(speaks_for), as_of=as_of):
        found[speaks_for[contact_id]].append(Bought(at=at, total=total, currency=currency))
    return {pk: tuple(sorted(bought, key=lambda each: each.at)) for pk, bought in found.items()}


def _passed(enrolment_ids: Collection[int], kinds: Collection[str]) -> dict[int, dict[str, int]]:
    rows = StepVisit.objects.filter(Among("enrolment_id", enrolment_ids), kind__in=kinds).order_by()
    counted = rows.values_list("enrolment_id", "step_id").annotate(n=Count("pk"))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for enrolment_id, step_id, n in counted:
        found[enrolment_id][step_id] = n
    return dict(found)
