"""Wait until the contact writes back, anything or one of some words, but no longer than so long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail_drip.enrolments.facts import Facts, Seen
from wagtail_drip.enrolments.steps import wait_for_event
from wagtail_drip.events.conditions import EventTest
from wagtail_drip.sequences import replies

REPLIED = "message_replied"


class Kind(wait_for_event.Kind):
    def event(self, settings: Mapping[str, Any]) -> str:
        return REPLIED

    def awaited(self, settings: Mapping[str, Any], facts: Facts, *, after: datetime) -> list[Seen]:
        how, words = str(settings.get("how") or replies.ANYTHING), list(settings.get("words") or ())
        return [
            seen
            for seen in facts.matching(EventTest(event=REPLIED), after=after)
            if replies.says(str(seen.properties.get("text") or ""), how=how, words=words)
        ]

    def rule(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "how": settings.get("how") or replies.ANYTHING,
            "words": list(settings.get("words") or ()),
        }
