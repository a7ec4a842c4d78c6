"""What a run does to the same person's runs of other sequences: enters one, or ends some. Set-wise.

Runs that are to end are locked with the batch, before contacts, as everywhere. They are ended after the
batch is written down: one of them may be in the batch itself, and would otherwise be written alive again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions, querysets
from wagtail_drip.enrolments.actions import Wish
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.carry_out import contact_of, message_key
from wagtail_drip.enrolments.effects import EnrolIn, RemoveFrom
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.types import Running

ENTERED, NOT_LIVE, NOT_LET_IN, TOO_OFTEN = "entered", "not_live", "not_let_in", "too_often"
TAKEN_OUT, WAS_NOT_INSIDE = "taken_out", "was_not_inside"
# Two sequences that start each other without a wait would otherwise go on for ever.
MOST_A_DAY = 5


def hold(batch: Sequence[Advanced]) -> list[Enrolment]:
    """Lock the runs that the batch is going to end."""
    wanted = {(contact_of(advanced), effect.sequence_id) for advanced, effect in _removals(batch)}
    if not wanted:
        return []
    people = {contact_id for contact_id, _ in wanted}
    # Runs that began under a number since merged into this one are the same person's.
    merged = Contact.objects.filter(merged_into__in=people).values_list("pk", flat=True)
    heads = contacts.resolve_merged({*people, *merged})
    rows = claims.lock_in_order(
        Enrolment.objects.filter(
            sequence_id__in={sequence_id for _, sequence_id in wanted}, contact_id__in=heads, running=1
        )
    )
    return [row for row in rows if (heads[row.contact_id], row.sequence_id) in wanted]


def enter(batch: Sequence[Advanced], held: Sequence[Enrolment], *, now: datetime) -> list[Advanced]:
    """Let in whom other sequences' rules let in, and return the batch with what came of each wish in its trace."""
    wishes = [(advanced, effect) for advanced, effect in _entries(batch)]
    removals = list(_removals(batch))
    if not wishes and not removals:
        return list(batch)
    outcomes: dict[tuple[int, str], str] = {}
    inside = {(row.contact_id, row.sequence_id) for row in held}
    for advanced, removal in removals:
        is_inside = (contact_of(advanced), removal.sequence_id) in inside or (
            (advanced.enrolment.contact_id, removal.sequence_id) in inside
        )
        outcomes[advanced.enrolment.pk, removal.step_id] = TAKEN_OUT if is_inside else WAS_NOT_INSIDE
    live = sequences.live({effect.sequence_id for _, effect in wishes})
    often = _entered_often({(contact_of(advanced), effect.sequence_id) for advanced, effect in wishes}, now)
    asked = [
        (
            advanced,
            effect,
            Wish(
                into=live[effect.sequence_id],
                contact_id=contact_of(advanced),
                site_id=advanced.enrolment.site_id,
                key=message_key(advanced.enrolment.pk, effect.visit),
                since=now,
                trigger=advanced.facts.trigger if advanced.facts else None,
            ),
        )
        for advanced, effect in wishes
        if _is_open(live.get(effect.sequence_id), advanced)
        and (contact_of(advanced), effect.sequence_id) not in often
    ]
    entered = (
        {
            (row.contact_id, row.sequence_id)
            for row in actions.admit([wish for *_, wish in asked], now=now).entered
        }
        if asked
        else set()
    )
    for advanced, effect in wishes:
        came_in = (contact_of(advanced), effect.sequence_id) in entered
        if came_in:
            # Of several wishes of one person the first was heard.
            entered.discard((contact_of(advanced), effect.sequence_id))
            outcome = ENTERED
        elif not _is_open(live.get(effect.sequence_id), advanced):
            outcome = NOT_LIVE
        elif (contact_of(advanced), effect.sequence_id) in often:
            outcome = TOO_OFTEN
        else:
            outcome = NOT_LET_IN
        outcomes[advanced.enrolment.pk, effect.step_id] = outcome
    return [_with_outcomes(advanced, outcomes) for advanced in batch]


def leave(held: Sequence[Enrolment], *, now: datetime) -> None:
    """End what is held, as far as the batch itself has not ended it."""
    if held:
        rows = list(Enrolment.objects.filter(pk__in=[row.pk for row in held], running=1))
        actions.take_out(rows, reason=ExitReason.REMOVED_BY_SEQUENCE, now=now)


def _is_open(into: Running | None, advanced: Advanced) -> bool:
    return into is not None and into.site_id in (None, advanced.enrolment.site_id)


def _entered_often(wanted: set[tuple[int, int]], now: datetime) -> set[tuple[int, int]]:
    """Return who came into the same sequence so often of late that two sequences may be starting each other."""
    if not wanted:
        return set()
    runs = querysets.earlier_runs(
        {sequence_id for _, sequence_id in wanted}, {contact_id for contact_id, _ in wanted}
    )
    since = now - timedelta(days=1)
    return {
        (contact_id, sequence_id)
        for (sequence_id, contact_id), earlier in runs.items()
        if sum(run.entered_at > since for run in earlier) >= MOST_A_DAY
    }


def _entries(batch: Sequence[Advanced]) -> Iterator[tuple[Advanced, EnrolIn]]:
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, EnrolIn):
                yield advanced, effect


def _removals(batch: Sequence[Advanced]) -> Iterator[tuple[Advanced, RemoveFrom]]:
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, RemoveFrom):
                yield advanced, effect


def _with_outcomes(advanced: Advanced, outcomes: dict[tuple[int, str], str]) -> Advanced:
    visits = tuple(
        replace(
            visited,
            decisions=tuple(
                replace(decision, outcome=outcomes[advanced.enrolment.pk, visited.step_id])
                for decision in visited.decisions
            ),
        )
        if (advanced.enrolment.pk, visited.step_id) in outcomes
        else visited
        for visited in advanced.walked.visits
    )
    return replace(advanced, walked=replace(advanced.walked, visits=visits))
