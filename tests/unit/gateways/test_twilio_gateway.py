from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from wagtail_drip.gateways.errors import GatewayMisconfigured
from wagtail_drip.gateways.twilio import TwilioGateway
from wagtail_drip.gateways.types import OutboundSms, Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.test.fake_provider import FakeProvider, fake_provider

SID = "AC" + "0" * 32
MESSAGE = OutboundSms(
    reference="r 1",
    to="+447700900123",
    sender="+447700900999",
    text="Hello & “welcome” 😀",
    callback_url="https://shop.example/drip/gateways/default/?a=b",
    ttl_seconds=7200,
)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        provider.status, provider.body = 201, b'{"sid": "SM1", "status": "queued", "num_segments": "1"}'
        yield provider


def gateway_at(url: str, **options: Any) -> TwilioGateway:
    return TwilioGateway(
        alias="default", options={"account_sid": SID, "auth_token": "t", "base_url": url, **options}
    )


def posted(provider: FakeProvider, message: OutboundSms, **options: Any) -> dict[str, str]:
    gateway_at(provider.url, **options).send([message])
    return dict(parse_qsl(provider.seen[-1].body.decode(), keep_blank_values=True))


def test_it_posts_what_the_documentation_says(provider: FakeProvider) -> None:
    fields = posted(provider, MESSAGE)

    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert seen.headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:t".encode()).decode()
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert fields == {
        "To": "+447700900123",
        "From": "+447700900999",
        "Body": "Hello & “welcome” 😀",
        "StatusCallback": "https://shop.example/drip/gateways/default/?a=b&ref=r+1",
        "ValidityPeriod": "7200",
    }


def test_an_api_key_is_preferred_and_the_account_stays_in_the_path(provider: FakeProvider) -> None:
    posted(provider, MESSAGE, api_key="SK1", api_secret="s")

    (seen,) = provider.seen
    assert seen.headers["Authorization"] == "Basic " + base64.b64encode(b"SK1:s").decode()
    assert SID in seen.path


@pytest.mark.parametrize(
    ("sender", "options", "expected"),
    [
        ("SHOP", {}, {"From": "SHOP"}),
        ("MG1", {}, {"MessagingServiceSid": "MG1"}),
        ("", {"messaging_service_sid": "MG2"}, {"MessagingServiceSid": "MG2"}),
        ("SHOP", {"messaging_service_sid": "MG2"}, {"From": "SHOP"}),
    ],
)
def test_the_sender(
    provider: FakeProvider, sender: str, options: dict[str, str], expected: dict[str, str]
) -> None:
    fields = posted(provider, replace(MESSAGE, sender=sender), **options)

    assert {
        name: value for name, value in fields.items() if name in {"From", "MessagingServiceSid"}
    } == expected


def test_without_a_sender_nothing_is_posted(provider: FakeProvider) -> None:
    (result,) = gateway_at(provider.url).send([replace(MESSAGE, sender="")])

    assert (result.outcome, result.code) == (Outcome.CONFIG, "no_sender")
    assert provider.seen == []


