"""The OPTIONS of a described provider, read once, with errors that name the option."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from wagtail_drip.gateways.options import Options
from wagtail_drip.gateways.types import Outcome, ReceiptStatus, WebhookResponse

from . import paths
from .signing import Signing

PLACEHOLDERS = (
    "to",
    "to_digits",
    "from",
    "text",
    "reference",
    "callback_url",
    "ttl_seconds",
    "unicode_flag",
    "segments",
)
FORMATS = ("json", "form", "query")
Word = TypeVar("Word", Outcome, ReceiptStatus)
MIN_SECRET_LENGTH = 22  # 128 bits in base64


@dataclass(frozen=True, kw_only=True, slots=True)
class Auth:
    """How we show who we are."""

    type: str
    name: str = ""
    value: str = ""
    signing: Signing | None = None

    @classmethod
    def read(cls, given: Options) -> Auth:
        kind = given.choice("type", ("none", "basic", "bearer", "header", "query", "hmac"), "none")
        if kind == "hmac":
            return cls(type=kind, signing=Signing.read(given))
        name, value = {
            "none": ("", ""),
            "basic": ("username", "password"),
            "bearer": ("", "token"),
            "header": ("name", "value"),
            "query": ("name", "value"),
        }[kind]
        given.allow({"type", name, value} - {""})
        return cls(
            type=kind,
            name=given.text(name) if name else "",
            value=given.text(value) if value else "",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Success:
    """When an answer means that the message was taken."""

    http: tuple[int, ...]
    path: str | None
    equals: tuple[str, ...]
    text_matches: re.Pattern[str] | None

    @classmethod
    def read(cls, given: Options) -> Success:
        given.allow({"http", "path", "equals", "text_matches"})
        http = given.values.get("http", [])
        if not isinstance(http, list | tuple) or not all(
            isinstance(status, int) and 200 <= status < 300 for status in http
        ):
            raise given.error("http", "must be a list of statuses from 200 to 299")
        if ("path" in given) != ("equals" in given):
            raise given.error("path", 'goes together with "equals"')
        equals = given.values.get("equals", [])
        if not isinstance(equals, list | tuple):
            equals = [equals]
        return cls(
            http=tuple(http),
            path=given.text("path") if "path" in given else None,
            equals=tuple(paths.find_text(item, "") for item in equals),
            text_matches=pattern(given, "text_matches"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    """How a refusal is told, and what each code means."""

    code_path: str | None
    code_pattern: re.Pattern[str] | None
    message_path: str | None
    codes: Mapping[str, Outcome]
    statuses: Mapping[str, Outcome]
    retry_after_header: str

    @classmethod
    def read(cls, given: Options) -> Errors:
        given.allow({"code_path", "code_pattern", "message_path", "map", "http", "retry_after_header"})
        code_pattern = pattern(given, "code_pattern")
        if code_pattern is not None and code_pattern.groups != 1:
            raise given.error("code_pattern", "must have exactly one group, the code")
        return cls(
            code_path=path(given, "code_path"),
            code_pattern=code_pattern,
            message_path=path(given, "message_path"),
            codes=words(given, "map", Outcome),
            statuses=words(given, "http", Outcome),
            retry_after_header=given.text("retry_after_header", "Retry-After"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipts:
    """Where a receipt says what. A path that begins with ? reads the address's query."""

    format: str
    when: Mapping[str, str]
    items_path: str
    status_path: str
    status_map: Mapping[str, ReceiptStatus]
    reference_path: str | None
    id_path: str | None
    number_path: str | None
    code_path: str | None
    code_map: Mapping[str, Outcome]
    detail_path: str | None
    segments_path: str | None
    price_path: str | None
    currency_path: str | None
    at_path: str | None
    reply: WebhookResponse

    @classmethod
    def read(cls, given: Options) -> Receipts:
        given.allow(cls.__dataclass_fields__)
        return cls(
            format=given.choice("format", FORMATS, "json"),
            when=given.texts("when"),
            items_path=given.text("items_path", ""),
            status_path=given.text("status_path"),
            status_map=words(given, "status_map", ReceiptStatus),
            reference_path=path(given, "reference_path"),
            id_path=path(given, "id_path"),
            number_path=path(given, "number_path"),
            code_path=path(given, "code_path"),
            code_map=words(given, "code_map", Outcome),
            detail_path=path(given, "detail_path"),
            segments_path=path(given, "segments_path"),
            price_path=path(given, "price_path"),
            currency_path=path(given, "currency_path"),
            at_path=path(given, "at_path"),
            reply=reply(given),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """Where an inbound text says what."""

    format: str
    when: Mapping[str, str]
    items_path: str
    from_path: str
    to_path: str | None
    text_path: str
    id_path: str | None
    at_path: str | None
    reply: WebhookResponse

    @classmethod
    def read(cls, given: Options) -> Inbound:
        given.allow(cls.__dataclass_fields__)
        return cls(
            format=given.choice("format", FORMATS, "json"),
            when=given.texts("when"),
            items_path=given.text("items_path", ""),
            from_path=given.text("from_path"),
            to_path=path(given, "to_path"),
            text_path=given.text("text_path"),
            id_path=path(given, "id_path"),
            at_path=path(given, "at_path"),
            reply=reply(given),
        )


def path(given: Options, name: str) -> str | None:
    return given.text(name) if name in given else None


def pattern(given: Options, name: str) -> re.Pattern[str] | None:
    if name not in given:
        return None
    try:
        return re.compile(given.text(name))
    except re.error as error:
        raise given.error(name, f"is not a regular expression: {error}") from error


def words(given: Options, name: str, closed_list: type[Word]) -> dict[str, Word]:
    """Return a map to words of a closed list; what the provider writes may be a number in the settings."""
    values: Mapping[Any, Any] = given.section(name).values
    found: dict[str, Word] = {}
    for key, value in values.items():
        if value not in tuple(closed_list):
            raise given.error(name, f"may map only to {', '.join(closed_list)}")
        found[str(key)] = closed_list(value)
    return found


def reply(given: Options) -> WebhookResponse:
    section = given.section("reply")
    section.allow({"status", "content_type", "body"})
    status = section.number("status", 200)
    if not 200 <= status < 300:
        raise section.error("status", "must be from 200 to 299")
    return WebhookResponse(
        status=status,
        content_type=section.text("content_type", "text/plain; charset=utf-8"),
        body=section.text("body", ""),
    )


def body_template(given: Options, *, is_flat: bool) -> Mapping[str, Any]:
    """
    Return the template of what is sent.

    :param is_flat: forms and queries hold texts only.
    """
    template = given.section("body").values
    if not template:
        raise given.error("body", "is required: what to send, with placeholders such as {to} and {text}")
    for name in paths.placeholders(template):
        if name not in PLACEHOLDERS:
            raise given.error("body", f"holds {{{name}}}; known are {', '.join(PLACEHOLDERS)}")
    if is_flat and not all(isinstance(item, str | int) for item in template.values()):
        raise given.error("body", "must hold only texts and numbers with this encoding")
    for needed in ("to", "text"):
        if needed not in {name.removesuffix("_digits") for name in paths.placeholders(template)}:
            raise given.error("body", f"nowhere holds {{{needed}}}")
    return template


def unicode_flags(given: Options) -> tuple[Any, Any]:
    """Return what stands for {unicode_flag} in GSM-7 and in UCS-2 texts."""
    value = given.values.get("unicode_flag", [0, 1])
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise given.error("unicode_flag", "must be a list of two: for GSM-7 texts and for others")
    return value[0], value[1]
