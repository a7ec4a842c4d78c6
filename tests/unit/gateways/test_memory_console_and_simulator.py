from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import override_settings

from wagtail_drip.gateways import memory, signed_json
from wagtail_drip.gateways.console import ConsoleGateway
from wagtail_drip.gateways.errors import GatewayMisconfigured
from wagtail_drip.gateways.memory import MemoryGateway
from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.types import OutboundSms, Outcome, RawRequest, ReceiptStatus, StatusEvent
from wagtail_drip.test.fake_provider import fake_provider


@pytest.fixture(autouse=True)
def _empty_outbox() -> Iterator[None]:
    memory.reset()
    yield
    memory.reset()


def message(reference: str = "r-1", to: str = "+447700900123", text: str = "Hello") -> OutboundSms:
    return OutboundSms(reference=reference, to=to, sender="SHOP", text=text)


def outcomes(*messages: OutboundSms) -> list[Outcome]:
    gateway = MemoryGateway(alias="default", options={})
    return [result.outcome for item in messages for result in gateway.send([item])]


def test_the_outbox_keeps_what_was_sent() -> None:
    assert outcomes(message()) == [Outcome.ACCEPTED]
    assert memory.outbox == [message()]


def test_a_repeated_reference_is_recognised() -> None:
    assert outcomes(message(), message(text="Other")) == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert memory.outbox == [message()]


def test_without_idempotency_a_repeat_is_sent_twice() -> None:
    gateway = MemoryGateway(alias="default", options={"idempotency_seconds": 0})

    gateway.send([message()])
    gateway.send([message()])

    assert len(memory.outbox) == 2


def test_a_number_can_refuse_while_others_accept() -> None:
    memory.answer(Outcome.OPTED_OUT, number="+447700900666", code="21610")

    assert outcomes(message(to="+447700900666"), message("r-2")) == [Outcome.OPTED_OUT, Outcome.ACCEPTED]
    assert [item.reference for item in memory.outbox] == ["r-2"]


def test_an_answer_can_be_lost_although_the_message_was_taken() -> None:
    memory.answer(Outcome.AMBIGUOUS, is_taken=True, times=1)

    assert outcomes(message(), message()) == [Outcome.AMBIGUOUS, Outcome.ACCEPTED]
    assert len(memory.outbox) == 1


def test_a_rule_holds_as_often_as_it_says() -> None:
    memory.answer(Outcome.THROTTLED, times=2, retry_after_seconds=3)

    assert outcomes(message(), message(), message()) == [
        Outcome.THROTTLED,
        Outcome.THROTTLED,
        Outcome.ACCEPTED,
    ]


def test_a_call_can_be_slow() -> None:
    memory.delay(0.05)
    began = time.monotonic()

    outcomes(message())

    assert time.monotonic() - began >= 0.05


def test_threads_lose_nothing_and_repeat_nothing() -> None:
    threads = [
        threading.Thread(target=outcomes, args=[message(f"r-{number % 50}") for number in range(start, 100)])
        for start in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(item.reference for item in memory.outbox) == sorted(f"r-{number}" for number in range(50))


def test_without_a_token_no_webhook_is_believed_however_it_is_signed() -> None:
    body = b'{"events": []}'
    request = RawRequest.build(
        method="POST",
        url="https://shop.example/",
        headers={signed_json.SIGNATURE_HEADER: signed_json.sign(body, token="")},
        body=body,
    )

    assert MemoryGateway(alias="default", options={}).verify(request) is False


def test_the_console_shows_the_text_and_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    (result,) = ConsoleGateway(alias="default", options={}).send([message(text="你好 😀")])

    assert result.outcome is Outcome.ACCEPTED
    assert capsys.readouterr().out == (
        "--- text message to +447700900123 from SHOP (UCS-2, 1 segments)\n你好 😀\n---\n"
    )


@override_settings(WAGTAIL_DRIP={"PUBLIC_BASE_URL": "https://demo.example/"})
def test_the_simulator_finds_the_telephone_at_the_public_address() -> None:
    gateway = SimulatorGateway(alias="default", options={"token": "t"})

    assert gateway.account == "simulator:https://demo.example/phone/api/messages"
    assert gateway.check() == []


@override_settings(WAGTAIL_DRIP={})
def test_without_any_address_the_simulator_says_so_and_posts_nothing() -> None:
    gateway = SimulatorGateway(alias="default", options={"token": "t"})

    assert [issue.level for issue in gateway.check()] == ["error"]
    assert gateway.send([message()])[0].outcome is Outcome.CONFIG


def test_the_simulator_needs_a_token() -> None:
    with pytest.raises(GatewayMisconfigured, match=r'\["token"\] is required'):
        SimulatorGateway(alias="default", options={})


def test_the_simulator_looks_up_by_reference() -> None:
    with fake_provider() as provider:
        gateway = SimulatorGateway(alias="default", options={"token": "t", "url": f"{provider.url}/m"})
        provider.body = json.dumps({"id": "p-1", "status": "delivered", "code": ""}).encode()

        assert gateway.lookup([message("r/1")]) == [
            StatusEvent(
                reference="r/1",
                provider_id="p-1",
                number="+447700900123",
                status=ReceiptStatus.DELIVERED,
            )
        ]
        assert (provider.seen[0].method, provider.seen[0].path) == ("GET", "/m/r%2F1")

        provider.status = 404
        assert gateway.lookup([message()]) == []
