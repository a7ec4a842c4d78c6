"""Who asks for an interest: segments, and sequences as they run."""

from __future__ import annotations

from wagtail_drip.admin import asked_for
from wagtail_drip.segments import types
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores.interest_models import Interest


def uses(interest: Interest) -> list[str]:
    """Return the names of all that ask for it."""
    found = [
        name
        for name, rules in Segment.objects.values_list("name", "compiled")
        if interest.pk in types.interests_in(rules)
    ]
    found += asked_for.by_sequences(
        lambda flow: any(test.get("interest") == interest.pk for test in asked_for.tests_of("interest", flow))
    )
    return sorted(set(found))
