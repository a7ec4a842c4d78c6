"""What this room's tables hold about people."""

from __future__ import annotations

from wagtail_drip.core.personal_data import Age, Held, Kind, of_contact
from wagtail_drip.links.models import Click, Link

HELD = (
    Held(
        model=Link,
        why="Where the short link in a text leads, and how often it was followed.",
        rows=of_contact(Link),
        personal={"url": Kind.VALUES},
        kept={"clicks": "a sum", "first_click_at": "a sum"},
        plain="id token message_key position contact site sequence_id step_id created_at",
    ),
    Held(
        model=Click,
        why="Each request for a short link: whether a person or a machine followed it.",
        rows=of_contact(Click, "link__contact"),
        personal={"user_agent": Kind.DEVICE, "address_hash": Kind.ADDRESS},
        plain="id link recorded_at",
        ages=(Age(setting="KEEP_CLICK_DAYS", since="recorded_at", blanks=("user_agent", "address_hash")),),
    ),
)
