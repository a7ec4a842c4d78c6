"""What this room's tables hold about people: nothing, for a text is pinned before it is filled in."""

from __future__ import annotations

from wagtail_drip.content.models import MessageTemplate, PinnedText
from wagtail_drip.core.personal_data import nothing

HELD = (
    nothing(
        MessageTemplate,
        "id name text created_at live has_unpublished_changes first_published_at last_published_at live_revision "
        "go_live_at expire_at expired locked locked_at locked_by latest_revision",
        why="Texts to use again.",
    ),
    nothing(PinnedText, "id digest source language created_at", why="Texts as they stood when published."),
)
