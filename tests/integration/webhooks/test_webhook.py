"""Requests as providers make them, and as others forge them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from wagtail_drip.compliance.keyword_actions import KeywordDraft, save_keyword
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.types import InboundEvent, RawRequest, StatusEvent
from wagtail_drip.messaging.models import Callback
from wagtail_drip.webhooks import views

pytestmark = pytest.mark.django_db

TOKEN = "token-of-the-telephone"
SETTINGS = {
    "PUBLIC_BASE_URL": "https://shop.example",
    "GATEWAYS": {
        "default": {
            "BACKEND": "wagtail_drip.gateways.memory.MemoryGateway",
            "OPTIONS": {"token": TOKEN},
        },
        "twilio": {
            "BACKEND": "wagtail_drip.gateways.twilio.TwilioGateway",
            "OPTIONS": {"account_sid": "AC" + "0" * 32, "auth_token": "twilio's token"},
        },
        "generic": {
            "BACKEND": "wagtail_drip.gateways.generic_http.GenericHttpGateway",
            "OPTIONS": {
                "url": "https://sms.example/send",
                "body": {"to": "{to}", "text": "{text}"},
                "webhook": {"secret": "secret-of-the-address"},
                "mo": {
                    "format": "query",
                    "from_path": "from",
                    "text_path": "text",
                    "reply": {"body": "ACK"},
                },
            },
        },
        "broken": {"BACKEND": "wagtail_drip.gateways.twilio.TwilioGateway"},
        "console": {"BACKEND": "wagtail_drip.gateways.console.ConsoleGateway"},
    },
}
RECEIPT = {"type": "receipt", "reference": "r-1", "id": "p-1", "status": "delivered"}


@pytest.fixture(autouse=True)
def _gateways() -> Iterator[None]:
    with override_settings(WAGTAIL_DRIP=SETTINGS):
        yield


@pytest.fixture
def provider() -> Client:
    """A client as strict as a browser's: without exemption it would be refused for want of a CSRF token."""
    return Client(enforce_csrf_checks=True)


def address(alias: str = "default") -> str:
    return reverse("wagtail_drip:webhook", args=[alias])


def signed(*events: dict[str, Any], token: str = TOKEN, **more: Any) -> dict[str, Any]:
    body = json.dumps({"events": list(events), **more}).encode()
    return {
        "data": body,
        "content_type": "application/json",
        "headers": {"X-Simulator-Signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()},
    }


def inbound(text: str, id: str = "in-1") -> dict[str, str]:
    return {"type": "inbound", "id": id, "from": "+447700900123", "to": "+447700900999", "text": text}


def read_again(callback: Callback) -> list[StatusEvent | InboundEvent]:
    gateway = registry.get(callback.gateway)
    return list(gateway.parse(RawRequest.from_json(callback.raw)).events)


def test_a_receipt_is_kept_raw_once_and_due_at_once(provider: Client) -> None:
    response = provider.post(address(), **signed(RECEIPT))

    assert response.status_code == 204
    assert response.content == b""
    callback = Callback.objects.get()
    assert callback.gateway == "default"
    assert callback.due_at == callback.received_at
    assert read_again(callback) == [StatusEvent(reference="r-1", provider_id="p-1", status="delivered")]  # type: ignore[arg-type]


def test_what_is_kept_holds_no_signature_and_no_secret(provider: Client) -> None:
    provider.post(address(), **signed(RECEIPT))
    provider.get(
        address("generic"), {"from": "+447700900123", "text": "x", "secret": "secret-of-the-address"}
    )

    kept = json.dumps([callback.raw for callback in Callback.objects.all()])

    assert Callback.objects.count() == 2
    assert "Signature" not in kept
    assert "secret" not in kept


def test_a_repeated_request_is_kept_once_and_answered_the_same(provider: Client) -> None:
    answers = [provider.post(address(), **signed(RECEIPT)).status_code for _ in range(3)]

    assert answers == [204, 204, 204]
    assert Callback.objects.count() == 1


def test_two_receipts_of_one_message_are_both_kept(provider: Client) -> None:
    provider.post(address(), **signed({**RECEIPT, "status": "sent"}))
    provider.post(address(), **signed(RECEIPT))

    assert Callback.objects.count() == 2


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda: signed(RECEIPT, token="another"), id="signed with another token"),
        pytest.param(lambda: {**signed(RECEIPT), "headers": {}}, id="not signed"),
        pytest.param(
            lambda: {**signed(RECEIPT), "data": b'{"events": [{"type": "inbound"}]}'},
            id="a body put under another's signature",
        ),
        pytest.param(
            lambda: {**signed(RECEIPT), "headers": {"X-Simulator-Signature": "é"}}, id="not even ASCII"
        ),
    ],
)
def test_a_forged_request_is_refused_and_nothing_is_kept(
    provider: Client, forge: Callable[[], dict[str, Any]]
) -> None:
    assert provider.post(address(), **forge()).status_code == 403
    assert not Callback.objects.exists()
    assert not Suppression.objects.exists()


