"""The only writers of the stages and of how far passes have come with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models import F

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.life_stages import Limits

CHANGED = "stage_changed"
ONLY = 1


def rules(*, now: datetime) -> LifeStageRules:
    """Return the one row of rules, made when it is first asked for, and due at once."""
    found, _ = LifeStageRules.objects.get_or_create(pk=ONLY, defaults={"refresh_due_at": now})
    return found


def change_limits(limits: Limits, *, now: datetime) -> None:
    """Have everybody looked at by other limits, without events: nobody did anything, somebody edited."""
    rules(now=now)
    LifeStageRules.objects.filter(pk=ONLY).update(
        **asdict(limits), changes=F("changes") + 1, is_filled=False, refresh_due_at=now
    )


@transaction.atomic
def move(wanted: Mapping[int, str | None], *, site_id: int | None, now: datetime) -> int:
    """
    Put each of these people into a stage, or None; with a site, each change is an event of it.

    The first stage that somebody ever has is no change. Of who was erased meanwhile nothing is kept, nor what a pass
    wrote in that very moment.

    :returns: how many moved.
    """
    erased = set(
        Contact.objects.filter(Among("pk", list(wanted)), erased_at__isnull=False).values_list(
            "pk", flat=True
        )
    )
    if erased:
        LifeStage.objects.filter(Among("contact_id", erased)).delete()
        wanted = {pk: stage for pk, stage in wanted.items() if pk not in erased}
    rows = claims.lock_in_order(LifeStage.objects.filter(Among("contact_id", list(wanted)), current=1))
    before = {row.contact_id: row.stage for row in rows}
    over = [row.pk for row in rows if wanted[row.contact_id] != row.stage]
    LifeStage.objects.filter(Among("pk", over)).update(current=None, until=now)
    moved = [(pk, stage) for pk, stage in sorted(wanted.items()) if stage and before.get(pk) != stage]
    claims.insert_new(
        [LifeStage(contact_id=pk, stage=stage, since=now) for pk, stage in moved],
        unique=["contact", "current"],
    )
    changed = [(pk, before[pk], stage) for pk, stage in moved if pk in before]
    if site_id is not None and changed:
        events.record_events(
            [
                EventDraft(
                    name=CHANGED,
                    key=f"stage:{pk}:{now.isoformat()}",
                    store=OUR_STORE,
                    site_id=site_id,
                    contact_id=pk,
                    source="stage",
                    occurred_at=now,
                    recorded_at=now,
                    properties={"stage": stage, "from": old},
                )
                for pk, old, stage in changed
            ]
        )
    return len(moved)


def refreshed(*, changes: int, now: datetime, due_at: datetime) -> None:
    """Note that everybody was looked at, unless the limits were changed meanwhile: then it is due already."""
    LifeStageRules.objects.filter(pk=ONLY, changes=changes).update(
        is_filled=True, refreshed_at=now, refresh_due_at=due_at
    )
