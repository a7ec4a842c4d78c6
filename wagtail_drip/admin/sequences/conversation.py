"""
A sequence as the conversation somebody would have with it.

``enrolments.walk`` decides, as it does for everybody: this goes through the flow with an invented
enrolment, jumping to each moment it waits for, and draws where it came. A path that this person would not
take is walked from its own first step on, so that it can be looked at too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wagtail_drip.admin.preview.bubbles import Bubble, bubble
from wagtail_drip.admin.preview.people import Person
from wagtail_drip.compliance import sensitive_words
from wagtail_drip.compliance.sensitive_words import WordList
from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.enrolments import walk
from wagtail_drip.enrolments.effects import ANSWERED
from wagtail_drip.enrolments.facts import Answer, Facts, Seen
from wagtail_drip.enrolments.steps.base import Position
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.sequences import compile as compiling
from wagtail_drip.sequences import starts
from wagtail_drip.sequences.blocks import tree
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence

# Walks of one preview: every wait is one, and every path not taken begins another.
MOST_WALKS = 600


@dataclass(frozen=True, kw_only=True)
class Option:
    key: str
    label: str
    is_chosen: bool
    rows: list[Row]


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    One thing in the conversation: a text, a wait, a branch, or an end.

    :ivar kind: the step's kind.
    :ivar at: when the person would be there; None where nobody comes.
    :ivar until: when a wait is over.
    :ivar waits: whether one may stand here for a while.
    :ivar words: what the step does, in words; '' for a text.
    """

    kind: str
    step_id: str
    number: str
    at: datetime | None = None
    until: datetime | None = None
    words: str = ""
    waits: bool = False
    bubble: Bubble | None = None
    needs_opt_out: bool = False
    options: list[Option] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    rows: list[Row]
    segments: int  # of the way this person would go
    zone: str


@dataclass(kw_only=True)
class _Journey:
    """Where somebody came, and when: step id → moments, branch id → the path taken."""

    entered: dict[str, datetime] = field(default_factory=dict)
    left: dict[str, datetime] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    walks: int = 0


def conversation(
    sequence: Sequence,
    person: Person,
    *,
    now: datetime,
    words: tuple[WordList, ...] = sensitive_words.LISTS,
) -> Conversation:
    """
    Return the conversation as it would go if it began *now* and the person did nothing.

    :param words: the lists of sensitive words, as the shop has changed them.
    """
    places = list(tree.places(sequence.steps))
    flow, texts = compiling.plan(sequence)
    unfinished = {
        place.child.id
        for place in places
        if any(
            fault.level == "error" and not _has_text(place)
            for fault in place.child.block.faults(
                place.child.value, trigger_event=starts.heard_event(sequence)
            )
        )
    }
    passable = _around(flow, unfinished)
    facts = _facts(sequence, person, now=now)
    main = _Journey()
    _go(passable, walk.start_of(passable), facts, now, main)
    everywhere = _Journey(entered=dict(main.entered), left=dict(main.left), taken=dict(main.taken))
    _go_the_other_ways(passable, facts, everywhere)
    builder = _Builder(sequence=sequence, person=person, texts=texts, journey=everywhere, words=words)
    rows = builder.rows(sequence.steps)
    return Conversation(rows=rows, segments=_segments(rows, main), zone=person.zone)


def _segments(rows: list[Row], main: _Journey) -> int:
    """Add up what the texts cost on the way that this person would go."""
    total = 0
    for row in rows:
        if row.bubble is not None and row.step_id in main.entered:
            total += row.bubble.segments
        total += sum(_segments(option.rows, main) for option in row.options)
    return total


def _has_text(place: tree.Place) -> bool:
    """Texts can always be walked past, whatever is wrong with them; their bubble says what it is."""
    return bool(place.child.block.texts(place.child.value))


def _facts(sequence: Sequence, person: Person, *, now: datetime) -> Facts:
    trigger = (
        Seen(id=0, name=event, properties=person.event, recorded_at=now)
        if (event := starts.heard_event(sequence))
        else None
    )
    return Facts(
        contact_id=person.contact_id or 0,
        contact=person.contact,
        attributes=person.attributes,
        zone=person.zone,
        trigger=trigger,
        since=now,
        sequence_id=sequence.pk or 0,
    )


