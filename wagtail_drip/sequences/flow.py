"""The compiled plan of a sequence: what a version stores as JSON and ``walk`` reads. Pure.

A flow is a graph of steps by their stable ids. A step that ends hands on to ``next``; a step with paths
(a branch) hands on to the first step of the path it chose, and the last step of a path to what follows
the branch: compiling has already resolved that, so the walker never looks at nesting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from wagtail_drip.events.conditions import EventTest, test_from_json, test_to_json
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.triggers import Timed

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Path:
    """One way out of a step, by its own key: never by its place, which editing may change."""

    key: str
    label: str
    start: str | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One node. *settings* is plain JSON that only the step's own kind reads."""

    id: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    next: str | None = None

    def path(self, key: str) -> Path | None:
        return next((path for path in self.paths if path.key == key), None)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    Who may come in, and how often.

    :ivar reentry: never, after_days or always.
    :ivar keyed: runs go side by side per object (order, cart).
    :ivar most: so many entries per hour or day (*per*); 0 for any number.
    :ivar excess: what becomes of who does not fit: wait or refuse.
    :ivar existing_days: also those to whom the trigger happened in so many days before; 0 for only future ones.
    :ivar tag: of an event's trigger: it lets in only who has this tag when it is read; '' for everybody.
    :ivar segment: of an event's trigger: only who is in this segment then; 0 for everybody.
    :ivar without_tags: of an event's trigger: nobody who has one of them then.
    :ivar without_segments: nor who is in one of these.
    """

    reentry: str = "never"
    days: int = 0
    keyed: bool = False
    most: int = 0
    per: str = "day"
    excess: str = "wait"
    existing_days: int = 0
    tag: str = ""
    segment: int = 0
    without_tags: tuple[str, ...] = ()
    without_segments: tuple[int, ...] = ()

    @property
    def segments(self) -> frozenset[int]:
        """Return the segments that must be counted before anybody knows whom an event lets in."""
        return frozenset({self.segment, *self.without_segments} - {0})

    @property
    def is_for_some(self) -> bool:
        return bool(self.tag or self.without_tags or self.segments)

    def is_for(self, *, tags: Collection[str], segments: Collection[int]) -> bool:
        """Tell whether an event lets in somebody with these tags, and of the segments asked for in these."""
        if (self.tag and self.tag not in tags) or (self.segment and self.segment not in segments):
            return False
        return not (set(self.without_tags) & set(tags) or set(self.without_segments) & set(segments))

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        for name in ("tag", "segment", "without_tags", "without_segments"):
            # As it was written before there was such a field, so that older code reads what does not use it.
            if not (value := found.pop(name)):
                continue
            found[name] = list(value) if isinstance(value, tuple) else value
        return found


@dataclass(frozen=True, kw_only=True)
class Flow:
    trigger: EventTest | None
    timed: Timed | None = None
    entry: Entry = Entry()
    priority: int = 0  # 1 is high, -1 low: what goes first in a lane and under a cap
    goal: EventTest | None = None
    exits: tuple[EventTest, ...] = ()
    purpose: str = "promotional"
    topic: str = ""
    start: str | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)

    @cached_property
    def follows(self) -> tuple[Mapping[str, Any], ...]:
        """Return what its waits for a date of the trigger follow: the key, and the events that move or cancel it."""
        return tuple(step.settings["follow"] for step in self.steps.values() if step.settings.get("follow"))

    def past(self, step_id: str, skips: Collection[str]) -> str:
        """Return where one who goes on at *step_id* comes to, passing over *skips*; '' for the end."""
        seen: set[str] = set()
        while step_id in skips and step_id in self.steps and step_id not in seen:
            seen.add(step_id)
            step_id = self.steps[step_id].next or ""
        return "" if step_id in seen else step_id

    @property
    def trigger_name(self) -> str:
        """Return what it is found by when something may start it; '' where only people let others in."""
        if self.trigger is not None:
            return self.trigger.event
        return self.timed.name if self.timed is not None else ""

    @property
    def looks_back(self) -> dict[str, Any] | None:
        """Return what of the past lets people in when it is published; None for nothing."""
        if self.trigger is None or not self.entry.existing_days:
            return None
        return {"kind": "existing", "trigger": test_to_json(self.trigger), "days": self.entry.existing_days}

    @property
    def is_sent_once(self) -> bool:
        return self.timed is not None and self.timed.kind == triggers.ONCE

    def in_order(self) -> Iterator[Step]:
        """Yield the steps as an editor reads them, top to bottom."""
        return iter(self.steps.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "trigger": test_to_json(self.trigger),
            "timed": self.timed.to_json() if self.timed is not None else None,
            "entry": self.entry.to_json(),
            "priority": self.priority,
            "goal": test_to_json(self.goal),
            "exits": [test_to_json(test) for test in self.exits],
            "purpose": self.purpose,
            "topic": self.topic,
            "start": self.start,
            # A list keeps the order through databases that sort the keys of JSON objects.
            "steps": [
                {
                    "id": step.id,
                    "kind": step.kind,
                    "settings": dict(step.settings),
                    "paths": [{"key": p.key, "label": p.label, "start": p.start} for p in step.paths],
                    "next": step.next,
                }
                for step in self.steps.values()
            ],
        }


def _entry(raw: Mapping[str, Any]) -> Entry:
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    return Entry(**found)


def from_json(raw: Mapping[str, Any]) -> Flow:
    """Return the flow that a version stored; the inverse of ``Flow.to_json``."""
    steps = [
        Step(
            id=node["id"],
            kind=node["kind"],
            settings=node["settings"],
            paths=tuple(Path(key=p["key"], label=p["label"], start=p["start"]) for p in node["paths"]),
            next=node["next"],
        )
        for node in raw["steps"]
    ]
    exits = (test_from_json(test) for test in raw["exits"])
    return Flow(
        trigger=test_from_json(raw["trigger"]),
        timed=triggers.from_json(raw.get("timed")),
        entry=_entry(raw["entry"]),
        priority=raw.get("priority", 0),
        goal=test_from_json(raw["goal"]),
        exits=tuple(test for test in exits if test is not None),
        purpose=raw["purpose"],
        topic=raw["topic"],
        start=raw["start"],
        steps={step.id: step for step in steps},
    )
