"""What a walk decides, from flows and facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wagtail_drip.enrolments.effects import CancelPending, SendMessage, UpdateContact
from wagtail_drip.enrolments.facts import Facts, Needs, Seen
from wagtail_drip.enrolments.steps import base
from wagtail_drip.enrolments.steps.base import GoOn, Position, StepKind, UnknownStepKind, Wait
from wagtail_drip.enrolments.walk import (
    STEPS_PER_WALK,
    NoSuchStep,
    WaitsForNothing,
    needs_of,
    start_of,
    walk,
)
from wagtail_drip.events.conditions import Condition, EventTest
from wagtail_drip.sequences.flow import Flow, Path, Step, from_json

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDERED = EventTest(event="order_placed")
TRIGGER = Seen(id=1, name="cart_abandoned", properties={"total": "40.00"}, recorded_at=NOW)


def step(step_id: str, kind: str, following: str | None = None, **settings: Any) -> Step:
    return Step(id=step_id, kind=kind, settings=settings, next=following)


def flow(*steps: Step, **options: Any) -> Flow:
    made = Flow(
        trigger=None, start=steps[0].id if steps else None, steps={each.id: each for each in steps}, **options
    )
    return from_json(made.to_json())  # as it comes from a stored version


def facts(**known: Any) -> Facts:
    return Facts(**{"contact_id": 7, "since": NOW, "trigger": TRIGGER, **known})


def seen(name: str, *, minutes: float = 5, **properties: Any) -> Seen:
    return Seen(id=9, name=name, properties=properties, recorded_at=NOW + timedelta(minutes=minutes))


SEND_WAIT_SEND = flow(
    step("hello", "send_message", "pause", text_id=1),
    step("pause", "wait_duration", "again", amount=2, unit="hours"),
    step("again", "send_message", text_id=2),
)


def test_a_walk_goes_on_until_a_step_waits() -> None:
    walked = walk(SEND_WAIT_SEND, start_of(SEND_WAIT_SEND), facts(), NOW)

    assert walked.state == "waiting"
    assert walked.wake_at == NOW + timedelta(hours=2)
    assert walked.position == Position(step_id="pause", visit=2, entered_at=NOW)
    assert walked.effects == (SendMessage(step_id="hello", visit=1, text_id=1),)
    assert [(v.visit, v.step_id, v.left_at, v.is_new) for v in walked.visits] == [
        (1, "hello", NOW, True),
        (2, "pause", None, True),
    ]


def test_a_wait_that_is_not_over_stays_where_it_is_and_repeats_nothing() -> None:
    before = walk(SEND_WAIT_SEND, start_of(SEND_WAIT_SEND), facts(), NOW)

    again = walk(SEND_WAIT_SEND, before.position, facts(), NOW + timedelta(minutes=30))

    assert (again.position, again.wake_at, again.effects) == (before.position, before.wake_at, ())
    assert [visited.is_new for visited in again.visits] == [False]


def test_the_end_of_the_flow_completes_it() -> None:
    waiting = Position(step_id="pause", visit=2, entered_at=NOW)
    later = NOW + timedelta(hours=2)

    walked = walk(SEND_WAIT_SEND, waiting, facts(), later)

    assert (walked.state, walked.exit_reason, walked.wake_at) == ("completed", "", None)
    assert walked.position == Position(step_id="", visit=3)
    assert walked.effects == (SendMessage(step_id="again", visit=3, text_id=2),)
    assert [(v.step_id, v.entered_at, v.left_at, v.is_new) for v in walked.visits] == [
        ("pause", NOW, later, False),
        ("again", later, later, True),
    ]


def test_a_flow_without_steps_completes_at_once() -> None:
    assert walk(flow(), start_of(flow()), facts(), NOW).state == "completed"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        pytest.param((seen("order_placed"),), "goal_met", id="the goal happened"),
        pytest.param((seen("opted_out"),), "exit_rule", id="an exit rule holds"),
        pytest.param(
            (seen("opted_out"), seen("order_placed", minutes=9)), "goal_met", id="the goal outranks an exit"
        ),
        pytest.param((seen("order_placed", minutes=0),), None, id="at the trigger's own moment is not since"),
        pytest.param((seen("link_clicked"),), None, id="another event changes nothing"),
    ],
)
def test_goals_and_exits_are_asked_before_any_step(events: tuple[Seen, ...], reason: str | None) -> None:
    plan = replace(SEND_WAIT_SEND, goal=ORDERED, exits=(EventTest(event="opted_out"),))
    waiting = Position(step_id="pause", visit=2, entered_at=NOW)

    walked = walk(plan, waiting, facts(events=events), NOW + timedelta(hours=2))

    if reason is None:
        assert walked.state == "completed"
    else:
        assert (walked.state, walked.exit_reason) == ("exited", reason)
        assert walked.effects == (CancelPending(reason=reason),)
        assert walked.position == waiting


def test_leaving_early_says_which_rule_held_and_what_was_read() -> None:
    goal = EventTest(
        event="order_placed", conditions=(Condition(property="total", operator="at_least", value="20"),)
    )
    plan = replace(SEND_WAIT_SEND, goal=goal)
    events = (
        seen("order_placed", total="19.99"),
        seen("order_placed", total="20.00"),
        seen("order_placed", total="30"),
    )

    walked = walk(plan, Position(step_id="pause", visit=2, entered_at=NOW), facts(events=events), NOW)

    assert [decision.to_json() for decision in walked.decisions] == [
        {
            "step": "pause",
            "rule": {
                "name": "goal_met",
                "event": "order_placed",
                "conditions": [{"property": "total", "operator": "at_least", "value": "20"}],
            },
            "value": 2,
            "outcome": "yes",
            "since": NOW.isoformat(),
        }
    ]


@pytest.mark.parametrize("reason", ["erased", "replaced_by_reentry"])
def test_what_ends_every_run_ends_this_one(reason: str) -> None:
    walked = walk(SEND_WAIT_SEND, start_of(SEND_WAIT_SEND), facts(ended_because=reason), NOW)

    assert (walked.state, walked.exit_reason) == ("exited", reason)
    assert walked.effects == (CancelPending(reason=reason),)


def branching(test: dict[str, Any]) -> Flow:
    fork = Step(
        id="fork",
        kind="branch",
        settings={"test": test},
        paths=(Path(key="yes", label="Yes", start="thanks"), Path(key="no", label="No", start="end")),
    )
    return flow(fork, step("thanks", "send_message", "end", text_id=1), step("end", "goal"))


HAS_ORDERED = {"kind": "event", "event": "order_placed", "conditions": [], "negate": False, "since": "entry"}


@pytest.mark.parametrize(
    ("test", "events", "path", "value"),
    [
        pytest.param(HAS_ORDERED, (), "no", 0, id="has not ordered"),
        pytest.param(HAS_ORDERED, (seen("order_placed"),), "yes", 1, id="has ordered"),
        pytest.param({**HAS_ORDERED, "negate": True}, (), "yes", 0, id="asked whether not: has not"),
        pytest.param(
            {**HAS_ORDERED, "negate": True}, (seen("order_placed"),), "no", 1, id="asked whether not: has"
        ),
        pytest.param(
            {**HAS_ORDERED, "conditions": [{"property": "total", "operator": "at_least", "value": "50"}]},
            (seen("order_placed", total="49.00"),),
            "no",
            0,
            id="has ordered too little",
        ),
    ],
)
def test_a_branch_asks_what_happened_since_entering(
    test: dict[str, Any], events: tuple[Seen, ...], path: str, value: int
) -> None:
    plan = branching(test)

    walked = walk(plan, start_of(plan), facts(events=events), NOW)

    assert walked.visits[0].path == path
    assert walked.decisions[0].value == value
    assert [visited.step_id for visited in walked.visits] == (
        ["fork", "thanks", "end"] if path == "yes" else ["fork", "end"]
    )


@pytest.mark.parametrize(
    ("name", "operator", "value", "path"),
    [
        pytest.param("language", "is", "DE", "yes", id="a field of the contact"),
        pytest.param("contact.language", "is", "fr", "no", id="the same by its full name"),
        pytest.param("plan", "is", "gold", "yes", id="an attribute"),
        pytest.param("event.total", "at_least", "40", "yes", id="a property of the trigger"),
        pytest.param("event.coupon", "is_not_set", "", "yes", id="a property that is missing"),
        pytest.param("unheard_of", "is", "x", "no", id="an attribute that nobody set"),
    ],
)
def test_a_branch_tests_what_is_known(name: str, operator: str, value: str, path: str) -> None:
    plan = branching({"kind": "attribute", "property": name, "operator": operator, "value": value})
    known = facts(contact={"language": "de"}, attributes={"plan": "gold"})

    assert walk(plan, start_of(plan), known, NOW).visits[0].path == path


def test_a_branch_sees_what_an_earlier_step_of_the_same_walk_wrote() -> None:
    fork = branching({"kind": "attribute", "property": "tier", "operator": "is", "value": "vip"})
    write = step("write", "update_contact", "fork", field="attribute", attribute="tier", value="vip")
    plan = replace(fork, start="write", steps={"write": write, **fork.steps})

    walked = walk(plan, start_of(plan), facts(), NOW)

    assert walked.visits[1].path == "yes"
    assert walked.effects[0] == UpdateContact(field="attribute", attribute="tier", value="vip")


@pytest.mark.parametrize(
    ("kind", "state", "reason"), [("goal", "completed", "goal_met"), ("exit", "exited", "exit_rule")]
)
def test_a_last_step_ends_it_and_takes_back_no_text(kind: str, state: str, reason: str) -> None:
    plan = flow(
        step("hello", "send_message", "end", text_id=1), step("end", kind), step("never", "send_message")
    )

    walked = walk(plan, start_of(plan), facts(), NOW)

    assert (walked.state, walked.exit_reason) == (state, reason)
    assert walked.effects == (SendMessage(step_id="hello", visit=1, text_id=1),)


def test_a_loop_without_a_wait_fails_with_its_trace_and_sends_nothing() -> None:
    plan = flow(
        step("a", "send_message", "b", text_id=1),
        step("b", "update_contact", "a", field="language", value="de"),
    )

    walked = walk(plan, start_of(plan), facts(), NOW)

    assert (walked.state, walked.exit_reason, walked.effects) == ("failed", "error", ())
    assert len(walked.visits) == STEPS_PER_WALK
    assert walked.decisions[-1].rule == {"name": "bound", "steps": STEPS_PER_WALK}
    assert walked.decisions[-1].value == ["a", "b"] * 5


def test_a_step_that_the_version_does_not_have_is_an_error() -> None:
    with pytest.raises(NoSuchStep):
        walk(SEND_WAIT_SEND, Position(step_id="gone"), facts(), NOW)


def test_a_kind_that_is_not_installed_is_an_error() -> None:
    plan = flow(step("x", "teleport"))

    with pytest.raises(UnknownStepKind):
        walk(plan, start_of(plan), facts(), NOW)


def test_a_flow_needs_the_events_of_its_goal_its_exits_and_its_branches() -> None:
    plan = replace(
        branching(HAS_ORDERED), goal=EventTest(event="order_paid"), exits=(EventTest(event="opted_out"),)
    )

    assert needs_of(plan) == Needs(events=frozenset({"order_placed", "order_paid", "opted_out"}))


class Until(StepKind):
    """A site's own step that waits as its settings say."""

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> GoOn | Wait:
        if position.memory.get("asked") and facts.events:
            return GoOn()
        minutes = step.settings.get("minutes")
        until = None if minutes is None else now + timedelta(minutes=minutes)
        return Wait(until=until, event=step.settings.get("event", ""), memory={"asked": True})


@pytest.fixture
def _own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_registered", {})
    base.register("until", Until)


@pytest.mark.usefixtures("_own_step")
def test_a_sites_own_step_waits_for_an_event_and_remembers() -> None:
    plan = flow(step("own", "until", event="message_replied"))

    waiting = walk(plan, start_of(plan), facts(), NOW)
    woken = walk(plan, waiting.position, facts(events=(seen("message_replied"),)), NOW)

    assert (waiting.state, waiting.waits_for, waiting.wake_at) == ("waiting", "message_replied", None)
    assert waiting.position.memory == {"asked": True}
    assert woken.state == "completed"


@pytest.mark.usefixtures("_own_step")
@pytest.mark.parametrize(
    "settings",
    [pytest.param({}, id="for nothing"), pytest.param({"minutes": 0}, id="for a moment that has come")],
)
def test_a_step_may_not_wait_for_ever_or_for_the_past(settings: dict[str, Any]) -> None:
    plan = flow(step("own", "until", **settings))

    with pytest.raises(WaitsForNothing):
        walk(plan, start_of(plan), facts(), NOW)
