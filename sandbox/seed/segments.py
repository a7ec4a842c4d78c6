"""Groups of customers to look at, and to build others from."""

from __future__ import annotations

from typing import Any

from wagtail_drip.segments.models import Segment

SEGMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "Regulars",
        "notes": "Two orders or more in the last half year, and they like to hear from us.",
        "rules": [
            ("purchases", {"measure": "count", "compared": "at_least", "number": 2, "days": 180}),
            ("consent", {"group": "marketing"}),
        ],
    },
    {
        "name": "Quiet lately",
        "notes": "Bought once, and neither bought nor clicked for a while.",
        "rules": [
            ("purchases", {"measure": "days_since", "compared": "at_least", "number": 30}),
            ("texts", {"how": "clicked", "times": 1, "days": 30, "negate": "not"}),
        ],
    },
)


def make_segments() -> int:
    """Make those that are missing, and return how many those were."""
    made = 0
    for fields in SEGMENTS:
        if not Segment.objects.filter(name=fields["name"]).exists():
            Segment.objects.create(**fields)
            made += 1
    return made
