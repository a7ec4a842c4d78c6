"""Our reading of Twilio's requests, with Twilio's own SDK as the judge of every signature."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.twilio import webhooks
from wagtail_drip.gateways.types import (
    InboundEvent,
    Outcome,
    RawRequest,
    ReceiptStatus,
    StatusEvent,
)

TOKEN = "12345678901234567890123456789012"
URL = "https://shop.example/drip/gateways/default/?ref=abc"

# What a form can hold once it has been written and read; lone surrogates cannot be written.
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
forms = st.dictionaries(values.filter(bool), st.lists(values, min_size=1, max_size=3), max_size=8)


class MultiDict(dict[str, list[str]]):
    """The SDK asks a form for all values of a name as Flask's and Django's do."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def posted(form: dict[str, list[str]], *, signature: str, url: str = URL, settings: str = "") -> RawRequest:
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": signature,
    }
    if settings:
        headers["x-twilio-webhooks-signature-settings"] = settings
    return RawRequest.build(
        method="POST", url=url, headers=headers, body=urlencode(form, doseq=True).encode()
    )


def is_twilio(request: RawRequest) -> bool:
    return webhooks.verify(request, auth_token=TOKEN, shared_keys={"key_1": "shared secret"})


@given(forms)
def test_a_form_signed_by_the_sdk_is_believed(form: dict[str, list[str]]) -> None:
    signature = RequestValidator(TOKEN).compute_signature(URL, MultiDict(form))

    assert is_twilio(posted(form, signature=signature))