def test_signed_garbage_is_refused_and_nothing_is_kept(provider: Client) -> None:
    response = provider.post(address(), **signed({"type": "nonsense"}))

    assert response.status_code == 400
    assert not Callback.objects.exists()


def test_a_form_with_thousands_of_fields_is_refused(provider: Client) -> None:
    response = provider.post(
        address("twilio"),
        data="&".join(f"f{number}=1" for number in range(1001)),
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 400


def test_an_oversized_request_is_refused_before_it_is_read(provider: Client) -> None:
    limit = views.MAX_BODY_BYTES

    assert provider.post(address(), **signed(RECEIPT, more="x" * limit)).status_code == 413
    assert not Callback.objects.exists()


def test_an_oversized_request_that_does_not_announce_its_length_is_refused() -> None:
    scope = {"type": "http", "method": "POST", "path": address(), "query_string": b"", "headers": []}
    request = ASGIRequest(scope, BytesIO(b"x" * (views.MAX_BODY_BYTES + 1)))

    assert views.webhook(request, "default").status_code == 413


def test_a_site_with_a_smaller_limit_of_its_own_answers_413_too(provider: Client) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
        assert provider.post(address(), **signed(RECEIPT)).status_code == 413


@pytest.mark.parametrize(
    ("alias", "method", "status"),
    [
        pytest.param("nobody", "POST", 404, id="no such gateway"),
        pytest.param("default", "GET", 405, id="a method that the provider does not use"),
        pytest.param("default", "DELETE", 405, id="nobody deletes"),
        pytest.param("generic", "POST", 405, id="a provider that calls by GET only"),
        pytest.param("generic", "GET", 403, id="GET without the secret"),
        pytest.param("console", "POST", 403, id="a gateway without webhooks"),
        pytest.param("broken", "POST", 503, id="a gateway whose settings are broken: try again later"),
    ],
)
def test_requests_to_the_wrong_place(provider: Client, alias: str, method: str, status: int) -> None:
    assert provider.generic(method, address(alias)).status_code == status
    assert not Callback.objects.exists()


def test_a_site_that_asks_everybody_to_log_in_does_not_ask_providers(provider: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]

    assert provider.post(address(), **signed(RECEIPT)).status_code == 204


def test_a_failure_to_keep_it_asks_the_provider_to_repeat(provider: Client) -> None:
    def full_disk(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "wagtail_drip_callback" in sql:
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(full_disk):
        assert provider.post(address(), **signed(RECEIPT)).status_code == 503

    assert provider.post(address(), **signed(RECEIPT)).status_code == 204
    assert Callback.objects.count() == 1


def twilio_form(**changes: str) -> dict[str, str]:
    return {
        "MessageSid": "SM1",
        "SmsStatus": "received",
        "From": "+447700900123",
        "To": "+447700900999",
        "Body": "Yes & no 😀",
        **changes,
    }


def post_as_twilio(
    client: Client, form: dict[str, str], *, base: str = "https://shop.example", query: str = "", **more: Any
) -> Any:
    path = address("twilio") + (f"?{query}" if query else "")
    signature = RequestValidator("twilio's token").compute_signature(base + path, form)
    return client.post(
        path,
        data=urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
        **more,
    )


def test_twilio_is_believed_behind_a_proxy_that_changes_host_and_scheme(provider: Client) -> None:
    response = post_as_twilio(provider, twilio_form(), query="ref=r%201", HTTP_HOST="10.0.0.7:8000")

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/xml")
    assert response.content.endswith(b"<Response/>")
    (event,) = read_again(Callback.objects.get())
    assert isinstance(event, InboundEvent)
    assert event.text == "Yes & no 😀"


def test_a_signature_over_a_host_that_the_caller_chose_is_not_believed(provider: Client) -> None:
    response = post_as_twilio(provider, twilio_form(), base="http://evil.example", HTTP_HOST="evil.example")

    assert response.status_code == 403
    assert not Callback.objects.exists()


def test_what_a_jsonb_column_would_refuse_is_kept_all_the_same(provider: Client) -> None:
    post_as_twilio(provider, twilio_form(Body="a\x00b"))

    (event,) = read_again(Callback.objects.get())

    assert isinstance(event, InboundEvent)
    assert event.text == "ab"


def test_a_provider_that_calls_by_get_hears_the_answer_that_it_expects(provider: Client) -> None:
    response = provider.get(
        address("generic"),
        {"from": "+447700900123", "text": "Yes", "secret": "secret-of-the-address"},
    )

    assert (response.status_code, response.content) == (200, b"ACK")
    assert Callback.objects.count() == 1


def test_answers_are_never_cached(provider: Client) -> None:
    assert "no-store" in provider.post(address(), **signed(RECEIPT)).headers["Cache-Control"]


@pytest.mark.parametrize("text", ["STOP", " stop. ", "退订"])
def test_an_exact_stop_is_applied_before_the_provider_is_answered(provider: Client, text: str) -> None:
    assert provider.post(address(), **signed(inbound(text))).status_code == 204

    assert Suppression.objects.count() == 1
    assert Callback.objects.count() == 1


def test_a_word_of_the_shop_s_own_is_applied_too_at_one_query_for_all_the_texts(provider: Client) -> None:
    draft = KeywordDraft(kind="stop", text="genug")
    save_keyword(draft, by="ada", now=NOON)
    with CaptureQueriesContext(connection) as queries:
        provider.post(
            address(), **signed(inbound("Hello"), inbound("Where is it?", "in-2"), inbound("Genug!", "in-3"))
        )

    assert Suppression.objects.count() == 1
    assert sum("wagtail_drip_keyword" in each["sql"] for each in queries) == 1

    with CaptureQueriesContext(connection) as queries:
        provider.post(address(), **signed(inbound("STOP", "in-4")))

    assert not any("wagtail_drip_keyword" in each["sql"] for each in queries)


def test_a_text_that_only_mentions_stop_suppresses_nobody(provider: Client) -> None:
    provider.post(address(), **signed(inbound("Which bus stop?")))

    assert not Suppression.objects.exists()
    assert Callback.objects.count() == 1


@pytest.mark.parametrize("sender", ["", "INFO", "60600", "+44", "+447700900123; DROP", "\x00"])
def test_a_stop_from_what_is_no_number_is_kept_and_answered(provider: Client, sender: str) -> None:
    response = provider.post(address(), **signed({**inbound("STOP"), "from": sender}))

    assert response.status_code == 204
    assert Callback.objects.count() == 1


def test_a_repeated_stop_is_applied_once(provider: Client) -> None:
    for _ in range(2):
        provider.post(address(), **signed(inbound("STOP")))

    assert Suppression.objects.count() == 1


def test_a_stop_is_answered_although_applying_it_failed_for_it_is_kept(provider: Client) -> None:
    def locked(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "suppression" in sql.lower():
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(locked):
        assert provider.post(address(), **signed(inbound("STOP"))).status_code == 204

    assert Callback.objects.count() == 1


NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


def digest_of(event: InboundEvent, *, now: datetime) -> str:
    raw = RawRequest.build(method="GET", url="https://shop.example/?text=Yes", headers={}, body=b"")
    return views.digest("default", raw, [event], now=now)


def test_two_equal_texts_without_id_or_time_are_two_texts_a_minute_later() -> None:
    bare = InboundEvent(from_number="+447700900123", to_number="", text="Yes")

    assert digest_of(bare, now=NOON) == digest_of(bare, now=NOON.replace(second=59))
    assert digest_of(bare, now=NOON) != digest_of(bare, now=NOON.replace(minute=1))


def test_a_text_with_an_id_is_the_same_text_whenever_it_is_repeated() -> None:
    named = InboundEvent(provider_id="in-1", from_number="+447700900123", to_number="", text="Yes")

    assert digest_of(named, now=NOON) == digest_of(named, now=NOON.replace(hour=18))
