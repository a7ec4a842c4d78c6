"""Who stands where in a sequence, and what publishing its draft would do to them: what the plan page shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from wagtail_drip.content.models import PinnedText
from wagtail_drip.enrolments import targets
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.flow import Flow, Step
from wagtail_drip.sequences.models import SequenceVersion

BY_ITSELF = ""
_MOVE = "move:"


@dataclass(frozen=True, kw_only=True)
class Group:
    """
    People who stand at one step of one older version.

    :ivar stay: how many of them an earlier choice left on that version.
    :ivar options: values and labels of a select, in groups; the first is what happens by itself.
    """

    name: str
    version_id: int
    version: int
    step_id: str
    step: str
    people: int
    stay: int
    options: list[tuple[str, list[tuple[str, str]]]]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    :ivar taken_back: texts in the outbox of steps that the draft no longer has, of people who would move.
    """

    groups: list[Group] = field(default_factory=list)
    kept: int = 0
    moved: int = 0
    left: int = 0
    stay: int = 0
    taken_back: int = 0

    @property
    def inside(self) -> int:
        return sum(group.people for group in self.groups)


def standing(sequence_id: int, new: Flow) -> Standing:
    """Return who stands where and what *new* would do to them, in a fixed number of queries."""
    rows = list(
        Enrolment.objects.filter(sequence_id=sequence_id, running=1)
        .order_by()
        .values("version_id", "step_id", number=F("version__number"))
        .annotate(
            people=Count("pk"),
            stay=Count("pk", filter=Q(decided_for__gt=F("version__number"))),
        )
    )
    flows = sequences.flows({row["version_id"] for row in rows})
    labels = names_of([new, *flows.values()])
    order = {pk: [step.id for step in flow.in_order()] for pk, flow in flows.items()}
    rows.sort(key=lambda row: (row["number"], _place(order[row["version_id"]], row["step_id"])))
    groups: list[Group] = []
    counted = dict.fromkeys(Choice, 0)
    for row in rows:
        old, step_id, people, stay = flows[row["version_id"]], row["step_id"], row["people"], row["stay"]
        target = targets.target_of(step_id, old=old, new=new, stays=stay == people)
        counted[Choice.STAY] += stay
        if stay < people:
            counted[target.choice] += people - stay
        groups.append(
            Group(
                name=f"{row['version_id']}:{step_id}",
                version_id=row["version_id"],
                version=row["number"],
                step_id=step_id,
                step=label_at(step_id, old, labels),
                people=people,
                stay=stay,
                options=_options(step_id, old, new, target, labels, some_stay=stay > 0),
            )
        )
    removed = {step for flow in flows.values() for step in flow.steps} - set(new.steps)
    return Standing(
        groups=groups,
        kept=counted[Choice.KEEP],
        moved=counted[Choice.MOVE],
        left=counted[Choice.LEAVE],
        stay=counted[Choice.STAY],
        taken_back=_waiting_texts(sequence_id, removed) if removed else 0,
    )


def _place(order: list[str], step_id: str) -> int:
    return order.index(step_id) if step_id in order else len(order)


def _waiting_texts(sequence_id: int, steps: Collection[str]) -> int:
    return Message.objects.filter(sequence_id=sequence_id, step_id__in=steps, state__in=PENDING).count()


def is_change(sequence_id: int, new: Flow) -> bool:
    """Tell whether people are inside whom publishing *new* would touch."""
    current = SequenceVersion.objects.filter(sequence_id=sequence_id).order_by("-number").first()
    if current is None or (current.flow == new.to_json() and current.undone_at is None):
        return False
    return Enrolment.objects.filter(sequence_id=sequence_id, running=1).exists()


def read_choices(posted: Mapping[str, Any], found: Standing) -> dict[tuple[int, str], Chosen]:
    """Return what was chosen for the groups that there are; what was not offered is not taken."""
    chosen: dict[tuple[int, str], Chosen] = {}
    for group in found.groups:
        value = str(posted.get(group.name) or "")
        offered = {option for _label, options in group.options for option, _words in options}
        what = chosen_of(value) if value in offered else None
        if what is not None:
            chosen[group.version_id, group.step_id] = what
    return chosen


