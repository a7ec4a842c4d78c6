"""Whatever somebody posts, a gateway refuses it in the one way that the webhook knows."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.generic_http import GenericHttpGateway
from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.twilio import TwilioGateway
from wagtail_drip.gateways.types import InboundEvent, RawRequest, StatusEvent

GENERIC = {
    "url": "https://sms.example/send",
    "body": {"to": "{to}", "text": "{text}"},
    "numbers": "digits",
    "webhook": {"secret": "s" * 30, "hmac": {"secret": "s", "header": "X", "string": ["url", "body"]}},
}
GATEWAYS: dict[str, Gateway] = {
    "simulator": SimulatorGateway(alias="a", options={"token": "t"}),
    "twilio": TwilioGateway(alias="a", options={"account_sid": "AC1", "auth_token": "t"}),
    **{
        f"generic {kind}": GenericHttpGateway(
            alias="a",
            options={
                **GENERIC,
                "dlr": {
                    "format": kind,
                    "items_path": "events",
                    "status_path": "status",
                    "status_map": {"delivered": "delivered"},
                    "reference_path": "reference",
                    "id_path": "id",
                    "number_path": "number",
                    "code_path": "code",
                    "segments_path": "code",
                    "price_path": "id",
                    "currency_path": "text",
                    "at_path": "at",
                },
                "mo": {
                    "format": kind,
                    "items_path": "events",
                    "from_path": "from",
                    "to_path": "to",
                    "text_path": "text",
                    "at_path": "at",
                },
            },
        )
        for kind in ("json", "form", "query")
    },
}

names = st.sampled_from(
    ["events", "type", "reference", "id", "number", "status", "code", "at", "from", "to", "text", "x"]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["receipt", "inbound", "delivered", "2026-11-21T10:00:00Z", "+447700900123", "9" * 40]),
)
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=6)),
    max_leaves=12,
)
events = st.lists(st.dictionaries(names, leaves, max_size=8), max_size=3)
bodies = st.one_of(
    st.binary(max_size=200),
    documents.map(lambda document: json.dumps(document).encode()),
    events.map(lambda listed: json.dumps({"events": listed}).encode()),
)
twilio_fields = st.sampled_from(
    ["MessageSid", "MessageStatus", "Body", "From", "To", "ErrorCode", "OptOutType"]
)
queries = st.dictionaries(st.one_of(names, twilio_fields), st.text(max_size=10), max_size=6)
content_types = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "é; x"])


@pytest.mark.parametrize("name", list(GATEWAYS))
@given(body=bodies, query=queries, content_type=content_types, method=st.sampled_from(["GET", "POST"]))
def test_it_is_refused_or_understood_and_never_believed(
    name: str, body: bytes, query: dict[str, str], content_type: str, method: str
) -> None:
    gateway = GATEWAYS[name]
    request = RawRequest.build(
        method=method,
        url=f"https://shop.example/gateways/a/?{urlencode(query, errors='replace')}",
        headers={"Content-Type": content_type, "X": "x", "X-Twilio-Signature": "x"},
        body=body,
    )

    assert gateway.verify(request) is False
    try:
        parsed = gateway.parse(request)
    except WebhookRejected:
        return
    assert all(isinstance(event, StatusEvent | InboundEvent) for event in parsed.events)
    assert gateway.parse(RawRequest.from_json(json.loads(json.dumps(request.to_json())))) == parsed
    for event in parsed.events:
        assert event.at is None or event.at.tzinfo is not None
        assert isinstance(event.provider_id, str)
