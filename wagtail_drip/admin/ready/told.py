"""What a line of "Are you ready?" says: how it stands, in words, and where it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse

from wagtail_drip.admin.ready.gather import Facts


class State(StrEnum):
    OK = "ok"
    TO_DO = "to_do"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Told:
    """
    :ivar url: where it is settled; '' where nothing in the admin settles it.
    :ivar note_url: where an owner notes that it is settled elsewhere; '' where their word is not asked for.
    """

    state: State
    sentence: str
    url: str = ""
    note_url: str = ""


def ok(sentence: str, url: str = "") -> Told:
    return Told(state=State.OK, sentence=sentence, url=url)


def to_do(sentence: str, url: str = "") -> Told:
    return Told(state=State.TO_DO, sentence=sentence, url=url)


def unknown(sentence: str, url: str = "") -> Told:
    return Told(state=State.UNKNOWN, sentence=sentence, url=url)


def settings_url(facts: Facts) -> str:
    return reverse("wagtail_drip_settings:site", args=[facts.row.site_id])
