"""How a sequence does, apart from whether it runs: the only writers of its health but publishing and resuming."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import Health, RuntimeState


def mark_silent(sequence_id: int, detail: str) -> bool:
    """Note that a sequence that runs has gone silent; one with a graver fault keeps that. Tell whether it is new."""
    running = SequenceRuntime.objects.filter(sequence_id=sequence_id, state=RuntimeState.LIVE)
    return bool(running.filter(health=Health.OK).update(health=Health.SILENT, health_detail=detail))


def mark_heard(sequence_id: int) -> bool:
    """Note that a silent sequence is heard again."""
    silent = SequenceRuntime.objects.filter(sequence_id=sequence_id, health=Health.SILENT)
    return bool(silent.update(health=Health.OK, health_detail=""))


def pause_by_itself(sequence_id: int, detail: str, *, now: datetime) -> bool:
    """
    Pause a sequence without a person, because of *detail*; a person resumes it. Tell whether it was running.

    Of two workers that find the same at the same moment one pauses it.
    """
    with transaction.atomic():
        if not actions.pause(sequence_id, now=now):
            return False
        SequenceRuntime.objects.filter(sequence_id=sequence_id).update(
            health=Health.AUTO_PAUSED, health_detail=detail
        )
    return True
