"""Who asks for a segment: other segments, and sequences as they are written or run."""

from __future__ import annotations

import json
from typing import Any

from wagtail.models import Revision

from wagtail_drip.admin import asked_for
from wagtail_drip.segments import types
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence


def uses(segment: Segment) -> list[str]:
    """Return the names of all that ask for it."""
    found = [
        other.name
        for other in Segment.objects.exclude(pk=segment.pk)
        if segment.pk in types.segments_in(other.compiled)
    ]
    found += Sequence.objects.filter(trigger_segment=segment).values_list("name", flat=True)
    # Drafts too: a list of whom to leave out that grew shorter by itself would have people texted.
    drafts = Revision.objects.filter(pk__in=Sequence.objects.values("latest_revision_id"))
    left_out = [
        *Sequence.objects.values_list("name", "trigger_without_segments"),
        *(
            (draft["name"], draft.get("trigger_without_segments"))
            for draft in drafts.values_list("content", flat=True)
        ),
    ]
    found += [name for name, asked in left_out if segment.pk in _numbers(asked)]
    found += asked_for.by_sequences(
        lambda flow: (
            any(test.get("segment") == segment.pk for test in asked_for.tests_of("segment", flow))
            or any(_names(part, segment.pk) for part in (flow.get("timed"), flow.get("entry")))
        )
    )
    return sorted(set(found))


def _names(part: Any, segment_id: int) -> bool:
    """Tell whether a compiled trigger, or the rules of entering by an event, are for a segment or leave it out."""
    found = part or {}
    return segment_id in (found.get("segment"), *(found.get("without_segments") or ()))


def _numbers(written: Any) -> list[Any]:
    """Return the list of ids that a row or a draft holds: in a draft it is written as JSON."""
    found = json.loads(written) if isinstance(written, str) else written
    return found if isinstance(found, list) else []
