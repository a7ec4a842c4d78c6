"""Every setting of ``WAGTAIL_DRIP``, typed, with its default and its unit, read at access.

Read one with ``conf.settings.SEND_THREADS``. Nothing is cached, so ``override_settings`` works.
"""

from __future__ import annotations

from typing import Any, TypedDict, get_type_hints

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured


class BackendSpec(TypedDict, total=False):
    """How a pluggable part is named, as in Django's ``STORAGES``."""

    BACKEND: str
    OPTIONS: dict[str, Any]


class WebhookSpec(TypedDict, total=False):
    """One place that sequences may post to, chosen by its alias: an editor never types an address."""

    URL: str
    SECRET: str  # signs each request; unsigned without
    TIMEOUT_SECONDS: float  # for the whole exchange, 10 by default, at most 30
    ALLOW_PRIVATE: bool  # True for an address inside your own network


class AttributeSpec(TypedDict, total=False):
    """One attribute of contacts: text, number, date, yes_no or choice."""

    TYPE: str
    LABEL: Any  # as staff read it; the name where it is left out
    CHOICES: dict[str, Any]  # of a choice: what is kept, and how it is called


def _given() -> dict[str, Any]:
    given = getattr(django_settings, "WAGTAIL_DRIP", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured("WAGTAIL_DRIP must be a dict.")
    return given


class Settings:
    """Name, type, default and unit on one line each; the comment is the reference page's sentence."""

    ENABLED: bool = True  # False makes every receiver, pass and send do nothing.
    GATEWAYS: dict[str, BackendSpec] = {  # Gateways by alias; "default" is used where a site names none.
        "default": {"BACKEND": "wagtail_drip.gateways.console.ConsoleGateway"}
    }
    STORES: dict[str, BackendSpec] = {}  # Shops by alias, each with its adapter and its options.
    WEBHOOKS: dict[str, WebhookSpec] = {}  # Places that sequences may post to, by alias.
    ATTRIBUTES: dict[
        str, AttributeSpec
    ] = {}  # What the site keeps of its contacts, by name, each with its type.
    PUBLIC_BASE_URL: str = (
        ""  # Where the public reaches this site; short links and webhook signatures use it.
    )
    DEFAULT_REGION: str = (
        ""  # ISO 3166 country for numbers written without a country code, where a site sets none.
    )
    DRAINS: int = 2  # How many django-q2 tasks drain the queues side by side, on all hosts; each cluster keeps a worker free.
    MESSAGE_LEASE_SECONDS: int = 120  # How long a worker may hold a message before another takes it up.
    SEND_THREADS: int = 32  # Calls to a gateway under way at once in one worker.
    SEND_BATCH: int = 500  # Messages claimed at a time.
    ADVANCE_BATCH: int = 1000  # Enrolments advanced in one transaction.
    SQLITE_BATCH: int = 100  # The same on SQLite, where a transaction keeps every other writer waiting.
    SENDER_SEGMENTS_PER_SECOND: int = 50  # Segments a second that one sender may hand over; 0 is unbounded.
    CART_IDLE_MINUTES: int = 60  # A cart untouched for so long counts as abandoned.
    CHECKOUT_IDLE_MINUTES: int = 15  # The same for a cart whose checkout was begun.
    CART_MAX_AGE_HOURS: int = 24  # Carts idle for longer are too old to be called abandoned.
    CART_COOLDOWN_DAYS: int = 7  # Days before the same contact's carts may count as abandoned again.
    TRIGGER_MAX_AGE_HOURS: int = 6  # Events recorded longer ago than this start no sequence.
    OPT_IN_HOURS: int = 48  # How long somebody may take to confirm that they want texts.
    OPT_INS_PER_HOUR: int = 20  # Sign-ups an hour from one address of the internet; 0 is unbounded.
    SEGMENT_REFRESH_MINUTES: int = 15  # How long after counting a segment its people are counted again.
    BAD_NUMBER_FAILURES: int = (
        3  # After so many texts in a row that no phone can receive, a number gets none; 0 never.
    )
    HEALTH_TOKEN: str = ""  # What monitoring sends as "Authorization: Bearer …" to read the health page.
    AUTO_PAUSE_SHARE: float = 0.5  # A sequence is paused when so many of its messages fail; 0 never does it.
    AUTO_PAUSE_LEAST: int = 20  # Fewer failures within two hours pause nothing.
    KEEP_MESSAGE_DAYS: int = (
        730  # After so many days the words of a text are forgotten; 0 keeps them for ever.
    )
    KEEP_INBOUND_TEXT_DAYS: int = 730  # The same for what people text to us, and from which number.
    KEEP_EVENT_DAYS: int = 1095  # The same for the particulars of events; that they happened is kept.
    KEEP_CLICK_DAYS: int = (
        90  # The same for a click's browser and hashed address, and for a sign-up's address.
    )
    KEEP_CALL_DAYS: int = (
        180  # The same for what other systems and the staff were told, and what they answered.
    )
    KEEP_NOTICE_DAYS: int = 90  # The same for what a shop told us and could not be taken in.
    KEEP_CALLBACK_DAYS: int = (
        90  # The same for what a gateway posted: its receipts, and what could not be read.
    )
    KEEP_MERGE_DAYS: int = 30  # For so many days a merge of two contacts can be undone; 0 is for ever.
    CLOCK_SHIFT: bool = False  # True lets the time machine of sandbox and tests shift our clock.

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return super().__getattribute__(name)
        default = super().__getattribute__(name)
        return _given().get(name, default)


settings = Settings()


def webhook_aliases() -> list[str]:
    """Return the aliases of the places that sequences may post to; none where the setting is no dict (E013)."""
    given: object = settings.WEBHOOKS
    return sorted(str(alias) for alias in given) if isinstance(given, dict) else []


def setting_names() -> list[str]:
    """Return the names that ``WAGTAIL_DRIP`` may hold, in the order of the reference page."""
    return [name for name in get_type_hints(Settings) if name.isupper()]


def unknown_names() -> list[str]:
    """
    Return names in ``WAGTAIL_DRIP`` that mean nothing to us, most likely misspelt.

    :raises ImproperlyConfigured: if it is no dict.
    """
    return sorted(set(_given()) - set(setting_names()))
