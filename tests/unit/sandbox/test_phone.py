"""The simulated phone keeps the provider's side of what the simulator gateway expects."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from django.http import JsonResponse
from django.test import RequestFactory
from django.utils import timezone

from wagtail_drip.gateways import signed_json
from wagtail_drip.gateways.types import InboundEvent, Outcome, RawRequest, ReceiptStatus, StatusEvent

TOKEN = "the phone on this machine"
NUMBER = "+447400100101"


@pytest.fixture
def phone(transactional_db: None, settings: Any) -> Any:
    """The phone's modules."""
    settings.PHONE_TOKEN, settings.SHOP_NUMBER = TOKEN, "+447400100900"
    from sandbox.phone import api, models, network, views

    class Phone:
        pass

    Phone.api, Phone.network, Phone.views = api, network, views  # type: ignore[attr-defined]
    Phone.PhoneMessage, Phone.WebhookPost = models.PhoneMessage, models.WebhookPost  # type: ignore[attr-defined]
    return Phone


class Shop(HTTPServer):
    """A webhook that notes what it hears and answers with the next of the given statuses, then with 200."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Hear)
        self.statuses = statuses
        self.heard: list[RawRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/drip/gateways/default/"


class Hear(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Shop)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(
            RawRequest(method="POST", url=self.server.url, headers=dict(self.headers), body=body)
        )
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with Shop(list(getattr(request, "param", []))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def hand_over(
    phone: Any, *, to: str = NUMBER, token: str = TOKEN, callback_url: str = "", **changes: Any
) -> JsonResponse:
    fields = {
        "reference": "ref-1",
        "to": to,
        "from": "LeafBean",
        "text": "Hello 你好",
        "callback_url": callback_url,
    }
    request = RequestFactory().post(
        "/phone/api/messages",
        json.dumps({**fields, **changes}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": changes.get("reference", "ref-1")},
    )
    answer: JsonResponse = phone.api.take_message(request)
    return answer


def post_all_due(phone: Any, *, after_seconds: float = 120) -> int:
    with requests.Session() as session:
        done: int = phone.network.post_due(
            now=timezone.now() + timedelta(seconds=after_seconds), session=session
        )
    return done


def events_of(request: RawRequest) -> list[StatusEvent | InboundEvent]:
    assert signed_json.verify(request, token=TOKEN)
    return signed_json.parse(request).events


def test_a_text_that_is_handed_over_twice_arrives_once(phone: Any) -> None:
    first = hand_over(phone)
    second = hand_over(phone, text="changed on the way")

    assert (first.status_code, second.status_code) == (202, 202)
    assert json.loads(first.content) == json.loads(second.content)
    assert [message.text for message in phone.PhoneMessage.objects.all()] == ["Hello 你好"]


def test_a_wrong_token_is_refused_and_nothing_arrives(phone: Any) -> None:
    answer = hand_over(phone, token="guessed")

    assert answer.status_code == 401
    assert json.loads(answer.content)["outcome"] == Outcome.CONFIG
    assert not phone.PhoneMessage.objects.exists()


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("+447400120001", Outcome.BAD_NUMBER), ("+447400120004", Outcome.OPTED_OUT)],
)
def test_a_magic_number_is_refused_in_the_gateways_own_words(
    phone: Any, number: str, outcome: Outcome
) -> None:
    answer = hand_over(phone, to=number)

    assert answer.status_code == 400
    assert json.loads(answer.content)["outcome"] == outcome
    assert not phone.PhoneMessage.objects.exists()


def test_a_number_may_deliver_and_still_answer_with_an_error(phone: Any) -> None:
    answer = hand_over(phone, to="+447400120003")

    assert answer.status_code == 500
    assert phone.PhoneMessage.objects.get().reference == "ref-1"


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [(NUMBER, ReceiptStatus.DELIVERED, ""), ("+447400120000", ReceiptStatus.UNDELIVERED, "unreachable")],
)
def test_the_receipt_comes_later_signed_and_names_our_reference(
    phone: Any, shop: Shop, number: str, status: ReceiptStatus, code: str
) -> None:
    hand_over(phone, to=number, callback_url=shop.url)

    at_once = post_all_due(phone, after_seconds=0)
    later = post_all_due(phone)

    assert (at_once, later) == (0, 1)
    (request,) = shop.heard
    (event,) = events_of(request)
    assert isinstance(event, StatusEvent)
    message = phone.PhoneMessage.objects.get()
    assert (event.reference, event.provider_id, event.number) == ("ref-1", message.provider_id, number)
    assert (event.status, event.code) == (status, code)
    assert message.status == status


@pytest.mark.parametrize("shop", [[503, 404]], indirect=True)
def test_a_receipt_that_the_shop_does_not_take_is_tried_until_it_does(phone: Any, shop: Shop) -> None:
    hand_over(phone, callback_url=shop.url)

    done = [post_all_due(phone, after_seconds=seconds) for seconds in (60, 120, 180, 240)]

    assert done == [0, 0, 1, 0]
    assert len({request.body.split(b'"at"')[0] for request in shop.heard}) == 1
    assert phone.WebhookPost.objects.get().due_at is None


def test_a_reply_reaches_the_shop_from_the_phones_number(phone: Any, shop: Shop, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "PUBLIC_BASE_URL": shop.url.partition("/drip/")[0]}
    hand_over(phone, callback_url=shop.url)
    post_all_due(phone)

    phone.views.send_reply(
        RequestFactory().post(
            "/", {"number": NUMBER, "text": " STOP "}, headers={"Accept": "application/json"}
        )
    )
    post_all_due(phone)

    (event,) = events_of(shop.heard[-1])
    assert isinstance(event, InboundEvent)
    assert (event.from_number, event.to_number, event.text) == (NUMBER, "LeafBean", "STOP")


def test_the_json_twin_tells_who_wrote_to_whom_and_reads_a_plus_that_became_a_space(phone: Any) -> None:
    hand_over(phone)
    hand_over(phone, to="+447400100102", reference="ref-2")
    phone.network.reply(number=NUMBER, to="LeafBean", text="5")

    answer = phone.views.messages_json(RequestFactory().get("/?number= 447400100101"))

    assert [
        (text["direction"], text["from"], text["to"], text["text"], text["status"])
        for text in json.loads(answer.content)
    ] == [
        ("outbound", "LeafBean", NUMBER, "Hello 你好", "accepted"),
        ("inbound", NUMBER, "LeafBean", "5", "delivered"),
    ]
