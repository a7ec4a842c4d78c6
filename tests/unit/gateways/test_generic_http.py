from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from wagtail_drip.gateways.errors import GatewayMisconfigured
from wagtail_drip.gateways.generic_http import GenericHttpGateway, paths
from wagtail_drip.gateways.types import OutboundSms, RawRequest, StatusEvent
from wagtail_drip.test.fake_provider import FakeProvider, fake_provider

MESSAGE = OutboundSms(
    reference="r-1",
    to="+447700900123",
    sender="SHOP",
    text="Hi {from} & “you”",
    callback_url="https://shop.example/drip/gateways/default/",
)
BODY = {"to": "{to}", "text": "{text}"}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


def gateway_at(url: str = "https://sms.example/send", **options: Any) -> GenericHttpGateway:
    return GenericHttpGateway(alias="default", options={"url": url, "body": BODY, **options})


def test_a_template_is_filled_in_depth_keeping_types() -> None:
    filled = paths.fill(
        {"list": [{"to": "{to}", "n": "{segments}", "both": "{to}/{segments}"}], "fixed": 7, "none": None},
        {"to": "+44", "segments": 2},
    )

    assert filled == {"list": [{"to": "+44", "n": 2, "both": "+44/2"}], "fixed": 7, "none": None}


def test_a_name_whose_value_is_missing_is_left_out() -> None:
    assert paths.fill({"ttl": "{ttl}", "in": "ttl={ttl}", "blank": ""}, {"ttl": None}) == {
        "in": "ttl=",
        "blank": "",
    }


def test_a_text_with_braces_is_not_a_template() -> None:
    assert paths.fill("{text}!", {"text": "{to}", "to": "+44"}) == "{to}!"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", {"a": [{"b.c": 1, "d": None}], "e": "x"}),
        ("a.0.b.c", 1),
        ("a.0.d", None),
        ("a.1.d", None),
        ("a.x", None),
        ("e.0", None),
        ("z.z", None),
    ],
)
def test_find(path: str, expected: object) -> None:
    assert paths.find({"a": [{"b.c": 1, "d": None}], "e": "x"}, path) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(True, "true"), (False, "false"), (0, "0"), (1.5, "1.5"), (None, ""), ([], "")]
)
def test_find_text(value: object, expected: str) -> None:
    assert paths.find_text({"a": value}, "a") == expected


def test_json_with_every_placeholder(provider: FakeProvider) -> None:
    body = {
        name: f"{{{name}}}"
        for name in (
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
    }

    gateway_at(provider.url, body=body, webhook={"secret": "s&cret"}).send([replace(MESSAGE, ttl_seconds=60)])

    assert json.loads(provider.seen[0].body) == {
        "to": "+447700900123",
        "to_digits": "447700900123",
        "from": "SHOP",
        "text": "Hi {from} & “you”",
        "reference": "r-1",
        "callback_url": "https://shop.example/drip/gateways/default/?ref=r-1&secret=s%26cret",
        "ttl_seconds": 60,
        "unicode_flag": 1,
        "segments": 1,
    }


def test_a_form(provider: FakeProvider) -> None:
    gateway_at(provider.url, encoding="form").send([MESSAGE])

    (seen,) = provider.seen
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(seen.body.decode())) == {"to": MESSAGE.to, "text": MESSAGE.text}


def test_a_query(provider: FakeProvider) -> None:
    gateway_at(f"{provider.url}/send?v=2", encoding="query").send([MESSAGE])

    (seen,) = provider.seen
    assert (seen.method, seen.body) == ("GET", b"")
    assert dict(parse_qsl(urlsplit(seen.path).query)) == {"v": "2", "to": MESSAGE.to, "text": MESSAGE.text}


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (
            {"type": "basic", "username": "u", "password": "p"},
            "Authorization",
            "Basic " + base64.b64encode(b"u:p").decode(),
        ),
        ({"type": "bearer", "token": "t"}, "Authorization", "Bearer t"),
        ({"type": "header", "name": "X-Key", "value": "k"}, "X-Key", "k"),
    ],
)
def test_authentication_in_a_header(
    provider: FakeProvider, auth: dict[str, str], header: str, value: str
) -> None:
    gateway_at(provider.url, auth=auth).send([MESSAGE])

    assert provider.seen[0].headers[header] == value


