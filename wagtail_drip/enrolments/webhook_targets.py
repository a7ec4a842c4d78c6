"""The places that sequences may post to: ``WAGTAIL_DRIP["WEBHOOKS"]``, read and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wagtail_drip.conf import settings, webhook_aliases
from wagtail_drip.exceptions import WagtailDripError

DEFAULT_TIMEOUT_SECONDS = 10.0
LONGEST_TIMEOUT_SECONDS = 30.0
KEYS = ("URL", "SECRET", "TIMEOUT_SECONDS", "ALLOW_PRIVATE")


class UnknownTarget(WagtailDripError):
    """A step names a webhook that ``WAGTAIL_DRIP["WEBHOOKS"]`` does not have, or one that cannot work."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    :param timeout_seconds: for the whole exchange, from connecting to the last byte.
    :param allow_private: whether it may be inside our own network.
    """

    alias: str
    url: str
    secret: str = ""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    allow_private: bool = False


def target(alias: str) -> Target:
    """:raises UnknownTarget: if there is none of this alias, or its settings cannot work."""
    if alias not in webhook_aliases():
        raise UnknownTarget(f"WAGTAIL_DRIP['WEBHOOKS'] has no {alias!r}.")
    problem = next(problems(alias), None)
    if problem is not None:
        raise UnknownTarget(f"WAGTAIL_DRIP['WEBHOOKS'][{alias!r}]: {problem}")
    spec = settings.WEBHOOKS[alias]
    return Target(
        alias=alias,
        url=spec["URL"],
        secret=spec.get("SECRET", ""),
        timeout_seconds=float(spec.get("TIMEOUT_SECONDS", DEFAULT_TIMEOUT_SECONDS)),
        allow_private=spec.get("ALLOW_PRIVATE", False),
    )


def problems(alias: str) -> Iterator[str]:
    """Yield what is wrong with one entry, in words for whoever writes settings."""
    spec: Any = settings.WEBHOOKS[alias]
    if not isinstance(spec, dict):
        yield "it must be a dict with at least a URL."
        return
    unknown = sorted(str(key) for key in set(spec) - set(KEYS))
    if unknown:
        yield f"it has no option {unknown[0]!r}; known are {', '.join(KEYS)}."
    yield from _url_problems(spec.get("URL", ""))
    if not isinstance(spec.get("SECRET", ""), str):
        yield "SECRET must be a text."
    timeout = spec.get("TIMEOUT_SECONDS", DEFAULT_TIMEOUT_SECONDS)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        yield "TIMEOUT_SECONDS must be a number."
    elif not 0 < timeout <= LONGEST_TIMEOUT_SECONDS:
        yield f"TIMEOUT_SECONDS must be above 0 and at most {LONGEST_TIMEOUT_SECONDS:g}."
    if not isinstance(spec.get("ALLOW_PRIVATE", False), bool):
        yield "ALLOW_PRIVATE must be True or False."


def _url_problems(url: Any) -> Iterator[str]:
    if not isinstance(url, str) or not url:
        yield "URL is missing."
        return
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        yield "URL cannot be read."
        return
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        yield "URL must be like https://crm.example/hooks/texts."
    elif parts.username is not None or parts.password is not None:
        yield "URL must not hold a user name or password; use SECRET."
    elif not url.isascii() or any(letter.isspace() for letter in url):
        yield "URL must be ASCII and without spaces; write other letters in %-code, and the host in punycode."
