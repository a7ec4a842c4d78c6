"""What goes through the door of links."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LinkSpec:
    """One address in one message. (message_key, position) names it: the same again is the same short link."""

    message_key: str
    position: int
    url: str
    contact_id: int
    site_id: int
    sequence_id: int | None = None
    step_id: str = ""