def _around(flow: Flow, unfinished: set[str]) -> Flow:
    """Return the flow that goes around steps which cannot run yet; a branch is left in, to show its paths."""

    def target(step_id: str | None) -> str | None:
        while step_id is not None and step_id in unfinished and not flow.steps[step_id].paths:
            step_id = flow.steps[step_id].next
        return step_id

    steps = {
        step.id: replace(
            step,
            next=target(step.next),
            paths=tuple(replace(path, start=target(path.start)) for path in step.paths),
        )
        for step in flow.steps.values()
    }
    return replace(flow, start=target(flow.start), steps=steps)


def _go(flow: Flow, position: Position, facts: Facts, now: datetime, journey: _Journey) -> None:
    """Walk to the end, each time at the moment that the walk before asked for. What was seen first stays."""
    while journey.walks < MOST_WALKS:
        journey.walks += 1
        try:
            walked = walk.walk(flow, position, facts, now)
        except WagtailDripError:
            return  # a kind of step that the engine does not have: what is known so far is shown
        for visited in walked.visits:
            journey.entered.setdefault(visited.step_id, visited.entered_at)
            if visited.left_at is not None:
                journey.left.setdefault(visited.step_id, visited.left_at)
            if visited.path:
                journey.taken.setdefault(visited.step_id, visited.path)
        facts = walk.facts_after(walked, facts)
        if walked.waits_for == ANSWERED:
            # Another system answers in a moment; what, nobody knows before.
            facts = replace(facts, answers={**facts.answers, walked.position.visit: Answer(name="")})
            position = walked.position
            continue
        if walked.has_ended or walked.wake_at is None:
            return
        journey.left.setdefault(walked.position.step_id, walked.wake_at)
        position, now = walked.position, walked.wake_at


def _go_the_other_ways(flow: Flow, facts: Facts, journey: _Journey) -> None:
    """Walk the paths that were not taken, those inside them too."""
    done: set[str] = set()
    while waiting := [step_id for step_id in journey.entered if step_id not in done]:
        for step_id in waiting:
            done.add(step_id)
            step = flow.steps.get(step_id)
            for path in step.paths if step else ():
                is_elsewhere = path.key != journey.taken.get(step_id)
                if is_elsewhere and path.start is not None and path.start not in journey.entered:
                    start = Position(step_id=path.start)
                    _go(flow, start, facts, journey.entered[step_id], journey)


@dataclass(kw_only=True)
class _Builder:
    sequence: Sequence
    person: Person
    texts: dict[str, dict[str, str]]
    journey: _Journey
    words: tuple[WordList, ...]
    has_texted: bool = False

    def rows(self, stream: Any, prefix: str = "") -> list[Row]:
        return list(self._rows(stream, prefix))

    def _rows(self, stream: Any, prefix: str) -> Iterator[Row]:
        for position, child in enumerate(stream, start=1):
            number = f"{prefix}{position}"
            row = Row(
                kind=child.block.name,
                step_id=child.id,
                number=number,
                at=self.journey.entered.get(child.id),
                until=self.journey.left.get(child.id),
                words=child.block.in_words(child.value),
                waits=child.block.waits,
            )
            sources = list(self.texts[child.id].values())
            if sources:
                yield self._text(row, child, sources[0])
            else:
                yield replace(row, options=self._options(child, number))

    def _text(self, row: Row, child: Any, source: str) -> Row:
        purpose = child.value.get("purpose") or self.sequence.purpose
        is_first, self.has_texted = not self.has_texted, True
        return replace(
            row,
            words="",
            bubble=bubble(
                source,
                self.person.variables,
                place=self.person.place,
                track_links=child.value.get("track_links", True),
                words=self.words,
            ),
            needs_opt_out=is_first and group_of(purpose) == PurposeGroup.MARKETING,
        )

    def _options(self, child: Any, number: str) -> list[Option]:
        ways = child.block.ways(child.value)
        taken = self.journey.taken.get(child.id)
        if taken not in {way.key for way in ways}:
            taken = ways[0].key if ways else ""
        has_texted, options, texted = self.has_texted, [], []
        for way in ways:
            # Each path is the first text's place, if none came before the branch.
            self.has_texted = has_texted
            rows = self.rows(way.steps, f"{number}.{way.number}")
            texted.append(self.has_texted)
            options.append(Option(key=way.key, label=str(way.name), is_chosen=way.key == taken, rows=rows))
        self.has_texted = all(texted) if ways else has_texted
        return options