@given(forms, values)
def test_a_changed_field_is_not_believed(form: dict[str, list[str]], more: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(URL, MultiDict(form))

    assert not is_twilio(posted({**form, "Body-added": [more + "!"]}, signature=signature))


@given(forms)
def test_our_signature_convinces_the_sdk(form: dict[str, list[str]]) -> None:
    ours = webhooks.signature(URL, form, secret=TOKEN)

    assert RequestValidator(TOKEN).validate(URL, MultiDict(form), ours)


@given(forms)
def test_a_shared_key_signs_with_sha256(form: dict[str, list[str]]) -> None:
    signature = RequestValidator("shared secret").compute_signature(
        URL, MultiDict(form), algorithm="HMAC_SHA256"
    )

    assert is_twilio(posted(form, signature=signature, settings="key=key_1,algorithm=HMAC_SHA256"))
    assert not is_twilio(posted(form, signature=signature, settings="key=key_2,algorithm=HMAC_SHA256"))
    assert not is_twilio(posted(form, signature=signature, settings="key=key_1,algorithm=HMAC_MD5"))
    assert not is_twilio(posted(form, signature=signature))


@pytest.mark.parametrize(
    "signed_url",
    [
        pytest.param("https://shop.example:443/drip/gateways/default/?ref=abc", id="Twilio added the port"),
        pytest.param("https://shop.example/drip/gateways/default/?ref=abc", id="Twilio left the port out"),
    ],
)
@pytest.mark.parametrize("our_port", ["", ":443"])
def test_the_port_may_be_spelt_or_not(signed_url: str, our_port: str) -> None:
    form = {"MessageSid": ["SM1"]}
    signature = RequestValidator(TOKEN).compute_signature(signed_url, MultiDict(form))
    ours = f"https://shop.example{our_port}/drip/gateways/default/?ref=abc"

    assert is_twilio(posted(form, signature=signature, url=ours))


def json_request(body: bytes, *, hashed: bytes, with_hash: bool = True) -> RawRequest:
    url = f"{URL}&bodySHA256={hashlib.sha256(hashed).hexdigest()}" if with_hash else URL
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    return RawRequest.build(
        method="POST",
        url=url,
        headers={"Content-Type": "application/json", "X-Twilio-Signature": signature},
        body=body,
    )


def test_a_json_body_is_believed_by_its_hash_in_the_address() -> None:
    assert is_twilio(json_request(b'{"a": 1}', hashed=b'{"a": 1}'))
    assert not is_twilio(json_request(b'{"a": 2}', hashed=b'{"a": 1}'))


def test_a_body_that_no_signature_covers_is_not_believed() -> None:
    assert not is_twilio(json_request(b'{"a": 1}', hashed=b"", with_hash=False))


def test_a_get_is_signed_by_its_address_alone() -> None:
    url = f"{URL}&MessageSid=SM1&MessageStatus=sent"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    request = RawRequest.build(method="GET", url=url, headers={"X-Twilio-Signature": signature}, body=b"")

    assert is_twilio(request)
    assert webhooks.parse(request).events == [
        StatusEvent(reference="abc", provider_id="SM1", status=ReceiptStatus.SENT)
    ]


@pytest.mark.parametrize("signature", ["", "nonsense", "é", "="])
def test_without_a_true_signature_nothing_is_believed(signature: str) -> None:
    assert not is_twilio(posted({"MessageSid": ["SM1"]}, signature=signature))


def test_without_a_key_nothing_is_believed_however_it_is_signed() -> None:
    form = {"MessageSid": ["SM1"]}
    request = posted(form, signature=webhooks.signature(URL, form, secret=""))

    assert not webhooks.verify(request, auth_token="", shared_keys={})


def test_a_status_callback_carries_our_reference_and_the_code() -> None:
    form = {
        "MessageSid": ["SM1"],
        "MessageStatus": ["undelivered"],
        "ErrorCode": ["30006"],
        "To": ["+447700900123"],
    }

    parsed = webhooks.parse(posted(form, signature=""))

    assert parsed.events == [
        StatusEvent(
            reference="abc",
            provider_id="SM1",
            number="+447700900123",
            status=ReceiptStatus.UNDELIVERED,
            code="30006",
            outcome=Outcome.BAD_NUMBER,
        )
    ]
    assert (parsed.response.status, parsed.response.body) == (204, "")


@pytest.mark.parametrize(
    ("kind", "opted_out"), [("STOP", True), ("START", False), ("HELP", None), ("", None)]
)
def test_an_inbound_text_is_answered_with_empty_twiml(kind: str, opted_out: bool | None) -> None:
    form = {
        "MessageSid": ["SM2"],
        "SmsStatus": ["received"],
        "From": ["+447700900123"],
        "To": ["+447700900999"],
        "Body": ["stop"],
        "OptOutType": [kind],
    }

    parsed = webhooks.parse(posted(form, signature=""))

    assert parsed.events == [
        InboundEvent(
            provider_id="SM2",
            from_number="+447700900123",
            to_number="+447700900999",
            text="stop",
            opted_out=opted_out,
        )
    ]
    assert parsed.response.status == 200
    assert parsed.response.content_type.startswith("text/xml")
    assert parsed.response.body.endswith("<Response/>")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"MessageStatus": ["sent"]}, id="a status of no message"),
        pytest.param({"MessageSid": ["SM1"]}, id="a message without status or text"),
        pytest.param({"MessageSid": ["SM1"], "Body": ["x"]}, id="a text from nobody"),
    ],
)
def test_what_is_neither_receipt_nor_text_is_refused(form: dict[str, list[str]]) -> None:
    with pytest.raises(WebhookRejected):
        webhooks.parse(posted(form, signature=""))


def test_a_status_we_do_not_know_is_kept_as_unknown() -> None:
    form = {"MessageSid": ["SM1"], "MessageStatus": ["teleported"]}

    (event,) = webhooks.parse(posted(form, signature="")).events

    assert isinstance(event, StatusEvent)
    assert event.status is ReceiptStatus.UNKNOWN


@given(forms)
def test_what_is_kept_in_a_table_reads_the_same_again(form: dict[str, list[str]]) -> None:
    request = posted({**form, "MessageSid": ["SM1"], "MessageStatus": ["sent"]}, signature="x")

    kept = RawRequest.from_json(request.to_json())

    assert webhooks.parse(kept) == webhooks.parse(request)
