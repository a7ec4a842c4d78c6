"""Whom an event's trigger is for, as it is when the event is read: asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.segments import querysets as segments
from wagtail_drip.sequences.flow import Entry, Flow

Asked = tuple[int, Entry]


def kept_out(asked: Iterable[tuple[int, Flow]]) -> set[Asked]:
    """
    Return which of these pairs of contact and rules of entering do not let the contact in.

    A merged contact has the tags and is in the segments of whom it was merged into. Asks nothing where every flow is
    for everybody.
    """
    pairs = {(pk, flow.entry) for pk, flow in asked if flow.entry.is_for_some}
    if not pairs:
        return set()
    heads = contacts.resolve_merged({pk for pk, _ in pairs})
    people = set(heads.values())
    by_tag = any(entry.tag or entry.without_tags for _, entry in pairs)
    tags = contacts.tags(people) if by_tag else {}
    named = frozenset[int]().union(*(entry.segments for _, entry in pairs))
    inside = segments.segments_of(people, named) if named else {}
    nothing: frozenset[int] = frozenset()
    return {
        (pk, entry)
        for pk, entry in pairs
        if not entry.is_for(tags=tags.get(heads[pk], frozenset()), segments=inside.get(heads[pk], nothing))
    }


def uncounted(flows: Collection[Flow]) -> frozenset[int]:
    """Return the segments that these flows' events ask for and that do not yet hold everybody whom they mean."""
    named = frozenset[int]().union(*(flow.entry.segments for flow in flows))
    return named - segments.counted(named) if named else named
