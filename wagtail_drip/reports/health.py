"""Looks after sequences: says which have gone silent, and pauses those whose messages fail. Run by the tick."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from wagtail_drip.conf import settings
from wagtail_drip.core import claims
from wagtail_drip.messaging import holds
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.reports import rollup, silence
from wagtail_drip.reports.failing import is_failing
from wagtail_drip.reports.models import SequenceHour
from wagtail_drip.reports.silence import WEEK, Silence
from wagtail_drip.sequences import health
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import Health, RuntimeState

logger = logging.getLogger(__name__)

KEPT = 10 * WEEK
# A silence is measured in hours: so often is often enough, however many workers ask.
LISTEN_SECONDS = 600
RECENT = timedelta(hours=2)
MOST = 10_000


def look_after(*, now: datetime) -> None:
    """Pause what fails; and, every ten minutes, note who has gone silent and who is heard again."""
    pause_failing(now=now)
    if claims.take_lease("silence", seconds=LISTEN_SECONDS) is not None:
        listen(now=now)
        forget(now=now)


def listen(*, now: datetime) -> list[int]:
    """Note which sequences are silent, and return those that newly are. A held one is silent on purpose."""
    held = holds.open_holds(now)
    runtimes = SequenceRuntime.objects.filter(
        state=RuntimeState.LIVE, health__in=(Health.OK, Health.SILENT), version__isnull=False
    ).exclude(trigger_event="")
    live = {row.sequence_id: row for row in runtimes}
    counts = _hours(live, now)
    fell_silent = []
    for pk, runtime in live.items():
        entered = silence.silence(counts[pk, rollup.ENTERED], live_since=runtime.changed_at, now=now)
        sent = silence.silence(counts[pk, rollup.SENT], live_since=runtime.changed_at, now=now)
        is_held = held.stops_everything or ("sequence", str(pk)) in held.keys
        detail = _detail(entered, None if is_held else sent)
        if detail and health.mark_silent(pk, detail):
            logger.warning("Sequence %s has gone silent. %s", pk, detail)
            fell_silent.append(pk)
        elif not detail and health.mark_heard(pk):
            logger.info("Sequence %s is heard again.", pk)
    return fell_silent


def _hours(
    live: Mapping[int, SequenceRuntime], now: datetime
) -> Mapping[tuple[int, str], Mapping[datetime, int]]:
    rows = SequenceHour.objects.filter(hour__gt=now - KEPT, sequence_id__in=live).values_list(
        "sequence_id", "measure", "hour", "n"
    )
    found: dict[tuple[int, str], dict[datetime, int]] = defaultdict(dict)
    for pk, measure, hour, n in rows:
        found[pk, measure][hour] = n
    return found


def _detail(entered: Silence | None, sent: Silence | None) -> str:
    """Say what is missing: nobody entering explains that nothing is sent, so it is said alone."""
    found = entered or sent
    if found is None:
        return ""
    values = {
        "since": date_format(localtime(found.since), "SHORT_DATETIME_FORMAT"),
        "expected": found.expected,
    }
    if entered is not None:
        return (
            _("Nobody has entered since %(since)s; in an ordinary week about %(expected)s would have.")
            % values
        )
    return (
        _(
            "Nothing has been sent since %(since)s; in an ordinary week about %(expected)s texts would have been."
        )
        % values
    )


def pause_failing(*, now: datetime) -> list[int]:
    """Pause the sequences whose messages fail more often than is borne, and return them."""
    since = (now - RECENT).replace(minute=0, second=0, microsecond=0)
    rows = (
        SequenceHour.objects.filter(hour__gte=since, measure=rollup.FAILED, n__gt=0)
        .values("sequence_id")
        .annotate(failed=Sum("n"))
        .filter(failed__gte=max(settings.AUTO_PAUSE_LEAST, 1))
    )
    suspected = [row["sequence_id"] for row in rows] if settings.AUTO_PAUSE_SHARE > 0 else []
    if not suspected:
        return []
    paused = []
    for runtime in SequenceRuntime.objects.filter(sequence_id__in=suspected, state=RuntimeState.LIVE):
        # From the messages themselves: what failed before somebody mended and resumed it counts no more.
        failed, went = _tried(runtime.sequence_id, since=max(now - RECENT, runtime.changed_at))
        if not is_failing(
            failed=failed, went=went, share=settings.AUTO_PAUSE_SHARE, least=settings.AUTO_PAUSE_LEAST
        ):
            continue
        detail = _("%(failed)s of %(tried)s texts failed within two hours, so it was paused.") % {
            "failed": failed,
            "tried": failed + went,
        }
        if health.pause_by_itself(runtime.sequence_id, detail, now=now):
            logger.error("Sequence %s was paused. %s", runtime.sequence_id, detail)
            paused.append(runtime.sequence_id)
    return paused


def _tried(sequence_id: int, *, since: datetime) -> tuple[int, int]:
    """Count, up to MOST each, the messages that failed and those that went; asked only of who is suspected."""
    rows = Message.objects.filter(sequence_id=sequence_id)
    failed = rows.filter(state=MessageState.FAILED, settled_at__gte=since)
    went = rows.filter(
        state__in=(MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED), sent_at__gte=since
    )
    return failed[:MOST].count(), went[:MOST].count()


def forget(*, now: datetime) -> None:
    """Delete the hours that nothing asks for any more."""
    SequenceHour.objects.filter(hour__lt=now - KEPT).delete()
