"""What goes through the door of content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, NamedTuple

from wagtail_drip.core.values import value


class Addressee(NamedTuple):
    """What texts show of a contact, as its row says; the fields are columns."""

    pk: int
    attributes: dict[str, Any]
    first_name: str
    last_name: str
    language: str
    merged_into_id: int | None


@value
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


@value
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