def test_authentication_in_the_query(provider: FakeProvider) -> None:
    gateway_at(provider.url, auth={"type": "query", "name": "key", "value": "k&"}).send([MESSAGE])

    assert parse_qs(urlsplit(provider.seen[0].path).query) == {"key": ["k&"]}


def test_authentication_by_hmac(provider: FakeProvider) -> None:
    gateway_at(
        f"{provider.url}/send?v=2",
        auth={
            "type": "hmac",
            "secret": "s",
            "header": "X-Sign",
            "string": ["method", "path", "timestamp", "body"],
            "separator": "|",
            "timestamp_header": "X-Time",
            "prefix": "v1=",
        },
    ).send([MESSAGE])

    (seen,) = provider.seen
    signed = b"POST|/send?v=2|" + seen.headers["X-Time"].encode() + b"|" + seen.body
    assert seen.headers["X-Sign"] == "v1=" + hmac.new(b"s", signed, hashlib.sha256).hexdigest()
    assert seen.headers["X-Time"].isdecimal()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"url": "sms.example"}, '["url"] must begin with https:// or http://'),
        ({"url": None}, '["url"] is required'),
        ({"ur1": "x"}, '["ur1"] means nothing here'),
        ({"body": {}}, '["body"] is required'),
        ({"body": {"to": "{to}"}}, '["body"] nowhere holds {text}'),
        ({"body": {"to": "{number}", "text": "{text}"}}, '["body"] holds {number}'),
        ({"encoding": "form", "body": {"a": ["{to}", "{text}"]}}, '["body"] must hold only texts'),
        ({"encoding": "xml"}, '["encoding"] must be one of json, form, query'),
        ({"method": "DELETE"}, '["method"] must be one of POST, GET, PUT'),
        ({"auth": {"type": "oauth"}}, '["auth"]["type"] must be one of'),
        ({"auth": {"type": "basic", "username": "u"}}, '["auth"]["password"] is required'),
        ({"auth": {"type": "bearer", "token": "t", "user": "u"}}, '["auth"]["user"] means nothing here'),
        ({"auth": {"type": "hmac", "header": "X"}}, '["auth"]["secret"] is required'),
        (
            {"auth": {"type": "hmac", "header": "X", "secret": "s", "string": ["timestamp"]}},
            '["timestamp_header"] is needed',
        ),
        (
            {"auth": {"type": "hmac", "header": "X", "secret": "s", "string": ["all"]}},
            '["string"] must be a list of',
        ),
        ({"headers": {"X": 1}}, '["headers"] must be a dict of texts'),
        ({"success": {"http": [404]}}, '["success"]["http"] must be a list of statuses'),
        ({"success": {"path": "a"}}, '["success"]["path"] goes together with "equals"'),
        ({"success": {"text_matches": "("}}, '["text_matches"] is not a regular expression'),
        ({"error": {"map": {"1": "oops"}}}, '["error"]["map"] may map only to accepted, throttled'),
        ({"error": {"code_pattern": "x"}}, '["code_pattern"] must have exactly one group'),
        ({"error": 5}, '["error"] must be a dict'),
        ({"dlr": {"status_path": "s", "status_map": {"1": "arrived"}}}, "may map only to accepted, sent"),
        ({"dlr": {}}, '["dlr"]["status_path"] is required'),
        ({"mo": {"from_path": "f"}}, '["mo"]["text_path"] is required'),
        (
            {"mo": {"from_path": "f", "text_path": "t", "reply": {"status": 404}}},
            '["reply"]["status"] must be from 200 to 299',
        ),
        ({"unicode_flag": "01"}, '["unicode_flag"] must be a list of two'),
        ({"idempotency_seconds": -1}, '["idempotency_seconds"] must be a whole number'),
        ({"numbers": "national"}, '["numbers"] must be one of e164, digits'),
        (
            {
                "mo": {"format": "query", "from_path": "f", "text_path": "t"},
                "webhook": {"hmac": {"secret": "s", "header": "X"}},
            },
            '["hmac"] must sign url or path',
        ),
        (
            {
                "mo": {"from_path": "f", "text_path": "t"},
                "webhook": {"hmac": {"secret": "s", "header": "X", "string": ["url"]}},
            },
            '["hmac"] must sign the body',
        ),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(GatewayMisconfigured) as caught:
        gateway_at(**options)

    assert str(caught.value).startswith('WAGTAIL_DRIP["GATEWAYS"]["default"]["OPTIONS"]')
    assert named in str(caught.value)


