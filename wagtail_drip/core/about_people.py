"""What this room's own tables hold about people: of the staff, the numbers that they test with."""

from __future__ import annotations

from wagtail_drip.core.models import Installation, Lease, SiteSettings
from wagtail_drip.core.personal_data import nothing

HELD = (
    nothing(
        Installation,
        "id install_id clock_shift_seconds created_at",
        why="What makes this installation itself.",
    ),
    nothing(Lease, "id name token until started_at size ended_at", why="Who works on what."),
    nothing(
        SiteSettings,
        "id site zone region currency sender_gateway sender_address sender_name price_per_segment windows holidays "
        "spread_minutes caps help_text stop_scope test_numbers opened_at opened_for",
        why="How a site texts. Its test numbers are the staff's own, kept until somebody takes them out.",
    ),
)