@pytest.mark.parametrize(("ttl", "expected"), [(None, None), (0, "1"), (36_000, "36000"), (90_000, "36000")])
def test_the_validity_stays_in_twilios_limits(
    provider: FakeProvider, ttl: int | None, expected: str | None
) -> None:
    assert posted(provider, replace(MESSAGE, ttl_seconds=ttl)).get("ValidityPeriod") == expected


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, '["OPTIONS"]["account_sid"] is required'),
        ({"account_sid": "SK1", "auth_token": "t"}, '["account_sid"] must begin with AC'),
        ({"account_sid": SID}, '["auth_token"] is required, or api_key with api_secret'),
        ({"account_sid": SID, "api_key": "SK1"}, '["api_secret"] is required'),
        ({"account_sid": SID, "auth_token": ""}, '["auth_token"] is required'),
        ({"account_sid": SID, "auth_token": 5}, '["auth_token"] must be a text'),
        ({"account_sid": SID, "auth_token": "t", "token": "t"}, '["token"] means nothing here'),
        (
            {"account_sid": SID, "auth_token": "t", "messaging_service_sid": "PN1"},
            '["messaging_service_sid"] must begin with MG',
        ),
        ({"account_sid": SID, "auth_token": "t", "base_url": "api"}, '["base_url"] must begin with https'),
        (
            {"account_sid": SID, "auth_token": "t", "shared_keys": {"k": 1}},
            '["shared_keys"] must be a dict of texts',
        ),
        (
            {"account_sid": SID, "auth_token": "t", "auto_reply_opt_out": "no"},
            '["auto_reply_opt_out"] must be True or False',
        ),
    ],
)
def test_wrong_options_are_named_and_not_shown(options: dict[str, Any], named: str) -> None:
    with pytest.raises(GatewayMisconfigured) as caught:
        TwilioGateway(alias="uk", options=options)

    assert str(caught.value).startswith('WAGTAIL_DRIP["GATEWAYS"]["uk"]["OPTIONS"]')
    assert named in str(caught.value)


def test_without_a_key_for_signatures_the_check_says_so() -> None:
    gateway = TwilioGateway(
        alias="default", options={"account_sid": SID, "api_key": "SK1", "api_secret": "s"}
    )

    (issue,) = gateway.check()

    assert issue.level == "error"
    assert "auth_token" in issue.hint


SINCE = datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC)


def listed(**changes: Any) -> dict[str, Any]:
    return {
        "sid": "SM7",
        "to": MESSAGE.to,
        "from": MESSAGE.sender,
        "body": MESSAGE.text,
        "status": "undelivered",
        "error_code": 30005,
        "num_segments": "2",
        "price": "-0.0150",
        "price_unit": "usd",
        "date_created": "Sat, 21 Nov 2026 10:00:00 +0000",
        **changes,
    }


FOUND = StatusEvent(
    reference="r 1",
    provider_id="SM7",
    number=MESSAGE.to,
    status=ReceiptStatus.UNDELIVERED,
    code="30005",
    segments=2,
    price=Decimal("0.0150"),
    currency="USD",
    outcome=Outcome.BAD_NUMBER,
)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param([listed()], [FOUND], id="one fits"),
        pytest.param([listed(body="Another text"), listed()], [FOUND], id="one of two fits"),
        pytest.param([], [], id="none proves nothing"),
        pytest.param([listed(), listed(sid="SM8")], [], id="two that look the same prove nothing"),
        pytest.param([listed(body="Another text")], [], id="another text"),
        pytest.param([listed(**{"from": "+447700900998"})], [], id="another sender"),
        pytest.param(
            [listed(date_created="Sat, 21 Nov 2026 09:59:59 +0000")], [], id="from before the hand-over"
        ),
        pytest.param([listed(date_created=None)], [], id="without a date"),
        pytest.param([None, 5], [], id="garbage"),
    ],
)
def test_look_up(provider: FakeProvider, messages: list[Any], expected: list[StatusEvent]) -> None:
    provider.status, provider.body = 200, json.dumps({"messages": messages}).encode()

    assert gateway_at(provider.url).lookup([MESSAGE], since=SINCE) == expected

    (seen,) = provider.seen
    assert seen.method == "GET"
    assert parse_qs(urlsplit(seen.path).query) == {
        "To": [MESSAGE.to],
        "PageSize": ["200"],
        "DateSent>": ["2026-11-21"],
    }


def test_a_look_up_with_more_pages_proves_nothing(provider: FakeProvider) -> None:
    provider.status = 200
    provider.body = json.dumps({"messages": [listed()], "next_page_uri": "/more"}).encode()

    assert gateway_at(provider.url).lookup([MESSAGE], since=SINCE) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"messages": 5}'])
def test_a_look_up_never_raises(provider: FakeProvider, body: bytes) -> None:
    provider.status, provider.body = 200, body
    assert gateway_at(provider.url).lookup([MESSAGE]) == []

    provider.status = 500
    assert gateway_at(provider.url).lookup([MESSAGE]) == []
