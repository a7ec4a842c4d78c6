"""Going by chance and going back: the same person always the same way, and nobody round for ever."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.effects import SendMessage
from wagtail_drip.enrolments.facts import Facts, Needs
from wagtail_drip.enrolments.steps.random_split import chosen, drawn
from wagtail_drip.enrolments.walk import facts_after, needs_of, start_of, walk
from wagtail_drip.sequences import jumps
from wagtail_drip.sequences.flow import Flow, Path, Step, from_json

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALVES = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1}]


def splitting(*weights: int, step_id: str = "split") -> Flow:
    keys = [f"way{n}" for n in range(len(weights))]
    split = Step(
        id=step_id,
        kind="random_split",
        settings={"ways": [{"key": key, "weight": w} for key, w in zip(keys, weights, strict=True)]},
        paths=tuple(Path(key=key, label=key, start="end") for key in keys),
    )
    made = Flow(trigger=None, start=step_id, steps={step_id: split, "end": Step(id="end", kind="exit")})
    return from_json(made.to_json())


def path_of(plan: Flow, person: int, **known: Any) -> str:
    facts = Facts(**{"contact_id": person, "entered_as": person, "since": NOW, **known})
    return walk(plan, start_of(plan), facts, NOW).visits[0].path


def test_people_are_spread_by_the_shares() -> None:
    counted = Counter(path_of(splitting(70, 20, 10), person) for person in range(4000))

    assert counted["way0"] == pytest.approx(2800, abs=120)
    assert counted["way1"] == pytest.approx(800, abs=100)
    assert counted["way2"] == pytest.approx(400, abs=80)


def test_two_splits_of_one_person_have_nothing_to_do_with_each_other() -> None:
    both = Counter(
        (path_of(splitting(1, 1, step_id="x"), person), path_of(splitting(1, 1, step_id="y"), person))
        for person in range(4000)
    )

    assert len(both) == 4
    assert all(n == pytest.approx(1000, abs=130) for n in both.values())


@given(person=st.integers(1, 10**9), weights=st.lists(st.integers(1, 1000), min_size=2, max_size=5))
def test_the_same_person_always_goes_the_same_way(person: int, weights: list[int]) -> None:
    plan = splitting(*weights)

    # Again, years later, from a replay without an enrolment, and after being merged into somebody else.
    assert {
        path_of(plan, person),
        path_of(plan, person, since=NOW - timedelta(days=999)),
        path_of(plan, person, entered_as=0),
        path_of(plan, 5, entered_as=person),
    } == {path_of(plan, person)}


@given(
    share=st.floats(0, 1, exclude_max=True), weights=st.lists(st.integers(1, 1000), min_size=1, max_size=5)
)
def test_every_number_falls_into_exactly_one_way(share: float, weights: list[int]) -> None:
    ways = [{"key": str(n), "weight": w} for n, w in enumerate(weights)]
    before = sum(weights[: int(chosen(ways, share))]) / sum(weights)
    after = sum(weights[: int(chosen(ways, share)) + 1]) / sum(weights)

    assert before <= share + 1e-9
    assert share < after + 1e-9


def test_the_draw_does_not_depend_on_the_machine() -> None:
    # Pinned: another number here would send everybody inside another way.
    assert drawn(person=7, step_id="split") == pytest.approx(0.40583972329091006)
    assert chosen(HALVES, 0.49999) == "a"
    assert chosen(HALVES, 0.5) == "b"


def going_round(times: int = 2, kind: str = "wait_duration") -> Flow:
    steps = [
        Step(id="hello", kind="send_message", settings={"text_id": 1}, next="pause"),
        Step(id="pause", kind=kind, settings={"amount": 1, "unit": "days"}, next="again"),
        Step(
            id="again",
            kind="jump_to",
            settings={"times": times},
            paths=(Path(key="jump", label="jump", start="hello"),),
            next="bye",
        ),
        Step(id="bye", kind="send_message", settings={"text_id": 2}),
    ]
    made = Flow(trigger=None, start="hello", steps={each.id: each for each in steps})
    return from_json(made.to_json())


def journey(plan: Flow) -> tuple[list[int], str]:
    """Walk to the end, counting passes as rows would; return the texts and the last state."""
    facts, position, now = Facts(contact_id=7, since=NOW), start_of(plan), NOW
    texts: list[int] = []
    numbers: list[int] = []
    while True:
        walked = walk(plan, position, facts, now)
        texts += [e.text_id for e in walked.effects if isinstance(e, SendMessage) and e.text_id]
        numbers += [visited.visit for visited in walked.visits if visited.is_new]
        facts = facts_after(walked, facts)
        if walked.has_ended:
            assert numbers == sorted(set(numbers))
            return texts, walked.state
        assert walked.wake_at is not None
        assert walked.wake_at > now
        position, now = walked.position, walked.wake_at


@pytest.mark.parametrize("times", [1, 2, 7])
def test_one_goes_round_so_many_times_and_then_on(times: int) -> None:
    assert journey(going_round(times)) == ([1] * (times + 1) + [2], "completed")


def test_nobody_goes_round_more_often_than_a_hundred_times_whatever_the_flow_says() -> None:
    texts, state = journey(going_round(100_000))

    assert (texts.count(1), texts.count(2), state) == (101, 1, "completed")


def test_a_jump_asks_how_often_one_came_by() -> None:
    assert needs_of(going_round()) == Needs(passed=frozenset({"jump_to"}), zone=True)


WAITS = frozenset({"wait_duration"})


def test_a_jump_over_a_wait_is_fine() -> None:
    assert list(jumps.faults(going_round().steps, {"again": "hello"}, WAITS)) == []


def test_a_jump_onward_is_fine() -> None:
    steps = dict(going_round(kind="update_contact").steps)

    assert list(jumps.faults(steps, {"hello": "bye"}, WAITS)) == []


def test_a_jump_back_without_a_wait_on_the_way_goes_round_for_ever() -> None:
    plan = going_round(kind="update_contact")

    assert list(jumps.faults(plan.steps, {"again": "hello"}, WAITS)) == [("again", "endless")]


def test_a_jump_to_itself_goes_round_for_ever() -> None:
    assert list(jumps.faults(going_round().steps, {"again": "again"}, WAITS)) == [("again", "endless")]


def test_a_jump_to_a_step_that_is_gone() -> None:
    assert list(jumps.faults(going_round().steps, {"again": "gone"}, WAITS)) == [("again", "missing")]


def test_one_way_without_a_wait_is_enough_to_go_round() -> None:
    fork = Step(
        id="fork",
        kind="branch",
        paths=(Path(key="yes", label="", start="pause"), Path(key="no", label="", start="back")),
        next="back",
    )
    pause = Step(id="pause", kind="wait_duration", next="back")
    back = Step(id="back", kind="jump_to", paths=(Path(key="jump", label="", start="fork"),), next=None)
    steps = {each.id: each for each in (fork, pause, back)}

    assert list(jumps.faults(steps, {"back": "fork"}, WAITS)) == [("back", "endless")]
