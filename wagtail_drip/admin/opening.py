"""Whether a site texts customers, whom that reaches and what it costs: the figures beside the big button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet

from wagtail_drip.conf import settings
from wagtail_drip.contacts.models import Permission
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import accounts
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.reports import metrics
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState


@dataclass(frozen=True, kw_only=True)
class Opening:
    """*moved* is True when the site was opened elsewhere or with another account, and so is closed here."""

    is_open: bool
    moved: bool
    opened_at: datetime | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Who is texted at once when the site opens. *cost* is None where the price is unknown."""

    reachable: int
    live_sequences: int
    waiting: int
    cost: Decimal | None
    currency: str


def gateway_aliases() -> list[str]:
    return list(settings.GATEWAYS)


def account_of(row: SiteSettings) -> str:
    """Return the account of the site's gateway: what an open site is bound to."""
    return accounts.account(row.sender_gateway)


def state(row: SiteSettings) -> Opening:
    try:
        is_open = core.is_open(row, account=account_of(row))
    except ImproperlyConfigured as error:
        return Opening(is_open=False, moved=False, opened_at=row.opened_at, problem=str(error))
    return Opening(is_open=is_open, moved=row.opened_at is not None and not is_open, opened_at=row.opened_at)


def forecast(row: SiteSettings) -> Forecast:
    reachable = Permission.objects.filter(
        site_id=row.site_id,
        group=PurposeGroup.MARKETING,
        topic="",
        granted=True,
        contact__active_phone__isnull=False,
        contact__merged_into=None,
    )
    waiting = Message.objects.filter(site_id=row.site_id, state__in=["scheduled", "claimed"]).count()
    return Forecast(
        reachable=reachable.count(),
        live_sequences=SequenceRuntime.objects.filter(state=RuntimeState.LIVE).exclude(version=None).count(),
        waiting=waiting,
        cost=metrics.cost(waiting, row.price_per_segment),
        currency=row.currency,
    )


def open_holds(*, now: datetime) -> list[Hold]:
    return list(_open_holds(now).order_by("pk")[:50])


def is_stopped(*, now: datetime) -> bool:
    return _open_holds(now).filter(scope="all").exists()


def _open_holds(now: datetime) -> QuerySet[Hold]:
    return Hold.objects.filter(Q(until=None) | Q(until__gt=now), lifted_at=None)
