"""What needs a person: each finding names its cause and where to look. Bounded queries, none per row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from wagtail_drip.enrolments import once
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_states import OnceState
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging.models import Callback, Hold, InboundText, Message
from wagtail_drip.reports import pulse, watchdog
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to look at.

    *subject* is a plain key that a screen turns into an address: holds, sequence:<id>, once:<id>, messages:<state>, workers.
    *cause* tells two of the same code apart, so that an alarm is raised once for each.
    """

    code: str
    sentence: Any
    subject: str = ""
    is_critical: bool = False
    cause: str = ""


def findings(*, now: datetime) -> list[Finding]:
    """Return everything that needs attention, the gravest first; an empty list means that all is well."""
    found = [
        *(_workers() or _late(now)),
        *_holds(now),
        *_sequences(),
        *_once(),
        *_segments(),
        *_unread(),
        *_messages(now),
    ]
    return sorted(found, key=lambda finding: not finding.is_critical)


def _workers() -> list[Finding]:
    found = pulse.workers()
    if found.are_alive:
        return []
    return [Finding(code=found.pulse.value, sentence=found.sentence, subject="workers", is_critical=True)]


def _late(now: datetime) -> list[Finding]:
    """What the workers should have taken up; without any worker that goes without saying."""
    number = sum(watchdog.ask(watchdog.EACH_TICK, now=now).values())
    if not number:
        return []
    sentence = ngettext_lazy(
        "%(n)s task has waited more than ten minutes for a worker; the site's log may say why.",
        "%(n)s tasks have waited more than ten minutes for a worker; the site's log may say why.",
        number,
    ) % {"n": number}
    return [Finding(code="late", sentence=sentence, subject="workers")]


def _holds(now: datetime) -> list[Finding]:
    rows = Hold.objects.filter(Q(until=None) | Q(until__gt=now), lifted_at=None).exclude(scope="sequence")
    return [
        Finding(
            code="hold",
            cause=str(row.pk),
            sentence=_("Sending is stopped for %(what)s: %(reason)s")
            % {"what": row.get_scope_display(), "reason": row.reason},
            subject="holds",
            is_critical=row.scope in ("all", "gateway"),
        )
        for row in rows.order_by("pk")[:20]
    ]


def _sequences() -> list[Finding]:
    rows = SequenceRuntime.objects.exclude(health="ok").select_related("sequence").order_by("pk")[:20]
    return [
        Finding(
            code=f"sequence_{row.health}",
            cause=str(row.sequence_id),
            sentence=_("Sequence “%(name)s”: %(detail)s")
            % {"name": row.sequence.name, "detail": row.health_detail or row.get_health_display()},
            subject=f"sequence:{row.sequence_id}",
            is_critical=row.health in ("failing", "auto_paused"),
        )
        for row in rows
    ]


def _segments() -> list[Finding]:
    """Segments that could not be counted, again and again: what asks for one goes by its last count, or waits."""
    rows = Segment.objects.filter(refresh_due_at=None).exclude(error="").order_by("pk")[:20]
    return [
        Finding(
            code="segment",
            cause=str(row.pk),
            sentence=_(
                "The segment “%(name)s” could not be counted: sequences go by who was in it last, and those that are "
                "for it and were never counted start for nobody. Save its rules again, or ask your developer; the "
                "site's log says why."
            )
            % {"name": row.name},
            subject=f"segment:{row.pk}",
            is_critical=True,
        )
        for row in rows
    ]


def _once() -> list[Finding]:
    """What goes out once and waits for a person: to be started, or to be let go on."""
    held = OnceRun.objects.filter(state=OnceState.HELD, sequence__runtime__state=RuntimeState.LIVE)
    found = [
        Finding(
            code="once_held",
            cause=str(run.pk),
            sentence=_("“%(name)s” has gone to the first people only; too much failed or too many left.")
            % {"name": run.sequence.name},
            subject=f"once:{run.sequence_id}",
            is_critical=True,
        )
        for run in held.select_related("sequence").order_by("pk")[:20]
    ]
    name = f":{triggers.ONCE}"
    published = {
        (running.sequence_id, once.key_of(timed))
        for running in sequences.live_by_trigger([name]).get(name, ())
        if (timed := running.flow.timed) is not None
    }
    if published:
        ids = {sequence_id for sequence_id, _key in published}
        started = OnceRun.objects.filter(sequence_id__in=ids).exclude(state=OnceState.STOPPED)
        rows = started.values_list("sequence_id", "key")
        waiting = sorted({pk for pk, _key in published - set(rows)})[:20]
        names = dict(Sequence.objects.filter(pk__in=waiting).values_list("pk", "name"))
        found += [
            Finding(
                code="once_waits",
                cause=str(pk),
                sentence=_("“%(name)s” is published and waits for somebody to start it.")
                % {"name": names.get(pk, pk)},
                subject=f"once:{pk}",
            )
            for pk in waiting
        ]
    return found


def _unread() -> list[Finding]:
    """Rows parked after five attempts: they cannot be read and wait for a developer."""
    kinds = [
        (Notice.objects.filter(due_at=None).exclude(error=""), _("notices from the shop")),
        (Event.objects.filter(match_due_at=None).exclude(error=""), _("events")),
        (Callback.objects.filter(due_at=None).exclude(error=""), _("callbacks from gateways")),
        (InboundText.objects.filter(due_at=None).exclude(error=""), _("texts from customers")),
    ]
    found = []
    for rows, what in kinds:
        n = rows.count()
        if n:
            sentence = _("%(n)s %(what)s could not be read; the log says why.") % {"n": n, "what": what}
            found.append(
                Finding(code="unread", sentence=sentence, is_critical=True, cause=rows.model.__name__)
            )
    return found


def _messages(now: datetime) -> list[Finding]:
    recent = Message.objects.filter(created_at__gte=now - timedelta(days=1))
    counts = recent.aggregate(
        unknown=Count("pk", filter=Q(state="unknown")), failed=Count("pk", filter=Q(state="failed"))
    )
    sentences = {
        "unknown": _("%(n)s messages of the last day may or may not have gone."),
        "failed": _("%(n)s messages of the last day were refused by the gateway."),
    }
    return [
        Finding(code=state, sentence=sentence % {"n": counts[state]}, subject=f"messages:{state}")
        for state, sentence in sentences.items()
        if counts[state]
    ]
