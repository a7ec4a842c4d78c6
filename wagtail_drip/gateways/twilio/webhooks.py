"""
Twilio's requests to us: are they Twilio's, and what do they say.

https://www.twilio.com/docs/usage/webhooks/webhooks-security, read 2026-11-21; the shared keys as in
twilio-python 9.13 ``request_validator.py``. The tests ask that class about every signature made here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.types import (
    REFERENCE_PARAMETER,
    InboundEvent,
    Parsed,
    RawRequest,
    ReceiptStatus,
    StatusEvent,
    WebhookResponse,
)

from .error_codes import ON_DELIVERY

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
BODY_HASH_PARAMETER = "bodySHA256"

STATUSES: dict[str, ReceiptStatus] = {
    "accepted": ReceiptStatus.ACCEPTED,
    "scheduled": ReceiptStatus.ACCEPTED,
    "queued": ReceiptStatus.ACCEPTED,
    "sending": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "partially_delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": ReceiptStatus.UNDELIVERED,
    "failed": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
}

EMPTY_TWIML = WebhookResponse(
    status=200,
    content_type="text/xml; charset=utf-8",
    body='<?xml version="1.0" encoding="UTF-8"?><Response/>',
)


def signature(url: str, fields: Mapping[str, list[str]], *, secret: str, algorithm: str = "HMAC_SHA1") -> str:
    """
    Return Twilio's signature of a request.

    :param fields: of the form body; empty for GET and JSON.
    :param algorithm: HMAC_SHA1 (auth token) or HMAC_SHA256 (shared key).
    """
    signed = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hashlib.sha256 if algorithm == "HMAC_SHA256" else hashlib.sha1
    # A form may hold what UTF-8 cannot write back; such a request is not Twilio's, and the signature differs.
    return base64.b64encode(
        hmac.new(secret.encode(), signed.encode("utf-8", "replace"), digest).digest()
    ).decode()


def verify(request: RawRequest, *, auth_token: str, shared_keys: Mapping[str, str]) -> bool:
    """
    Return whether *request* is signed by Twilio, whole.

    :param shared_keys: id of the key to its secret, for accounts that sign with shared keys.
    """
    settings = {
        part.strip().partition("=")[0]: part.strip().partition("=")[2]
        for part in request.headers.get(SETTINGS_HEADER, "").split(",")
    }
    algorithm = settings.get("algorithm") or "HMAC_SHA1"
    secret = shared_keys.get(settings["key"], "") if settings.get("key") else auth_token
    if not secret or algorithm not in {"HMAC_SHA1", "HMAC_SHA256"}:
        return False
    # The signature covers the address and the form's fields. Any other body is covered only by its hash in
    # the address; a body that nothing covers could be put under a signature taken from elsewhere.
    if request.body and not request.form and not _is_body_hashed(request):
        return False
    given = request.headers.get(SIGNATURE_HEADER, "").encode()
    # Every spelling is tried, so that the time taken tells nothing.
    matches = [
        hmac.compare_digest(signature(url, request.form, secret=secret, algorithm=algorithm).encode(), given)
        for url in _with_and_without_port(request.url)
    ]
    return any(matches)


def _is_body_hashed(request: RawRequest) -> bool:
    (claimed, *more) = request.query.get(BODY_HASH_PARAMETER, [""])
    actual = hashlib.sha256(request.body).hexdigest()
    return not more and hmac.compare_digest(claimed.encode(), actual.encode())


def _with_and_without_port(url: str) -> Iterator[str]:
    # Twilio signs the address with or without the port, "inconsistent" in the words of its own SDK.
    parts = urlsplit(url)
    yield urlunsplit(parts._replace(netloc=parts.netloc.removesuffix(f":{parts.port}")))
    if parts.port is None:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"))
    else:
        yield url


def parse(request: RawRequest) -> Parsed:
    """
    Return the receipt or the inbound text in *request*.

    :raises WebhookRejected: if it is neither.
    """
    fields = {name: values[0] for name, values in (request.form or request.query).items() if values}
    message_sid = fields.get("MessageSid") or fields.get("SmsSid", "")
    if not message_sid:
        raise WebhookRejected("Twilio's requests name a message.")
    if "MessageStatus" in fields:
        code = fields.get("ErrorCode", "")
        return Parsed(
            events=[
                StatusEvent(
                    reference=(request.query.get(REFERENCE_PARAMETER) or [""])[0],
                    provider_id=message_sid,
                    number=fields.get("To", ""),
                    status=STATUSES.get(fields["MessageStatus"], ReceiptStatus.UNKNOWN),
                    code=code,
                    outcome=ON_DELIVERY.get(code),
                )
            ]
        )
    if "Body" not in fields or not fields.get("From"):
        raise WebhookRejected("This is neither a status callback nor an inbound text.")
    return Parsed(
        events=[
            InboundEvent(
                provider_id=message_sid,
                from_number=fields["From"],
                to_number=fields.get("To", ""),
                text=fields["Body"],
                # Only with Advanced Opt-Out. HELP says nothing about permission.
                opted_out={"STOP": True, "START": False}.get(fields.get("OptOutType", "")),
            )
        ],
        response=EMPTY_TWIML,
    )
