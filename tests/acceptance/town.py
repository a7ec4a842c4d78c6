"""The places of the stories: a shop with its workers, the mobile network, and people's telephones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.utils import timezone
from wagtail.models import Site

from sandbox.phone import network
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports import metrics
from wagtail_drip.reports.metrics import Counts
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel

SHORT_LINK = re.compile(r"\S+/drip/l/\w+/")


@dataclass(frozen=True, kw_only=True)
class Town:
    """Everything that a story needs. All of it but the shop's pages is reached by HTTP."""

    url: str
    site: Site
    product: Any
    session: requests.Session

    def settle(self) -> None:
        """Let the workers do what is due, and the network post its receipts and replies, until all is quiet."""
        time_travel.run()
        while network.post_due(now=timezone.now() + timedelta(minutes=5), session=self.session):
            time_travel.run()

    def let_pass(self, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time go by; receipts of what was sent on the way arrive at its end."""
        time_travel.advance(minutes=minutes, hours=hours, days=days)
        self.settle()

    def wait_until(self, moment: datetime) -> None:
        time_travel.advance_to(moment)
        self.settle()

    def phone(self, number: str) -> Phone:
        return Phone(number=number, town=self)

    def follow(self, link: str) -> str:
        """Open a link as a telephone's browser does, and return where it leads."""
        answer = self.session.get(link, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@dataclass(frozen=True, kw_only=True)
class Phone:
    """One telephone, read by the JSON twin of its screen."""

    number: str
    town: Town

    def screen(self) -> list[dict[str, str]]:
        """Return all texts, oldest first, those that its owner wrote included."""
        answer = self.town.session.get(
            f"{self.town.url}/phone/messages.json", params={"number": self.number}, timeout=10
        )
        found: list[dict[str, str]] = answer.json()
        return found

    def texts(self) -> list[str]:
        """Return the words of what the shop sent, oldest first, each short link written as ``<link>``."""
        return [SHORT_LINK.sub("<link>", words) for words in self.raw_texts()]

    def raw_texts(self) -> list[str]:
        return [text["text"] for text in self.screen() if text["direction"] == "outbound"]

    def links(self) -> list[str]:
        return [link for words in self.raw_texts() for link in SHORT_LINK.findall(words)]

    def write(self, words: str) -> None:
        """Text the shop; it has been heard when this returns, but nobody has worked on it yet."""
        answer = self.town.session.post(
            f"{self.town.url}/phone/reply/",
            data={"number": self.number, "text": words},
            headers={"Accept": "application/json"},
            timeout=10,
        )
        assert answer.status_code == 201
        assert network.post_due(now=timezone.now() + timedelta(minutes=5), session=self.town.session) == 1


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of the year in which the stories happen."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def fates() -> list[tuple[str, str]]:
    """Return what became of every message, in the order in which they were queued: state and reason."""
    return list(Message.objects.order_by("pk").values_list("state", "reason"))


def counted(sequence: Sequence, name: str) -> Counts:
    """Return what the results page counts at the step of this name."""
    from wagtail_drip.sequences import querysets as sequences
    from wagtail_drip.sequences.models import SequenceRuntime

    version_id = SequenceRuntime.objects.get(sequence=sequence).version_id
    flow = sequences.flows([version_id])[version_id]
    (step,) = [each for each in flow.in_order() if each.settings.get("name") == name]
    return metrics.by_step(sequence.pk).get(step.id, Counts())
