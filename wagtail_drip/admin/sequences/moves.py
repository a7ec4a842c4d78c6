"""What publishing the steps as they stand would do to the people inside, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Q

from wagtail_drip.enrolments import targets
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import compile as compiling
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.models import Sequence


@dataclass(frozen=True, kw_only=True)
class Moves:
    """
    :ivar inside: how many people are inside.
    :ivar moved: of them, who would go on elsewhere, because their step is gone.
    :ivar ended: of them, for whom it would end, because no step behind theirs is left.
    """

    inside: int = 0
    moved: int = 0
    ended: int = 0


def moves(sequence: Sequence) -> Moves:
    """Return the counts, in two queries however many people are inside."""
    standing = list(
        Enrolment.objects.filter(sequence_id=sequence.pk, running=1)
        .order_by()
        .values_list("version_id", "step_id")
        .annotate(people=Count("pk"), stay=Count("pk", filter=Q(decided_for__gt=F("version__number"))))
    )
    if not standing:
        return Moves()
    flow, _texts = compiling.plan(sequence)
    before = sequences.flows(version_id for version_id, *_rest in standing)
    moved = ended = 0
    for version_id, step_id, people, stay in standing:
        target = targets.target_of(step_id, old=before[version_id], new=flow)
        if target.choice == Choice.LEAVE:
            ended += people - stay
        elif target.choice == Choice.MOVE:
            moved += people - stay
    return Moves(inside=sum(people for _version, _step, people, _stay in standing), moved=moved, ended=ended)
