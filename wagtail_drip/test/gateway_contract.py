"""
What every gateway must do, as tests that you inherit.

Recordings are JSON files, one per case. An answer::

    {"source": "where its fields are documented, and the date read",
     "response": {"status": 201, "headers": {}, "body": {…} or "text"},
     "expect": {"outcome": "accepted", "provider_id": "…"}}

and a request of the provider's, in files that begin with ``webhook_``::

    {"source": "…",
     "request": {"method": "POST", "query": "ref=r-1", "form": {…} or "json": {…}},
     "expect": [{"type": "receipt", "status": "delivered", …}, {"type": "inbound", "text": "…", …}]}

In a body, ``{to}`` and ``{text}`` stand for the message's own. Only the fields named in ``expect`` are compared.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.http import HttpGateway
from wagtail_drip.gateways.types import (
    InboundEvent,
    OutboundSms,
    Outcome,
    RawRequest,
    SendResult,
    StatusEvent,
)
from wagtail_drip.test.fake_provider import FakeProvider, fake_provider, refused_url

WEBHOOK_URL = "https://shop.example/sms/gateways/default/"
ANSWER_CASES = (
    "accepted",
    "throttled",
    "server_error",
    "opted_out",
    "bad_number",
    "auth_failure",
    "garbage",
)
ODD_ANSWERS = (
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"5",
    b'"text"',
    b"[null]",
    b"{}",
    b'{"code": [], "message": {}, "outcome": {}, "id": null, "sid": null, "status": []}',
    b"[" * 5000,
)
GARBAGE = (
    b"",
    b"\x00\xff\xfe",
    b"null",
    b"[]",
    b"{",
    b'{"events": 5}',
    b'{"events": [null]}',
    b'{"events": [{"type": "receipt"}]}',
    b"[" * 5000,
    b"a=%00&b=%ff",
    b"<xml/>",
)


class GatewayContract:
    """
    For every gateway. A subclass says how to make one::

        class TestMyGateway(GatewayContract):
            def make_gateway(self, url: str) -> Gateway:
                return MyGateway(alias="default", options={"token": "secret token", "url": url})
    """

    # Everything that may stand in no account name and in no detail.
    secrets: ClassVar[tuple[str, ...]] = ()

    def make_gateway(self, url: str) -> Gateway:
        """Return the gateway, calling its provider at *url*."""
        raise NotImplementedError

    def make_message(self, **changes: Any) -> OutboundSms:
        message = OutboundSms(
            reference="5b3c0f6e-0b0b-4a51-9d5e-9f3f0a2f7b10",
            to="+447700900123",
            sender="+447700900999",
            text="Hello Ann, your “Aeropress” is here. 😀",
            callback_url=WEBHOOK_URL,
        )
        return replace(message, **changes)

    @pytest.fixture
    def gateway(self) -> Gateway:
        return self.make_gateway(refused_url())

    def test_its_account_is_stable_and_no_secret(self) -> None:
        url = refused_url()
        account = self.make_gateway(url).account

        assert account
        assert account == self.make_gateway(url).account
        assert not [secret for secret in self.secrets if secret in account]

    def test_the_plan_holds_each_message_once_in_order_and_within_the_limit(self, gateway: Gateway) -> None:
        messages = [self.make_message(reference=f"r-{number}") for number in range(7)]

        calls = list(gateway.plan(messages))

        assert [message for call in calls for message in call] == messages
        assert all(0 < len(call) <= gateway.capabilities.max_recipients for call in calls)

    def test_the_check_finds_no_error_in_settings_that_work(self, gateway: Gateway) -> None:
        assert [issue for issue in gateway.check() if issue.level == "error"] == []

    def test_a_request_without_proof_is_not_believed(self, gateway: Gateway) -> None:
        request = RawRequest.build(method="POST", url=WEBHOOK_URL, headers={}, body=b'{"events": []}')

        assert gateway.verify(request) is False

    @pytest.mark.parametrize("body", GARBAGE)
    @pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", ""])
    def test_garbage_is_refused_and_never_breaks_it(
        self, gateway: Gateway, body: bytes, content_type: str
    ) -> None:
        request = RawRequest.build(
            method="POST", url=WEBHOOK_URL, headers={"Content-Type": content_type}, body=body
        )

        assert gateway.verify(request) is False
        with pytest.raises(WebhookRejected):
            gateway.parse(request)


class HttpGatewayContract(GatewayContract):
    """
    For gateways that hand over by HTTP: real requests to a server on this machine.

    A subclass also gives the folder of its ``recordings``, and ``sign`` where the provider calls us.
    """

    recordings: ClassVar[Path]

    def sign(self, request: RawRequest) -> RawRequest:
        """Return *request* with the provider's proof. Without webhooks it is never called."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name, pattern in (("answer_case", "[!w]*.json"), ("webhook_case", "webhook_*.json")):
            if name in metafunc.fixturenames:
                found = sorted(path.stem for path in self.recordings.glob(pattern))
                metafunc.parametrize(name, found)

    @pytest.fixture
    def provider(self) -> Iterator[FakeProvider]:
        with fake_provider() as provider:
            yield provider

    def load(self, case: str) -> dict[str, Any]:
        recording: dict[str, Any] = json.loads((self.recordings / f"{case}.json").read_text("utf-8"))
        return recording

    def play(self, provider: FakeProvider, case: str) -> dict[str, Any]:
        """Let *provider* give a recorded answer, and return the recording."""
        recording = self.load(case)
        response, message = recording["response"], self.make_message()
        body = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
        provider.status = response["status"]
        provider.headers = response.get("headers", {})
        provider.body = body.replace("{to}", message.to).replace("{text}", message.text).encode()
        return recording

    def send_one(self, url: str) -> SendResult:
        gateway = self.make_gateway(url)
        assert isinstance(gateway, HttpGateway)
        gateway.read_timeout_seconds = 0.3
        results = gateway.send([self.make_message()])
        assert len(results) == 1
        assert results[0].reference == self.make_message().reference
        return results[0]

    def test_every_case_is_recorded_with_its_source(self) -> None:
        found = {path.stem for path in self.recordings.glob("*.json")}

        assert set(ANSWER_CASES) <= found
        assert [case for case in found if not self.load(case).get("source")] == []

    def test_a_recorded_answer_means_what_is_expected(self, provider: FakeProvider, answer_case: str) -> None:
        expected = self.play(provider, answer_case)["expect"]

        result = self.send_one(provider.url)

        assert _plain(result, expected) == expected
        assert len(provider.seen) == 1

    def test_no_detail_repeats_the_number_the_text_or_a_secret(
        self, provider: FakeProvider, answer_case: str
    ) -> None:
        self.play(provider, answer_case)

        result = self.send_one(provider.url)

        message = self.make_message()
        for private in (message.to, message.to.removeprefix("+"), message.text, *self.secrets):
            assert private not in result.detail
            assert private not in result.code

    @pytest.mark.parametrize("status", [200, 400, 500])
    @pytest.mark.parametrize("body", ODD_ANSWERS)
    def test_an_odd_answer_is_a_result_and_never_an_exception(
        self, provider: FakeProvider, body: bytes, status: int
    ) -> None:
        provider.status, provider.body = status, body

        result = self.send_one(provider.url)

        assert result.outcome is not Outcome.ACCEPTED
        if status == 200:
            assert result.outcome is Outcome.AMBIGUOUS

    def test_no_answer_after_the_request_is_ambiguous_and_not_repeated(self, provider: FakeProvider) -> None:
        provider.behaviour = "hang"

        assert self.send_one(provider.url).outcome is Outcome.AMBIGUOUS
        assert len(provider.seen) == 1

    def test_a_reset_after_the_request_is_ambiguous_and_not_repeated(self, provider: FakeProvider) -> None:
        provider.behaviour = "reset"

        assert self.send_one(provider.url).outcome is Outcome.AMBIGUOUS
        assert len(provider.seen) == 1

    def test_an_answer_cut_in_the_middle_is_ambiguous_and_not_repeated(self, provider: FakeProvider) -> None:
        self.play(provider, "accepted")
        provider.behaviour = "stop in the middle"

        assert self.send_one(provider.url).outcome is Outcome.AMBIGUOUS
        assert len(provider.seen) == 1

    def test_a_refused_connection_is_certain_and_may_be_tried_again(self) -> None:
        assert self.send_one(refused_url()).outcome is Outcome.TRANSIENT

    def test_a_name_that_does_not_resolve_is_certain(self) -> None:
        assert self.send_one("http://provider.invalid").outcome is Outcome.TRANSIENT

    def test_a_failed_handshake_is_certain(self, provider: FakeProvider) -> None:
        result = self.send_one(provider.url.replace("http://", "https://"))

        assert result.outcome is Outcome.TRANSIENT
        assert provider.seen == []

    def test_a_redirect_is_not_followed(self, provider: FakeProvider) -> None:
        provider.status, provider.headers = 302, {"Location": provider.url + "/elsewhere"}

        assert self.send_one(provider.url).outcome is Outcome.CONFIG
        assert len(provider.seen) == 1

    def test_a_repeat_is_the_same_request(self, provider: FakeProvider) -> None:
        self.play(provider, "accepted")

        self.send_one(provider.url)
        self.send_one(provider.url)

        first, second = provider.seen
        assert (first.path, first.body) == (second.path, second.body)

    def test_one_connection_serves_many_messages(self, provider: FakeProvider) -> None:
        self.play(provider, "accepted")
        gateway = self.make_gateway(provider.url)

        for number in range(3):
            gateway.send([self.make_message(reference=f"r-{number}")])

        assert len({request.connection for request in provider.seen}) == 1

    def test_threads_do_not_share_connections(self, provider: FakeProvider) -> None:
        self.play(provider, "accepted")
        gateway = self.make_gateway(provider.url)
        results: list[SendResult] = []
        threads = [
            threading.Thread(
                target=lambda number=number: results.extend(
                    gateway.send([self.make_message(reference=f"r-{number}")])
                )
            )
            for number in range(4)
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {result.outcome for result in results} == {Outcome.ACCEPTED}
        assert sorted(result.reference for result in results) == [f"r-{number}" for number in range(4)]
        assert len({request.connection for request in provider.seen}) == 4

    def test_a_recorded_request_is_believed_and_understood(self, gateway: Gateway, webhook_case: str) -> None:
        recording = self.load(webhook_case)
        request = self.sign(self.recorded_request(recording))

        assert gateway.verify(request) is True
        events = gateway.parse(request).events
        assert [
            _plain(event, expected) for event, expected in zip(events, recording["expect"], strict=True)
        ] == recording["expect"]

    def test_a_recorded_request_reads_the_same_after_it_was_kept(
        self, gateway: Gateway, webhook_case: str
    ) -> None:
        request = self.sign(self.recorded_request(self.load(webhook_case)))

        kept = json.loads(json.dumps(request.to_json()))

        assert gateway.parse(RawRequest.from_json(kept)) == gateway.parse(request)
        assert not [secret for secret in self.secrets if secret in json.dumps(kept)]

    def test_a_recorded_request_without_its_proof_is_not_believed(
        self, gateway: Gateway, webhook_case: str
    ) -> None:
        assert gateway.verify(self.recorded_request(self.load(webhook_case))) is False

    def recorded_request(self, recording: dict[str, Any]) -> RawRequest:
        """Return the provider's request as recorded, unsigned."""
        request = recording["request"]
        body, content_type = b"", ""
        if "form" in request:
            body, content_type = urlencode(request["form"]).encode(), "application/x-www-form-urlencoded"
        elif "json" in request:
            body, content_type = json.dumps(request["json"]).encode(), "application/json"
        query = request.get("query", "")
        return RawRequest.build(
            method=request["method"],
            url=WEBHOOK_URL + (f"?{query}" if query else ""),
            headers={"Content-Type": content_type} if content_type else {},
            body=body,
        )


def _plain(found: SendResult | StatusEvent | InboundEvent, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of *found* that *expected* names, as JSON has them."""
    fields = dataclasses.asdict(found)
    fields["type"] = "receipt" if isinstance(found, StatusEvent) else "inbound"
    return {
        name: value if value is None or isinstance(value, str | int | float) else str(value)
        for name, value in ((name, fields[name]) for name in expected)
    }
