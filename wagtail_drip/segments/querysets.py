"""Reading segments and memberships, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from wagtail_drip.core.among import Among
from wagtail_drip.segments.life_stage_models import LifeStage
from wagtail_drip.segments.models import Segment, SegmentMembership


def current(segment_id: int) -> QuerySet[SegmentMembership]:
    """Return who is in a segment, as of its last refresh."""
    return SegmentMembership.objects.filter(segment_id=segment_id, current=1)


def counted(segment_ids: Collection[int]) -> frozenset[int]:
    """Return those of these segments that hold everybody whom their rules, as they are now, mean."""
    rows = Segment.objects.filter(pk__in=set(segment_ids), is_filled=True)
    return frozenset(rows.values_list("pk", flat=True))


def are_counted(segment_ids: Collection[int]) -> bool:
    """Tell whether all of these segments hold everybody whom their rules, as they are now, mean."""
    wanted = set(segment_ids)
    return counted(wanted) == wanted if wanted else True


def segments_of(
    contact_ids: Collection[int], segment_ids: Collection[int], *, as_of: datetime | None = None
) -> dict[int, frozenset[int]]:
    """
    Return in which of these segments each contact is, in one query; nothing for those who are in none.

    :param as_of: in which they were at that moment.
    """
    rows = SegmentMembership.objects.filter(Among("contact_id", contact_ids), segment_id__in=segment_ids)
    if as_of is None:
        rows = rows.filter(current=1)
    else:
        rows = rows.filter(Q(left_at=None) | Q(left_at__gt=as_of), entered_at__lte=as_of)
    found: defaultdict[int, set[int]] = defaultdict(set)
    for contact_id, segment_id in rows.values_list("contact_id", "segment_id"):
        found[contact_id].add(segment_id)
    return {contact_id: frozenset(theirs) for contact_id, theirs in found.items()}


def names_of(contact_id: int) -> list[str]:
    """Return the names of the segments that somebody is in, in their order."""
    rows = SegmentMembership.objects.filter(contact_id=contact_id, current=1)
    return list(rows.order_by("segment__name").values_list("segment__name", flat=True))


def stages_of(contact_ids: Collection[int], *, as_of: datetime | None = None) -> dict[int, str]:
    """
    Return in which stage each contact is, in one query; nothing for those who are in none.

    :param as_of: in which they were at that moment.
    """
    rows = LifeStage.objects.filter(Among("contact_id", contact_ids))
    if as_of is None:
        rows = rows.filter(current=1)
    else:
        rows = rows.filter(Q(until=None) | Q(until__gt=as_of), since__lte=as_of)
    return dict(rows.values_list("contact_id", "stage"))


def in_stage(stage: str) -> QuerySet[LifeStage]:
    """Return who is in a stage now."""
    return LifeStage.objects.filter(stage=stage, current=1)


def stage_history(contact_id: int, *, limit: int) -> list[LifeStage]:
    """Return the newest stages of somebody, the present one first."""
    return list(LifeStage.objects.filter(contact_id=contact_id).order_by("-since", "-pk")[:limit])
