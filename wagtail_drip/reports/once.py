"""How far something is that goes out once, in figures that cost no more for a million people than for ten."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Sum

from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments import once_outcome
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_states import UNDER_WAY
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.reports.models import StepDay


@dataclass(frozen=True, kw_only=True)
class Progress:
    """
    Of texts since the day of the start, as the rollup has it: a moment behind.

    :ivar remaining: of those who were counted at the start, how many have not entered yet.
    :ivar waiting: texts in the outbox.
    :ivar failed: refused by the gateway, or not delivered.
    :ivar withheld: skipped, expired or taken back.
    """

    entered: int = 0
    remaining: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    withheld: int = 0
    opted_out: int = 0
    complained: int = 0


def progress(run: OnceRun, *, site: SiteSettings) -> Progress:
    """Return the figures of one start; *site* says which day that was."""
    since = run.started_at.astimezone(ZoneInfo(site.zone)).date()
    found: defaultdict[str, int] = defaultdict(int)
    rows = StepDay.objects.filter(sequence_id=run.sequence_id, day__gte=since).order_by()
    found.update(rows.values_list("measure").annotate(total=Sum("n")))
    opted_out, complained = once_outcome.left(run)
    return Progress(
        entered=run.entered,
        remaining=max(run.people - run.entered, 0) if run.state in UNDER_WAY else 0,
        waiting=Message.objects.filter(sequence_id=run.sequence_id, state__in=PENDING).count(),
        sent=found["message:sent"],
        delivered=found["message:delivered"],
        failed=found["message:failed"] + found["message:undelivered"],
        withheld=found["message:skipped"] + found["message:expired"] + found["message:cancelled"],
        opted_out=opted_out,
        complained=complained,
    )