MO = {"from_path": "from", "text_path": "text"}


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        pytest.param({}, [], id="nothing to hear, nothing to prove"),
        pytest.param({"mo": MO}, ["error"], id="replies that nobody can prove"),
        pytest.param({"mo": MO, "webhook": {"secret": "short"}}, ["warning"], id="a secret to guess"),
        pytest.param({"mo": MO, "webhook": {"secret": "x" * 22}}, [], id="a good secret"),
        pytest.param({"url": "http://sms.example/"}, ["warning"], id="texts in the clear"),
        pytest.param({"url": "http://127.0.0.1:13013/"}, [], id="a gateway on this machine"),
    ],
)
def test_check(options: dict[str, Any], levels: list[str]) -> None:
    assert [issue.level for issue in gateway_at(**options).check()] == levels


def test_without_secret_or_signature_nothing_is_believed() -> None:
    request = RawRequest.build(
        method="POST", url="https://shop.example/?secret=", headers={}, body=b'{"from": "1", "text": "x"}'
    )

    assert gateway_at(mo=MO).verify(request) is False


@pytest.mark.parametrize(
    ("query", "believed"),
    [
        ("secret=right", True),
        ("ref=1&secret=right", True),
        ("secret=wrong", False),
        ("secret=wrong&secret=right", False),
        ("secret=right&secret=wrong", False),
        ("secret=", False),
        ("", False),
    ],
)
def test_the_secret_in_the_address(query: str, believed: bool) -> None:
    request = RawRequest.build(method="POST", url=f"https://shop.example/?{query}", headers={}, body=b"")

    assert gateway_at(mo=MO, webhook={"secret": "right"}).verify(request) is believed


def test_with_a_secret_and_a_signature_both_must_be_right() -> None:
    gateway = gateway_at(mo=MO, webhook={"secret": "right", "hmac": {"secret": "s", "header": "X-Sign"}})
    signature = hmac.new(b"s", b"body", hashlib.sha256).hexdigest()

    def is_believed(url: str, header: str) -> bool:
        return gateway.verify(
            RawRequest.build(method="POST", url=url, headers={"x-sign": header}, body=b"body")
        )

    assert is_believed("https://shop.example/?secret=right", signature)
    assert not is_believed("https://shop.example/?secret=right", "")
    assert not is_believed("https://shop.example/", signature)


def test_a_status_may_stand_in_the_address_of_a_json_receipt() -> None:
    gateway = gateway_at(
        dlr={"status_path": "?state", "status_map": {"1": "delivered"}, "id_path": "id"},
        webhook={"secret": "right"},
    )
    request = RawRequest.build(
        method="POST", url="https://shop.example/?state=1&ref=r-1", headers={}, body=b'{"id": "m-1"}'
    )

    (event,) = gateway.parse(request).events

    assert isinstance(event, StatusEvent)
    assert (event.status, event.reference, event.provider_id) == ("delivered", "r-1", "m-1")


def test_the_provider_hears_the_reply_that_it_expects() -> None:
    gateway = gateway_at(mo={**MO, "reply": {"status": 200, "content_type": "text/plain", "body": "OK"}})
    request = RawRequest.build(
        method="POST", url="https://shop.example/", headers={}, body=b'{"from": "+44", "text": "x"}'
    )

    response = gateway.parse(request).response

    assert (response.status, response.content_type, response.body) == (200, "text/plain", "OK")
