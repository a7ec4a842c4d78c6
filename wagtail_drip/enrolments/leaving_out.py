"""Whom an event's trigger leaves out, as it is when the event is read: asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.sequences.flow import Flow


def left_out(asked: Iterable[tuple[int, Flow]]) -> set[tuple[int, tuple[str, ...]]]:
    """
    Return which of these pairs of contact and ``Entry.without_tags`` are to stay out.

    A merged contact has the tags of whom it was merged into. Asks nothing where no flow leaves anybody out.
    """
    pairs = {(pk, flow.entry.without_tags) for pk, flow in asked if flow.entry.without_tags}
    if not pairs:
        return set()
    heads = contacts.resolve_merged({pk for pk, _ in pairs})
    tags = contacts.tags(set(heads.values()))
    return {
        (pk, without) for pk, without in pairs if not tags.get(heads[pk], frozenset()).isdisjoint(without)
    }
