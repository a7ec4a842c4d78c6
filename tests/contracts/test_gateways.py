"""Every gateway that we ship keeps the contract that we ship."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils.datastructures import CaseInsensitiveMapping
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from wagtail_drip.gateways import signed_json
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.console import ConsoleGateway
from wagtail_drip.gateways.generic_http import GenericHttpGateway
from wagtail_drip.gateways.memory import MemoryGateway
from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.twilio import TwilioGateway
from wagtail_drip.gateways.types import RawRequest, with_query
from wagtail_drip.test.fake_provider import FakeProvider
from wagtail_drip.test.gateway_contract import GatewayContract, HttpGatewayContract

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
SECRET = "a-webhook-secret-of-32-characters"


def with_headers(request: RawRequest, **headers: str) -> RawRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(request, headers=CaseInsensitiveMapping({**request.headers, **named}))


def with_secret(request: RawRequest) -> RawRequest:
    return RawRequest.build(
        method=request.method,
        url=with_query(request.url, secret=SECRET),
        headers=request.headers,
        body=request.body,
    )


class TestConsole(GatewayContract):
    def make_gateway(self, url: str) -> Gateway:
        return ConsoleGateway(alias="default", options={})


class TestMemory(GatewayContract):
    secrets = ("a token",)

    def make_gateway(self, url: str) -> Gateway:
        return MemoryGateway(alias="default", options={"token": "a token", "max_recipients": 3})


class TestSimulator(HttpGatewayContract):
    recordings = RECORDINGS / "simulator"
    secrets = ("a token",)

    def make_gateway(self, url: str) -> Gateway:
        return SimulatorGateway(
            alias="default", options={"token": "a token", "url": f"{url}/phone/api/messages"}
        )

    def sign(self, request: RawRequest) -> RawRequest:
        return with_headers(request, X_Simulator_Signature=signed_json.sign(request.body, token="a token"))

    def test_it_sends_what_the_telephone_reads(self, provider: FakeProvider) -> None:
        self.play(provider, "accepted")

        self.send_one(provider.url)

        (seen,) = provider.seen
        assert (seen.method, seen.path) == ("POST", "/phone/api/messages")
        assert seen.headers["Authorization"] == "Bearer a token"
        assert seen.headers["Idempotency-Key"] == self.make_message().reference
        assert seen.headers["Content-Type"] == "application/json"


class MultiDict(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


class TestTwilio(HttpGatewayContract):
    recordings = RECORDINGS / "twilio"
    secrets = ("token of twilio", "secret of the key")

    def make_gateway(self, url: str) -> Gateway:
        return TwilioGateway(
            alias="default",
            options={
                "account_sid": "AC" + "0" * 32,
                "auth_token": "token of twilio",
                "api_key": "SK1",
                "api_secret": "secret of the key",
                "base_url": url,
            },
        )

    def sign(self, request: RawRequest) -> RawRequest:
        # Twilio's own SDK signs.
        signature = RequestValidator("token of twilio").compute_signature(
            request.url, MultiDict({name: list(values) for name, values in request.form.items()})
        )
        return with_headers(request, X_Twilio_Signature=signature)


class TestA46elks(HttpGatewayContract):
    recordings = RECORDINGS / "generic_http_46elks"
    secrets = ("api password", SECRET)

    def make_gateway(self, url: str) -> Gateway:
        return GenericHttpGateway(
            alias="default",
            options={
                "url": f"{url}/a1/sms",
                "encoding": "form",
                "auth": {"type": "basic", "username": "u1", "password": "api password"},
                "body": {
                    "from": "{from}",
                    "to": "{to}",
                    "message": "{text}",
                    "whendelivered": "{callback_url}",
                },
                "success": {"http": [200], "path": "status", "equals": ["created", "sent", "delivered"]},
                "id_path": "id",
                "error": {
                    "code_pattern": "^(Invalid to|Recipient)",
                    "map": {"Invalid to": "bad_number", "Recipient": "opted_out"},
                },
                "webhook": {"secret": SECRET},
                "dlr": {
                    "format": "form",
                    "id_path": "id",
                    "status_path": "status",
                    "at_path": "delivered",
                    "status_map": {"sent": "sent", "delivered": "delivered", "failed": "failed"},
                },
                "mo": {
                    "format": "form",
                    "id_path": "id",
                    "from_path": "from",
                    "to_path": "to",
                    "text_path": "message",
                },
            },
        )

    def sign(self, request: RawRequest) -> RawRequest:
        return with_secret(request)


class TestKannel(HttpGatewayContract):
    recordings = RECORDINGS / "generic_http_kannel"
    secrets = ("kannel password", SECRET)

    def make_gateway(self, url: str) -> Gateway:
        return GenericHttpGateway(
            alias="default",
            options={
                "url": f"{url}/cgi-bin/sendsms",
                "encoding": "query",
                "unicode_flag": [0, 2],
                "body": {
                    "username": "shop",
                    "password": "kannel password",
                    "from": "{from}",
                    "to": "{to}",
                    "text": "{text}",
                    "coding": "{unicode_flag}",
                    "charset": "UTF-8",
                    "dlr-mask": "31",
                    "dlr-url": "{callback_url}&kind=dlr&status=%d&answer=%A",
                },
                "success": {"http": [202], "text_matches": "^[03]: "},
                "error": {
                    "code_pattern": "(Authorization failed|denied|not valid)",
                    "map": {
                        "Authorization failed": "config",
                        "denied": "opted_out",
                        "not valid": "bad_number",
                    },
                    "http": {"503": "transient"},
                },
                "numbers": "digits",
                "webhook": {"secret": SECRET},
                "dlr": {
                    "format": "query",
                    "when": {"kind": "dlr"},
                    "status_path": "status",
                    "detail_path": "answer",
                    "status_map": {
                        "1": "delivered",
                        "2": "undelivered",
                        "4": "accepted",
                        "8": "sent",
                        "16": "failed",
                    },
                },
                "mo": {
                    "format": "query",
                    "when": {"kind": "mo"},
                    "from_path": "from",
                    "to_path": "to",
                    "text_path": "text",
                },
            },
        )

    def sign(self, request: RawRequest) -> RawRequest:
        return with_secret(request)


class TestAJsonApi(HttpGatewayContract):
    recordings = RECORDINGS / "generic_http_json"
    secrets = ("outgoing hmac secret", "incoming hmac secret")

    def make_gateway(self, url: str) -> Gateway:
        return GenericHttpGateway(
            alias="default",
            options={
                "url": f"{url}/v1/send",
                "account": "shop-1",
                "auth": {
                    "type": "hmac",
                    "secret": "outgoing hmac secret",
                    "header": "X-Signature",
                    "algorithm": "sha512",
                    "encoding": "base64",
                    "string": ["method", "path", "timestamp", "body"],
                    "timestamp_header": "X-Time",
                },
                "headers": {"X-Client": "drip"},
                "body": {
                    "messages": [
                        {
                            "to": "{to_digits}",
                            "from": "{from}",
                            "body": "{text}",
                            "ref": "{reference}",
                            "parts": "{segments}",
                            "unicode": "{unicode_flag}",
                            "ttl": "{ttl_seconds}",
                            "hook": "{callback_url}",
                        }
                    ]
                },
                "unicode_flag": [False, True],
                "success": {"path": "results.0.code", "equals": 0},
                "id_path": "results.0.message.id",
                "error": {
                    "code_path": "results.0.code",
                    "message_path": "results.0.why",
                    "map": {
                        7: "throttled",
                        11: "bad_number",
                        "STOPPED": "opted_out",
                        23: "accepted",
                    },
                    "retry_after_header": "X-Wait",
                },
                "idempotency_seconds": 3600,
                "numbers": "digits",
                "webhook": {
                    "hmac": {
                        "secret": "incoming hmac secret",
                        "header": "X-Hook-Signature",
                        "prefix": "sha256=",
                        "string": ["url", "body"],
                    }
                },
                "dlr": {
                    "items_path": "items",
                    "reference_path": "ref",
                    "id_path": "id",
                    "number_path": "msisdn",
                    "status_path": "state",
                    "status_map": {"DELIVRD": "delivered", "REJECTD": "failed"},
                    "code_path": "err",
                    "code_map": {11: "bad_number"},
                    "detail_path": "why",
                    "segments_path": "parts",
                    "price_path": "price",
                    "currency_path": "currency",
                    "at_path": "done",
                },
                "mo": {
                    "items_path": "items",
                    "id_path": "id",
                    "from_path": "from",
                    "to_path": "to",
                    "text_path": "text",
                    "at_path": "at",
                },
            },
        )

    def sign(self, request: RawRequest) -> RawRequest:
        signed = request.url.encode() + b"\n" + request.body
        digest = hmac.new(b"incoming hmac secret", signed, hashlib.sha256).hexdigest()
        return with_headers(request, X_Hook_Signature=f"sha256={digest}")


@pytest.mark.parametrize("name", ["simulator", "twilio"])
def test_recordings_hold_no_real_number(name: str) -> None:
    # Ofcom keeps 07700 900000 to 900999 for drama; nobody has them.
    for path in (RECORDINGS / name).glob("*.json"):
        text = path.read_text("utf-8")
        assert text.count("+44") == text.count("+447700900"), path.name
