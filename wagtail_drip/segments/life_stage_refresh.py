"""Brings everybody's stage up to date, a chunk of contacts at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from wagtail_drip.conf import settings
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims, clock, sites
from wagtail_drip.core.among import Among
from wagtail_drip.segments import life_stage_actions as actions
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.life_stages import Limits, stage_of

CHUNK = 1000
LEASE, LEASE_SECONDS = "life stages", 600.0
# As with segments: what takes a while is done the less often.
REST = 20


def refresh_due(*, now: datetime | None = None) -> int:
    """Look at everybody if it is time to, one worker; return how many people changed their stage."""
    now = now or clock.now()
    rules = actions.rules(now=now)
    if not _is_due(rules, now):
        return 0
    token = claims.take_lease(LEASE, seconds=LEASE_SECONDS)
    if token is None:
        return 0
    try:
        rules.refresh_from_db()
        # Another worker may have looked meanwhile.
        return _refresh(rules, token=token, now=now) if _is_due(rules, now) else 0
    finally:
        claims.release_lease(LEASE, token)


def _is_due(rules: LifeStageRules, now: datetime) -> bool:
    return rules.refresh_due_at is not None and rules.refresh_due_at <= now


def _refresh(rules: LifeStageRules, *, token: str, now: datetime) -> int:
    began, moved, site_id = time.monotonic(), 0, None
    if rules.is_filled:
        site_id = sites.default_id()
    for wanted in _chunks(rules.limits, now=now):
        if not claims.take_lease(LEASE, seconds=LEASE_SECONDS, token=token):
            return moved  # We were too slow, and somebody else goes on with it.
        pending = _who_moves(wanted)
        if pending:
            moved += claims.retried(partial(actions.move, pending, site_id=site_id, now=now))
    took = time.monotonic() - began
    rest = max(timedelta(minutes=settings.SEGMENT_REFRESH_MINUTES), timedelta(seconds=took * REST))
    actions.refreshed(changes=rules.changes, now=now, due_at=now + rest)
    return moved


def _chunks(limits: Limits, *, now: datetime) -> Iterator[dict[int, str | None]]:
    """Yield which stage each contact belongs in; None for who was merged, erased, or is not to be profiled."""
    after = 0
    while True:
        rows: list[Any] = list(
            Contact.objects.filter(pk__gt=after)
            .order_by("pk")
            .values_list(
                "pk",
                "merged_into_id",
                "erased_at",
                "objected_at",
                "restricted_at",
                "purchase_tally__n",
                "purchase_tally__first_at",
                "purchase_tally__last_at",
            )[:CHUNK]
        )
        if not rows:
            return
        after = rows[-1][0]
        yield {
            pk: None
            if any(out)
            else stage_of(orders=n or 0, first_at=first_at, last_at=last_at, limits=limits, now=now)
            for pk, *out, n, first_at, last_at in rows
        }


def _who_moves(wanted: dict[int, str | None]) -> dict[int, str | None]:
    rows = LifeStage.objects.filter(Among("contact_id", list(wanted)), current=1)
    held = dict(rows.values_list("contact_id", "stage"))
    return {pk: stage for pk, stage in wanted.items() if held.get(pk) != stage}
