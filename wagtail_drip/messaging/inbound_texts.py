"""The writers of inbound texts that the inbox calls; what they mean is decided there."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ImproperlyConfigured

from wagtail_drip.core import claims
from wagtail_drip.gateways import registry
from wagtail_drip.messaging.models import InboundText


def claim_one(*, now: datetime) -> InboundText | None:
    """Return the next text that waits to be read, locked for this transaction."""
    due = InboundText.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    return next(iter(claims.claim(due, limit=1)), None)


def settle(text: InboundText, *, number: str, contact_id: int | None, verdict: str) -> None:
    """Note what a text was and who sent it; it waits no longer."""
    InboundText.objects.filter(pk=text.pk).update(
        from_number=number[:20], contact_id=contact_id, verdict=verdict, due_at=None, error=""
    )


def put_off(pk: int, *, attempts: int, error: str, due_at: datetime | None) -> None:
    """Count a failed attempt; with *due_at* None the text is parked until somebody looks."""
    InboundText.objects.filter(pk=pk).update(attempts=attempts, error=error, due_at=due_at)


def gateway_answers_stops(alias: str) -> bool:
    """Tell whether the provider itself answers STOP, START and HELP, so that we must not."""
    if alias not in registry.aliases():
        return False
    try:
        return registry.get(alias).capabilities.auto_reply_opt_out
    except ImproperlyConfigured:
        # Nothing goes out through it either; what the text itself asked for must take effect.
        return False


def gateway_hears(alias: str) -> bool:
    """Tell whether texts come back through a gateway, so that people can be asked to reply."""
    if alias not in registry.aliases():
        return False
    try:
        return registry.get(alias).capabilities.inbound
    except ImproperlyConfigured:
        return False
