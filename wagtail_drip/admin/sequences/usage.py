"""Where a sequence or a saved message is used: what must not be deleted, and whom a change concerns."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Model, Q
from wagtail.models import ReferenceIndex

from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.enrolments import targets
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.blocks import tree
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.states import RuntimeState

# One that only finishes keeps its words: publishing it would let people in again.
RUNNING = (RuntimeState.LIVE, RuntimeState.PAUSED)


def used_in(thing: Model) -> list[Sequence]:
    """Return the sequences, other than itself, whose steps name *thing*, as they were published or saved last."""
    ids = {
        int(pk)
        for pk in ReferenceIndex.get_references_to(thing)
        .filter(base_content_type__app_label="wagtail_drip", base_content_type__model="sequence")
        .values_list("object_id", flat=True)
    }
    if isinstance(thing, Sequence):
        ids.discard(thing.pk)
    rows = Sequence.objects.filter(pk__in=ids).select_related("runtime").order_by("name", "pk")
    return list(rows.exclude(runtime__state=RuntimeState.ARCHIVED))


@dataclass(frozen=True, kw_only=True)
class Use:
    """
    A running sequence that sends a saved message.

    :ivar waiting: people inside who have not come to a step that sends it.
    """

    sequence: Sequence
    waiting: int


def uses(saved: MessageTemplate) -> list[Use]:
    """Return the running sequences that send *saved*, and how many people in each have it before them."""
    running = [
        sequence
        for sequence in used_in(saved)
        if getattr(sequence, "runtime", None) is not None and sequence.runtime.state in RUNNING
    ]
    steps = {sequence.pk: _steps_with(sequence, saved) for sequence in running}
    waiting = _waiting(steps)
    return [Use(sequence=each, waiting=waiting.get(each.pk, 0)) for each in running]


def _steps_with(sequence: Sequence, saved: MessageTemplate) -> set[str]:
    return {
        place.child.id or ""
        for place in tree.places(sequence.steps)
        if (chosen := _chosen(place.child.value)) is not None and chosen.pk == saved.pk
    }


def _chosen(value: object) -> MessageTemplate | None:
    found = value.get("saved_message") if hasattr(value, "get") else None
    return found if isinstance(found, MessageTemplate) else None


def _waiting(steps: dict[int, set[str]]) -> dict[int, int]:
    rows = list(
        Enrolment.objects.filter(sequence_id__in=steps, running=1)
        .order_by()
        .values_list("sequence_id", "version_id", "step_id")
        .annotate(begun=Count("pk", filter=Q(entered_step_at__isnull=False)), people=Count("pk"))
    )
    flows = sequences.flows({version_id for _sequence, version_id, *_rest in rows})
    found: dict[int, int] = {}
    for sequence_id, version_id, step_id, begun, people in rows:
        # Who has begun a step has it behind them.
        for has_begun, count in ((True, begun), (False, people - begun)):
            coming = targets.ahead(flows[version_id], step_id, itself=not has_begun)
            if not steps[sequence_id].isdisjoint(coming):
                found[sequence_id] = found.get(sequence_id, 0) + count
    return found
