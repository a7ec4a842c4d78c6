"""
What the network does with a text: take it, deliver it (or not), and tell the shop later.

Numbers whose last four digits are magic behave badly, so that every way a text can end can be tried.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sandbox.phone.models import PhoneMessage, WebhookPost
from wagtail_drip.core import clock

DELIVERY_SECONDS = 1.5
RETRY_SECONDS = (1, 2, 5, 15, 30, 60)
GIVE_UP_AFTER = 30


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the network treats a number. Seconds are real ones, whatever the time machine says."""

    meaning: Promise | str
    final: str = PhoneMessage.Status.DELIVERED
    code: str = ""
    receipt_after_seconds: float = DELIVERY_SECONDS
    refusal: str = ""
    answers_with_error: bool = False


ORDINARY = Behaviour(meaning=_("delivered after a moment"))
MAGIC = {
    "0000": Behaviour(
        meaning=_("not delivered: the phone is switched off"),
        final=PhoneMessage.Status.UNDELIVERED,
        code="unreachable",
    ),
    "0001": Behaviour(meaning=_("refused at once: no such number"), refusal="bad_number"),
    "0002": Behaviour(meaning=_("slow: the receipt comes after a minute"), receipt_after_seconds=60),
    "0003": Behaviour(
        meaning=_("delivered, but the shop is told of a server error"), answers_with_error=True
    ),
    "0004": Behaviour(
        meaning=_("refused at once: the network knows that this number said stop"), refusal="opted_out"
    ),
}


class NetworkRefusal(Exception):
    """The network does not take the text; the message is the outcome that the shop is told."""


def webhook_url() -> str:
    """Return where the shop hears of replies, and of receipts whose text named no other place."""
    return f"{settings.WAGTAIL_DRIP['PUBLIC_BASE_URL']}/drip/gateways/default/"


def behaviour_of(number: str) -> Behaviour:
    return MAGIC.get(number[-4:], ORDINARY)


def take(*, reference: str, number: str, sender: str, text: str, callback_url: str) -> PhoneMessage:
    """
    Take a text for a phone, once: the same *reference* again returns what is there and changes nothing.

    :raises NetworkRefusal: the number's behaviour forbids it.
    """
    behaviour = behaviour_of(number)
    if behaviour.refusal:
        raise NetworkRefusal(behaviour.refusal)
    with transaction.atomic():
        message, is_new = PhoneMessage.objects.get_or_create(
            reference=reference,
            defaults={
                "number": number,
                "sender": sender,
                "direction": PhoneMessage.Direction.OUTBOUND,
                "text": text,
                "status": PhoneMessage.Status.ACCEPTED,
                "provider_id": uuid.uuid4().hex,
                "created_at": clock.now(),
            },
        )
        if is_new:
            WebhookPost.objects.create(
                message=message,
                status=behaviour.final,
                code=behaviour.code,
                url=callback_url or webhook_url(),
                due_at=timezone.now() + timedelta(seconds=behaviour.receipt_after_seconds),
            )
    return message


@transaction.atomic
def reply(*, number: str, to: str, text: str) -> PhoneMessage:
    """Send a text from the phone to the shop; the shop hears of it as soon as `run_phone` runs."""
    message = PhoneMessage.objects.create(
        number=number,
        sender=to,
        direction=PhoneMessage.Direction.INBOUND,
        text=text,
        status=PhoneMessage.Status.DELIVERED,
        provider_id=uuid.uuid4().hex,
        created_at=clock.now(),
    )
    WebhookPost.objects.create(message=message, url=webhook_url(), due_at=timezone.now())
    return message


def post_due(*, now: datetime, session: requests.Session) -> int:
    """
    Post every receipt and reply that is due by *now* (real time) and return how many were posted.

    What the shop does not take is tried again, later and later, and given up after thirty attempts.
    """
    done = 0
    due = WebhookPost.objects.filter(due_at__lte=now).select_related("message").order_by("due_at", "pk")
    for post in due[:200]:
        message = post.message
        if post.status and message.status != post.status:
            # The phone rings when the text arrives, whether or not the shop hears of it.
            message.status, message.code = post.status, post.code
            message.save(update_fields=["status", "code"])
        post.error = _try_to_post(post, session)
        post.attempts += 1
        if not post.error:
            done += 1
        post.due_at = _next_attempt(post, now)
        post.save(update_fields=["error", "attempts", "due_at"])
    return done


def _next_attempt(post: WebhookPost, now: datetime) -> datetime | None:
    if not post.error or post.attempts >= GIVE_UP_AFTER:
        return None
    return now + timedelta(seconds=RETRY_SECONDS[min(post.attempts, len(RETRY_SECONDS)) - 1])


def _try_to_post(post: WebhookPost, session: requests.Session) -> str:
    body = json.dumps({"events": [_event(post)]}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "X-Simulator-Signature": signature(body)}
    try:
        answer = session.post(post.url, data=body, headers=headers, timeout=(3, 20), allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__
    return "" if answer.ok else f"HTTP {answer.status_code}"


def signature(body: bytes) -> str:
    """Return the hex HMAC-SHA256 by which the shop knows that the network wrote *body*."""
    return hmac.new(settings.PHONE_TOKEN.encode(), body, hashlib.sha256).hexdigest()


def _event(post: WebhookPost) -> dict[str, str]:
    message = post.message
    if message.direction == PhoneMessage.Direction.INBOUND:
        return {
            "type": "inbound",
            "id": message.provider_id,
            "from": message.number,
            "to": message.sender,
            "text": message.text,
            "at": message.created_at.isoformat(),
        }
    return {
        "type": "receipt",
        "reference": message.reference or "",
        "id": message.provider_id,
        "number": message.number,
        "status": post.status,
        "code": post.code,
        "at": clock.now().isoformat(),
    }
