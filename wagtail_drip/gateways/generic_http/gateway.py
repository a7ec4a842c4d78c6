"""Handing messages to a provider that the settings describe."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from wagtail_drip.gateways.encoding import count
from wagtail_drip.gateways.errors import AmbiguousGatewayError, GatewayError
from wagtail_drip.gateways.http import (
    Answer,
    HttpGateway,
    refusal_by_code,
    refusal_by_status,
)
from wagtail_drip.gateways.options import Options
from wagtail_drip.gateways.types import (
    REFERENCE_PARAMETER,
    SECRET_PARAMETER,
    Capabilities,
    Issue,
    OutboundSms,
    Outcome,
    Parsed,
    RawRequest,
    SendResult,
    with_query,
)

from . import description, paths, webhooks
from .signing import Signing


class GenericHttpGateway(HttpGateway):
    """
    A provider described in OPTIONS; see the how-to "Connect any HTTP gateway" for each option.

    Sending: ``url, method, encoding, auth, headers, body, unicode_flag, success, id_path, error``.
    Hearing: ``webhook, dlr, mo, numbers``. About it: ``account, idempotency_seconds, max_chars,
    segments_per_second, auto_reply_opt_out``.
    """

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias=alias, options=options)
        given = Options.of_gateway(alias, options)
        given.allow(
            {
                "account",
                "auth",
                "auto_reply_opt_out",
                "body",
                "dlr",
                "encoding",
                "error",
                "headers",
                "id_path",
                "idempotency_seconds",
                "max_chars",
                "method",
                "mo",
                "numbers",
                "segments_per_second",
                "success",
                "unicode_flag",
                "url",
                "webhook",
            }
        )
        self._url = given.url("url")
        self._encoding = given.choice("encoding", description.FORMATS, "json")
        self._method = given.choice(
            "method", ("POST", "GET", "PUT"), "GET" if self._encoding == "query" else "POST"
        )
        self._auth = description.Auth.read(given.section("auth"))
        self._headers = given.texts("headers")
        self._body = description.body_template(given, is_flat=self._encoding != "json")
        self._unicode_flags = description.unicode_flags(given)
        self._success = description.Success.read(given.section("success"))
        self._id_path = description.path(given, "id_path")
        self._errors = description.Errors.read(given.section("error"))
        self._account = given.text("account", "") or urlsplit(self._url).netloc.rpartition("@")[2]
        self._receipts = description.Receipts.read(given.section("dlr")) if "dlr" in given else None
        self._inbound = description.Inbound.read(given.section("mo")) if "mo" in given else None
        self._adds_plus = given.choice("numbers", ("e164", "digits"), "e164") == "digits"
        self._read_webhook(given.section("webhook"))
        self._capabilities = Capabilities(
            idempotency_seconds=given.number("idempotency_seconds", 0),
            receipts="none" if self._receipts is None else "push",
            inbound=self._inbound is not None,
            auto_reply_opt_out=given.flag("auto_reply_opt_out", default=False),
            max_chars=given.number("max_chars", 1600),
            default_segments_per_second=given.number("segments_per_second", 10),
        )

    def _read_webhook(self, given: Options) -> None:
        given.allow({"secret", "hmac"})
        self._secret = given.text("secret") if "secret" in given else ""
        self._signing = Signing.read(given.section("hmac")) if "hmac" in given else None
        formats = {part.format for part in (self._receipts, self._inbound) if part is not None}
        self.webhook_methods = frozenset({"GET" if item == "query" else "POST" for item in formats})
        if self._signing is not None and not self._secret:
            covered = set(self._signing.string)
            if "query" in formats and not covered & {"url", "path"}:
                raise given.error("hmac", 'must sign url or path: with format "query" all stands there')
            if formats & {"json", "form"} and "body" not in covered:
                raise given.error("hmac", "must sign the body")

    @property
    def account(self) -> str:
        return f"generic_http:{self._account}"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def check(self) -> list[Issue]:
        issues = []
        if (self._receipts or self._inbound) and not self._secret and self._signing is None:
            issues.append(
                Issue(
                    level="error",
                    message=f'The gateway "{self.alias}" cannot believe any receipt or reply.',
                    hint='Give it the option "webhook" with a "secret" or an "hmac".',
                )
            )
        if self._secret and len(self._secret) < description.MIN_SECRET_LENGTH:
            issues.append(
                Issue(
                    level="warning",
                    message=f'The webhook secret of the gateway "{self.alias}" is short enough to be guessed.',
                    hint='Make one with: python -c "import secrets; print(secrets.token_urlsafe())"',
                )
            )
        address = urlsplit(self._url)
        if address.scheme == "http" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
            issues.append(
                Issue(
                    level="warning",
                    message=f'The gateway "{self.alias}" sends numbers and texts unencrypted.',
                    hint='Use an address with https:// in the option "url".',
                )
            )
        return issues

    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        (message,) = call
        filled = paths.fill(self._body, self._values(message))
        headers = CaseInsensitiveDict(self._headers)
        url, body = self._url, b""
        if self._encoding == "json":
            body = json.dumps(filled).encode()
            headers.setdefault("Content-Type", "application/json")
        else:
            assert isinstance(filled, dict)  # noqa: S101 -- a dict fills to a dict
            encoded = urlencode({name: "" if item is None else item for name, item in filled.items()})
            if self._encoding == "form":
                body = encoded.encode()
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            else:
                url += ("&" if urlsplit(url).query else "?") + encoded
        if self._auth.type == "query":
            url = with_query(url, **{self._auth.name: self._auth.value})
        elif self._auth.type == "bearer":
            headers["Authorization"] = f"Bearer {self._auth.value}"
        elif self._auth.type == "header":
            headers[self._auth.name] = self._auth.value
        elif self._auth.signing is not None:
            signing = self._auth.signing
            # The provider compares it with its own clock, so it is the machine's, which nothing shifts.
            timestamp = str(int(time.time()))
            if signing.timestamp_header:
                headers[signing.timestamp_header] = timestamp
            headers[signing.header] = signing.sign(
                method=self._method, url=url, body=body, timestamp=timestamp
            )
        return requests.Request(
            self._method,
            url,
            headers=headers,
            data=body or None,
            auth=(self._auth.name, self._auth.value) if self._auth.type == "basic" else None,
        )

    def _values(self, message: OutboundSms) -> dict[str, str | int | None]:
        cost = count(message.text)
        callback_url = message.callback_url
        if callback_url:
            proof = {SECRET_PARAMETER: self._secret} if self._secret else {}
            callback_url = with_query(callback_url, **{REFERENCE_PARAMETER: message.reference}, **proof)
        return {
            "to": message.to,
            "to_digits": message.to.removeprefix("+"),
            "from": message.sender,
            "text": message.text,
            "reference": message.reference,
            "callback_url": callback_url,
            "ttl_seconds": message.ttl_seconds,
            "unicode_flag": self._unicode_flags[cost.encoding == "UCS-2"],
            "segments": cost.segments,
        }

    def read(self, call: Sequence[OutboundSms], answer: Answer) -> list[SendResult]:
        (message,) = call
        document = answer.json()
        provider_id = paths.find_text(document, self._id_path)
        if not self._is_taken(answer, document) or (self._id_path is not None and not provider_id):
            raise self._refusal_in(answer, document) or AmbiguousGatewayError(
                "The answer says neither that the message was taken nor a code that is known.",
                code=self._code(answer, document) or "garbage",
            )
        return [
            SendResult(reference=message.reference, outcome=Outcome.ACCEPTED, provider_id=provider_id[:128])
        ]

    def _is_taken(self, answer: Answer, document: object) -> bool:
        rule = self._success
        return (
            (not rule.http or answer.status in rule.http)
            and (rule.path is None or paths.find_text(document, rule.path) in rule.equals)
            and (rule.text_matches is None or bool(rule.text_matches.search(answer.text)))
        )

    def refusal(self, answer: Answer) -> GatewayError:
        header = self._errors.retry_after_header
        if header.lower() != "retry-after" and header in answer.headers:
            answer = replace(answer, headers={**answer.headers, "Retry-After": answer.headers[header]})
        document = answer.json()
        return self._refusal_in(answer, document) or refusal_by_status(
            answer,
            detail=paths.find_text(document, self._errors.message_path),
            code=self._code(answer, document),
        )

    def _refusal_in(self, answer: Answer, document: object) -> GatewayError | None:
        code = self._code(answer, document)
        outcome = self._errors.codes.get(code) or self._errors.statuses.get(str(answer.status))
        if outcome is None:
            return None
        return refusal_by_code(
            outcome,
            answer,
            detail=paths.find_text(document, self._errors.message_path) or f"HTTP {answer.status}",
            code=code or f"http_{answer.status}",
        )

    def _code(self, answer: Answer, document: object) -> str:
        if self._errors.code_pattern is not None:
            match = self._errors.code_pattern.search(answer.text)
            return (match[1] or "")[:64] if match else ""
        return paths.find_text(document, self._errors.code_path)[:64]

    def verify(self, request: RawRequest) -> bool:
        return webhooks.verify(request, secret=self._secret, signing=self._signing)

    def parse(self, request: RawRequest) -> Parsed:
        return webhooks.parse(
            request, receipts=self._receipts, inbound=self._inbound, adds_plus=self._adds_plus
        )
