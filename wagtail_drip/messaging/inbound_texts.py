"""The writers of inbound texts that the inbox calls; what they mean is decided there."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from wagtail_drip.core import claims
from wagtail_drip.gateways import registry
from wagtail_drip.messaging.models import InboundText


def claim_one(*, now: datetime) -> InboundText | None:
    """Return the next text that waits to be read, locked for this transaction."""
    due = InboundText.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    return next(iter(claims.claim(due, limit=1)), None)


def settle(text: InboundText, *, number: str, contact_id: int | None, verdict: str, phrase: str = "") -> None:
    """
    Note what a text was and who sent it; it waits no longer.

    :param phrase: the words by which it was judged to be a stop.
    """
    InboundText.objects.filter(pk=text.pk).update(
        from_number=number[:20],
        contact_id=contact_id,
        verdict=verdict,
        phrase=phrase[:191],
        due_at=None,
        error="",
    )


def overturn(pk: int) -> bool:
    """Make a reply of what was judged to be a stop; return whether this did it. The words are kept."""
    judged = InboundText.objects.filter(pk=pk, verdict="stop").exclude(phrase="")
    return bool(judged.update(verdict="reply"))


def confirm_stop(pk: int) -> bool:
    """Make a stop of what was a reply, or was only judged to be one; return whether this did it."""
    unsure = Q(verdict="reply") | (Q(verdict="stop") & ~Q(phrase=""))
    return bool(InboundText.objects.filter(unsure, pk=pk).update(verdict="stop", phrase=""))


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
