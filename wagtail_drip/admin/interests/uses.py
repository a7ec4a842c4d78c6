"""Who asks for an interest: segments, and sequences as they run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wagtail_drip.segments import types
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.stores.interest_models import Interest


def uses(interest: Interest) -> list[str]:
    """Return the names of all that ask for it."""
    found = [
        name
        for name, rules in Segment.objects.values_list("name", "compiled")
        if interest.pk in types.interests_in(rules)
    ]
    versions = SequenceVersion.objects.filter(pk__in=Sequence.objects.values("runtime__version_id"))
    found += [
        name
        for name, flow in versions.values_list("name", "flow")
        if any(test.get("interest") == interest.pk for test in _tests(flow))
    ]
    return sorted(set(found))


def _tests(part: Any) -> Iterator[dict[str, Any]]:
    """Yield each test by an interest anywhere in a compiled flow."""
    if isinstance(part, dict):
        if part.get("kind") == "interest":
            yield part
        for value in part.values():
            yield from _tests(value)
    elif isinstance(part, list):
        for value in part:
            yield from _tests(value)
