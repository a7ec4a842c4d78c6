"""What each choice of the plan page would do to those who stand at a step, counted and in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.translation import ngettext

from wagtail_drip.admin.sequences.standing import Group, chosen_of
from wagtail_drip.enrolments import targets
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.steps.base import find_kind
from wagtail_drip.enrolments.steps.wait_duration import CALENDAR, ELAPSED
from wagtail_drip.enrolments.targets import Target
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.flow import Flow, Step

# The kinds whose waits are so and so long, which one can count without knowing each person's clock.
_SO_LONG = ("amount", "unit")


@dataclass(kw_only=True)
class _Spot:
    """
    Those at one step of one version whom the same becomes of.

    :ivar stays: an earlier choice left them there.
    :ivar begun: how many have begun the step, which is to say that they wait at it.
    :ivar over: of them, for how many the wait would be over if it were counted anew.
    :ivar had: how many have had a step of the new version already, by its id.
    :ivar texts: their texts in the outbox, by step.
    """

    version_id: int
    number: int
    step_id: str
    stays: bool
    skips: str
    people: int
    begun: int
    over: int
    had: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class Told:
    """
    :ivar value: of the option.
    :ivar choice: the option in words.
    :ivar effect: what it would do.
    """

    value: str
    choice: str
    effect: str


def consequences(
    sequence_id: int, groups: Sequence[Group], new: Flow, *, now: datetime
) -> list[tuple[Group, list[Told]]]:
    """Return what each option of each group would do, in a fixed number of queries."""
    if not groups:
        return []
    inside = Enrolment.objects.filter(sequence_id=sequence_id, running=1)
    spots = _spots(inside, new, now=now)
    flows = sequences.flows({version_id for version_id, _step in spots})
    _count_had(spots, sequence_id, new)
    _count_texts(spots, sequence_id)
    return [
        (
            group,
            [
                Told(
                    value=value,
                    choice=f"{label} {words}" if label else words,
                    effect=" ".join(
                        # Nobody is there any more: who stood there went on while we were counting.
                        _told(spots[group.version_id, group.step_id], chosen_of(value), flows=flows, new=new)
                    ),
                )
                for label, options in group.options
                for value, words in options
            ],
        )
        for group in groups
    ]


def _spots(inside: QuerySet[Enrolment], new: Flow, *, now: datetime) -> dict[tuple[int, str], list[_Spot]]:
    over = Q(pk__in=[])
    for step in new.steps.values():
        latest = _latest_start(step, now=now)
        if latest is not None:
            over |= Q(step_id=step.id, entered_step_at__lte=latest)
    rows = (
        inside.order_by()
        .values(
            "version_id",
            "step_id",
            "skips",
            number=F("version__number"),
            stays=_stays("decided_for", "version__"),
        )
        .annotate(people=Count("pk"), begun=Count("entered_step_at"), over=Count("pk", filter=over))
    )
    spots: dict[tuple[int, str], list[_Spot]] = defaultdict(list)
    for row in rows:
        values: dict[str, Any] = {**row, "stays": bool(row["stays"])}
        spot = _Spot(**values)
        spots[spot.version_id, spot.step_id].append(spot)
    return spots


def _stays(decided_for: str, version: str) -> Case:
    return Case(
        When(**{f"{decided_for}__gt": F(f"{version}number")}, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )


def _is_so_long(step: Step) -> bool:
    kind = find_kind(step.kind)
    return kind is not None and kind.lengths == _SO_LONG


def _latest_start(step: Step, *, now: datetime) -> datetime | None:
    """Return when a wait must have begun at the latest to be over now; None if that is not known beforehand."""
    if not _is_so_long(step):
        return None
    # Days by the clock that hangs in no zone: on the nights the clocks change it may be an hour wrong.
    return now - int(step.settings["amount"]) * {**ELAPSED, **CALENDAR}[str(step.settings["unit"])]


def _count_had(spots: Mapping[tuple[int, str], list[_Spot]], sequence_id: int, new: Flow) -> None:
    acting = [step.id for step in new.steps.values() if targets.acts(step.kind)]
    if not acting:
        return
    rows = (
        StepVisit.objects.filter(
            enrolment__sequence_id=sequence_id,
            enrolment__running=1,
            step_id__in=acting,
            left_at__isnull=False,
        )
        .order_by()
        .values_list(
            "enrolment__version_id",
            "enrolment__step_id",
            "enrolment__skips",
            _stays("enrolment__decided_for", "enrolment__version__"),
            "step_id",
        )
        .annotate(people=Count("enrolment_id", distinct=True))
    )
    for version_id, at, skips, stays, step_id, people in rows:
        for spot in spots.get((version_id, at), ()):
            if (spot.stays, spot.skips) == (bool(stays), skips):
                spot.had[step_id] += people


def _count_texts(spots: Mapping[tuple[int, str], list[_Spot]], sequence_id: int) -> None:
    theirs = Enrolment.objects.filter(pk=OuterRef("enrolment_id"), running=1)
    rows = (
        Message.objects.filter(sequence_id=sequence_id, state__in=PENDING)
        .annotate(
            at_version=Subquery(theirs.values("version_id")[:1]),
            at_step=Subquery(theirs.values("step_id")[:1]),
            stays=Subquery(theirs.values_list(_stays("decided_for", "version__"))[:1]),
        )
        .filter(at_version__isnull=False)
        .order_by()
        .values_list("at_version", "at_step", "stays", "step_id")
        .annotate(n=Count("pk"))
    )
    for version_id, at, stays, step_id, n in rows:
        # Whichever of those it is: what becomes of a text does not depend on what its person passes over.
        for spot in [each for each in spots.get((version_id, at), ()) if each.stays == bool(stays)][:1]:
            spot.texts[step_id] += n


def _told(
    spots: Sequence[_Spot], chosen: Chosen | None, *, flows: Mapping[int, Flow], new: Flow
) -> Iterator[str]:
    # What is chosen goes for all; without a choice those stay whom an earlier one left there.
    halves = (
        [spots] if chosen else [[spot for spot in spots if spot.stays == stays] for stays in (False, True)]
    )
    for some in halves:
        if some:
            old = flows[some[0].version_id]
            stays = chosen is None and some[0].stays
            target = targets.target_of(some[0].step_id, old=old, new=new, chosen=chosen, stays=stays)
            yield from _of_people(some, target, old=old, new=new)
            yield from _of_texts(some, target, old=old, new=new)


def _of_people(some: Sequence[_Spot], target: Target, *, old: Flow, new: Flow) -> Iterator[str]:
    people, begun = sum(spot.people for spot in some), sum(spot.begun for spot in some)
    step = new.steps.get(target.step_id)
    if target.choice == Choice.LEAVE:
        yield ngettext("%(n)d leaves.", "%(n)d leave.", people) % {"n": people}
    elif target.choice == Choice.STAY:
        yield ngettext(
            "%(n)d goes on by version %(number)d to the end.",
            "%(n)d go on by version %(number)d to the end.",
            people,
        ) % {"n": people, "number": some[0].number}
    elif target.choice == Choice.MOVE and step is not None:
        had = sum(
            spot.had[step.id]
            for spot in some
            if spot.had[step.id]
            and step.id in targets.again(target, at=spot.step_id, old=old, new=new, before=spot.skips.split())
        )
        yield from _begin(people - had, step)
        if had:
            yield ngettext(
                "%(n)d had it already and goes on after it.",
                "%(n)d had it already and go on after it.",
                had,
            ) % {"n": had}
    elif step is None:
        yield ngettext("%(n)d is at the end.", "%(n)d are at the end.", people) % {"n": people}
    else:
        if begun and target.choice == Choice.RECOMPUTE:
            yield from _anew(begun, sum(spot.over for spot in some), step)
        elif begun:
            yield ngettext("%(n)d waits on as long as before.", "%(n)d wait on as long as before.", begun) % {
                "n": begun
            }
        yield from _begin(people - begun, step)


def _begin(people: int, step: Step) -> Iterator[str]:
    if people and step.kind == "send_message":
        yield ngettext(
            "%(n)d gets this text at once, or when your sending times and limits allow.",
            "%(n)d get this text at once, or when your sending times and limits allow.",
            people,
        ) % {"n": people}
    elif people:
        yield ngettext("%(n)d begins this step at once.", "%(n)d begin this step at once.", people) % {
            "n": people
        }


def _anew(people: int, over: int, step: Step) -> Iterator[str]:
    if not _is_so_long(step):
        yield ngettext(
            "%(n)d is looked at anew, and goes on at once if the wait is over by then.",
            "%(n)d are looked at anew, and go on at once where the wait is over by then.",
            people,
        ) % {"n": people}
        return
    if over:
        yield ngettext("%(n)d goes on at once.", "%(n)d go on at once.", over) % {"n": over}
    if people > over:
        later = people - over
        yield ngettext("%(n)d goes on later.", "%(n)d go on later.", later) % {"n": later}


def _of_texts(some: Sequence[_Spot], target: Target, *, old: Flow, new: Flow) -> Iterator[str]:
    """Tell what becomes of their texts in the outbox."""
    texts: Counter[str] = sum((spot.texts for spot in some), Counter())
    if target.choice == Choice.LEAVE:
        gone = texts.total()
    elif target.choice == Choice.STAY:
        gone = 0
    else:
        gone = sum(n for step_id, n in texts.items() if step_id in old.steps.keys() - new.steps.keys())
    if gone:
        yield ngettext(
            "%(n)d text that waits in the outbox is not sent.",
            "%(n)d texts that wait in the outbox are not sent.",
            gone,
        ) % {"n": gone}
    if goes := texts.total() - gone:
        yield ngettext(
            "%(n)d text that waits in the outbox still goes, in the words it has.",
            "%(n)d texts that wait in the outbox still go, in the words they have.",
            goes,
        ) % {"n": goes}
