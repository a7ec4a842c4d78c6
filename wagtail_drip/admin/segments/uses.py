"""Who asks for a segment: other segments, and sequences as they are written or run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wagtail_drip.segments import types
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence, SequenceVersion


def uses(segment: Segment) -> list[str]:
    """Return the names of all that ask for it."""
    found = [
        other.name
        for other in Segment.objects.exclude(pk=segment.pk)
        if segment.pk in types.segments_in(other.compiled)
    ]
    found += Sequence.objects.filter(trigger_segment=segment).values_list("name", flat=True)
    versions = SequenceVersion.objects.filter(pk__in=Sequence.objects.values("runtime__version_id"))
    found += [
        name
        for name, flow in versions.values_list("name", "flow")
        if any(test.get("segment") == segment.pk for test in _tests(flow))
    ]
    return sorted(set(found))


def _tests(part: Any) -> Iterator[dict[str, Any]]:
    """Yield each test by a segment anywhere in a compiled flow."""
    if isinstance(part, dict):
        if part.get("kind") == "segment":
            yield part
        for value in part.values():
            yield from _tests(value)
    elif isinstance(part, list):
        for value in part:
            yield from _tests(value)
