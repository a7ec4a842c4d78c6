"""What goes through the door of content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TextToCompose:
    """
    A message about to be worded.

    :param source: the text where none is pinned: answers, test messages.
    :param variables: what only the sender knows: ``event`` (its properties), a coupon, an answer.
    """

    message_key: str
    contact_id: int
    site_id: int
    pinned_text_id: int | None = None
    source: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    sequence_id: int | None = None
    step_id: str = ""
    track_links: bool = True


@dataclass(frozen=True, kw_only=True)
class Composed:
    """
    A message's words and what they cost.

    :param missing: the variables it shows that have neither value nor default.
    :param error: why there are no words, in a marketer's; '' where there are.
    """

    body: str
    segments: int = 0
    encoding: str = ""
    missing: tuple[str, ...] = ()
    error: str = ""
