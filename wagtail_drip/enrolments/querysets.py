"""Reading enrolments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments.entry import Earlier
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.states import CallState, EnrolmentState
from wagtail_drip.messaging import holds
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState

MOVING = (EnrolmentState.ACTIVE, EnrolmentState.WAITING)


def standing_still() -> list[int]:
    """Return the sequences in which nobody moves: paused, or ended with people still to be taken out."""
    rows = SequenceRuntime.objects.filter(
        Q(state=RuntimeState.PAUSED)
        | Q(state__in=(RuntimeState.ENDED, RuntimeState.ARCHIVED), parking_due_at__isnull=False)
    )
    return list(rows.values_list("sequence_id", flat=True))


def due(now: datetime) -> QuerySet[Enrolment]:
    """Return who waits for a moment that has come, in the order of these moments."""
    return (
        Enrolment.objects.filter(due_at__lte=now, state__in=MOVING)
        .exclude(sequence_id__in=standing_still())
        .order_by("due_at", "pk")
    )


def calls_due(now: datetime) -> QuerySet[OutsideCall]:
    """Return what is to be asked of the outside: nothing for paused sequences, nothing while everything is stopped."""
    rows = OutsideCall.objects.filter(state=CallState.WAITING, due_at__lte=now)
    if not rows.exists() or holds.open_holds(now).stops_everything:
        return rows.none()
    return rows.exclude(sequence_id__in=standing_still()).order_by("due_at", "pk")


def earlier_runs(
    sequence_ids: Collection[int], contact_ids: Collection[int]
) -> dict[tuple[int, int], list[Earlier]]:
    """
    Return every run of these contacts in these sequences, by (sequence, contact), in a fixed number of queries.

    Those of whoever was merged into one of them are their own.
    """
    speaks_for = contacts.speakers(contact_ids)
    rows = Enrolment.objects.filter(Among("contact_id", speaks_for), sequence_id__in=sequence_ids)
    found: dict[tuple[int, int], list[Earlier]] = defaultdict(list)
    for sequence_id, contact_id, key, entered_at, running in rows.values_list(
        "sequence_id", "contact_id", "dedupe_key", "entered_at", "running"
    ):
        found[sequence_id, speaks_for[contact_id]].append(
            Earlier(dedupe_key=key, entered_at=entered_at, is_running=running is not None)
        )
    return found