def chosen_of(value: str) -> Chosen | None:
    """Return what an option of a group's select stands for; None for what happens by itself."""
    if value == BY_ITSELF:
        return None
    if value.startswith(_MOVE):
        return Chosen(choice=Choice.MOVE, to=value.removeprefix(_MOVE))
    return Chosen(choice=Choice(value))


def _in_words(target: targets.Target, new: Flow, labels: Mapping[str, str]) -> str:
    if target.choice == Choice.STAY:
        return _("Stay on their version, as chosen before")
    if target.choice == Choice.LEAVE:
        return _("Leave, for no step is left after theirs")
    if target.choice == Choice.MOVE:
        return _("Go on at %(step)s") % {"step": label_at(target.step_id, new, labels)}
    return _("Same step, same wait")


def _options(
    step_id: str, old: Flow, new: Flow, target: targets.Target, labels: Mapping[str, str], *, some_stay: bool
) -> list[tuple[str, list[tuple[str, str]]]]:
    here: list[tuple[str, str]] = [(BY_ITSELF, _in_words(target, new, labels))]
    if targets.survives(step_id, old=old, new=new):
        if target.choice != Choice.KEEP or some_stay:
            here.append((Choice.KEEP.value, _("Same step, same wait, by the new version")))
        if targets.can_recompute(step_id, old) and targets.can_recompute(step_id, new):
            here.append((Choice.RECOMPUTE.value, _("Same step, count the wait anew")))
    if target.choice != Choice.STAY:
        here.append((Choice.STAY.value, _("Stay on their version to the end")))
    if target.choice != Choice.LEAVE:
        here.append((Choice.LEAVE.value, _("Leave the sequence")))
    onward = [
        (f"{_MOVE}{step.id}", label_at(step.id, new, labels))
        for step in new.in_order()
        if step.id not in (step_id, target.step_id if target.choice == Choice.MOVE else "")
    ]
    return [("", here), (_("Go on at"), onward)] if onward else [("", here)]


def label_at(step_id: str, flow: Flow, labels: Mapping[str, str]) -> str:
    """Return a step's number and what it does, as "2. Wait (2 days later)"."""
    if not step_id:
        return _("At the end")
    order = [step.id for step in flow.in_order()]
    if step_id not in order:
        return _("A step that is gone")
    return f"{order.index(step_id) + 1}. {labels[_key(flow.steps[step_id])]}"


def _key(step: Step) -> str:
    return f"{step.kind}:{sorted(step.settings.items(), key=str)}"


def names_of(flows: Collection[Flow]) -> dict[str, str]:
    """Return what the steps of these flows do, in words, by kind and settings: one query for all texts."""
    steps = {_key(step): step for flow in flows for step in flow.steps.values()}
    ids = [step.settings["text_id"] for step in steps.values() if step.settings.get("text_id")]
    texts = dict(PinnedText.objects.filter(pk__in=ids).values_list("pk", "source"))
    return {key: _name(step, texts) for key, step in steps.items()}


def _name(step: Step, texts: Mapping[int, str]) -> str:
    block = blocks.step_blocks().get(step.kind)
    if block is None:
        return step.kind
    name = block.name_of_kind()
    text = str(step.settings.get("name") or "") or texts.get(step.settings.get("text_id") or 0, "")
    if text:
        return f"{name}: {Truncator(' '.join(text.split())).chars(40)}"
    if block.branches:
        return name  # One with paths needs all their streams before it can say more.
    try:
        made = block()
        said = made.in_words(made.to_python(dict(step.settings)))
    except (KeyError, TypeError, ValueError):
        return name  # A version may be older than the block's words.
    return f"{name} ({said})" if said and said != name else name
