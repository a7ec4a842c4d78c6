"""What an answer means, and how one call travels. How it breaks is in tests/contracts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from wagtail_drip.gateways import http
from wagtail_drip.gateways.http import Answer, redacted, refusal_by_status, retry_after_seconds
from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.types import OutboundSms, Outcome, SendResult
from wagtail_drip.test.fake_provider import FakeProvider, fake_provider

MESSAGE = OutboundSms(reference="r-1", to="+447700900123", sender="SHOP", text="Your code is 7")


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        provider.status, provider.body = 202, b'{"id": "m-1"}'
        yield provider


def gateway_at(provider: FakeProvider) -> SimulatorGateway:
    gateway = SimulatorGateway(alias="default", options={"token": "t", "url": provider.url})
    gateway.read_timeout_seconds = 0.3
    return gateway


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Outcome.CONFIG),
        (400, Outcome.TRANSIENT),
        (401, Outcome.CONFIG),
        (403, Outcome.CONFIG),
        (404, Outcome.CONFIG),
        (408, Outcome.AMBIGUOUS),
        (422, Outcome.TRANSIENT),
        (429, Outcome.THROTTLED),
        (500, Outcome.AMBIGUOUS),
        (503, Outcome.AMBIGUOUS),
        (599, Outcome.AMBIGUOUS),
    ],
)
def test_a_status_without_a_known_code(status: int, outcome: Outcome) -> None:
    error = refusal_by_status(Answer(status=status, headers={}, body=b""))

    assert error.outcome is outcome
    assert error.is_retryable is (outcome in {Outcome.TRANSIENT, Outcome.THROTTLED})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="not said"),
        pytest.param({"retry-after": "30"}, 30.0, id="seconds"),
        pytest.param({"Retry-After": "0.5"}, 0.5, id="half a second"),
        pytest.param({"Retry-After": "99999999"}, 86400.0, id="never more than a day"),
        pytest.param({"Retry-After": "-5"}, None, id="not a number of the standard"),
        pytest.param({"Retry-After": "soon"}, None, id="nonsense"),
        pytest.param(
            {"Date": "Sat, 21 Nov 2026 10:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 10:02:00 GMT"},
            120.0,
            id="a date, measured from the provider's own clock",
        ),
        pytest.param(
            {"Date": "Sat, 21 Nov 2026 10:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT"},
            0.0,
            id="a date that has passed",
        ),
        pytest.param({"Retry-After": "Sat, 21 Nov 2026 10:02:00 GMT"}, None, id="a date without a clock"),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("To +447700900123 is wrong", "To [number] is wrong"),
        ("To +44 7700 900-123 is wrong", "To [number] is wrong"),
        ("447700900123: Your code is 7", "[number]: [text]"),
        ("Error 21211", "Error 21211"),
        ("x" * 500, "x" * 200),
    ],
)
def test_details_lose_numbers_and_texts(detail: str, expected: str) -> None:
    assert redacted(detail, MESSAGE) == expected


def test_an_answer_without_end_is_ambiguous(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    provider.body = b"x" * 1001

    (result,) = gateway_at(provider).send([MESSAGE])

    assert result.outcome is Outcome.AMBIGUOUS


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = gateway_at(provider)
    gateway.send([MESSAGE])

    monkeypatch.setattr(http, "MAX_IDLE_SECONDS", -1.0)
    gateway.send([MESSAGE])

    assert len({request.connection for request in provider.seen}) == 2


def test_a_forked_process_opens_its_own_connection(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = gateway_at(provider)
    gateway.send([MESSAGE])

    monkeypatch.setattr(os, "getpid", lambda: -1)
    gateway.send([MESSAGE])

    assert len({request.connection for request in provider.seen}) == 2


def test_the_environment_names_no_proxy(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert gateway_at(provider).send([MESSAGE]) == [
        SendResult(reference="r-1", outcome=Outcome.ACCEPTED, provider_id="m-1")
    ]


def test_a_header_that_cannot_be_sent_is_a_matter_of_settings(provider: FakeProvider) -> None:
    gateway = SimulatorGateway(alias="default", options={"token": "t\r\nX: y", "url": provider.url})

    (result,) = gateway.send([MESSAGE])

    assert result.outcome is Outcome.CONFIG
    assert provider.seen == []


@pytest.mark.parametrize("url", ["http://", "http://[", "http://127.0.0.1:notaport/"])
def test_an_address_that_cannot_be_read_never_raises(url: str) -> None:
    gateway = SimulatorGateway(alias="default", options={"token": "t", "url": url})

    (result,) = gateway.send([MESSAGE])

    assert result.outcome is Outcome.CONFIG
