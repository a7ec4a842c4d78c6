"""What goes through the door of contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PurposeGroup(StrEnum):
    """What a permission is for. A survey needs marketing permission; a response needs none."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class Purpose(StrEnum):
    WELCOME = "welcome"
    INFORMATION = "information"
    INTERACTIVE = "interactive"
    PROMOTIONAL = "promotional"
    REMINDER = "reminder"
    SURVEY = "survey"
    TRANSACTIONAL = "transactional"
    RESPONSE = "response"


class Channel(StrEnum):
    """Only ``sms`` sends at first."""

    SMS = "sms"
    MMS = "mms"
    RCS = "rcs"
    LINK = "link"
    EMAIL = "email"


class ConsentMethod(StrEnum):
    WEB_FORM = "web_form"
    DOUBLE_OPT_IN = "double_opt_in"  # a form, confirmed by whoever holds the phone
    CHECKOUT = "checkout"
    KEYWORD = "keyword"
    PHRASE = "phrase"  # asked to stop by text, in words of their own: our judgement, which staff may overturn
    PAGE = "page"  # on our own page, behind the signed link in a text
    IMPORT = "import"
    API = "api"
    STAFF = "staff"
    PROVIDER = "provider"
    SEQUENCE = "sequence"  # a step closed it, or opened what a step had closed: never the person's own word


def group_of(purpose: str) -> PurposeGroup:
    """Return the permission that a message of this purpose needs."""
    return PurposeGroup.TRANSACTIONAL if purpose == Purpose.TRANSACTIONAL else PurposeGroup.MARKETING


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a shop or a form says of a person; blanks are unknown and never overwrite what we know.

    :param store: whose ``external_id``, ``user_id`` and ``anonymous_id`` these are.
    :param phone: as typed; read with *region* (ISO 3166) where it has no country code.
    """

    store: str = ""
    external_id: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    phone: str = ""
    region: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """
    What a contact has asked for beside yes and no; None is no wish of their own.

    :param most_per_week: marketing texts in 7 × 24 hours, at least 1; *most_per_month* in 30 days.
    :param paused_until: no marketing before.
    :param not_before_hour: 0 to 23, by their own clock; *not_after_hour* 1 to 24.
    :param language: of the pages and answers they get; '' is not known.
    """

    most_per_week: int | None = None
    most_per_month: int | None = None
    paused_until: datetime | None = None
    not_before_hour: int | None = None
    not_after_hour: int | None = None
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Consent:
    """
    One answer to one question, with its proof.

    :param page_id: the page whose form showed the wording, and its revision; None where it was no page.
    """

    group: PurposeGroup
    granted: bool
    source: str
    method: ConsentMethod
    channel: Channel = Channel.SMS
    topic: str = ""
    wording: str = ""
    wording_version: str = ""
    ip: str | None = None
    at: datetime | None = None
    page_id: int | None = None
    revision_id: int | None = None
