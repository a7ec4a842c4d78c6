"""What holds for every flow and every clock: no visit twice, no text twice, nobody left standing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.effects import SendMessage
from wagtail_drip.enrolments.facts import Facts, Seen
from wagtail_drip.enrolments.states import EnrolmentState, ExitReason
from wagtail_drip.enrolments.walk import start_of, walk
from wagtail_drip.events.conditions import EventTest
from wagtail_drip.sequences.flow import Flow, Path, Step

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
ENDED = {"completed", "exited", "failed"}
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]

SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "send_message": st.fixed_dictionaries({"text_id": st.integers(1, 9)}),
    "wait_duration": st.fixed_dictionaries(
        {"amount": st.integers(1, 5), "unit": st.sampled_from(["minutes", "hours", "days", "weeks"])}
    ),
    "wait_until_time": st.fixed_dictionaries(
        {
            "time": st.sampled_from(["00:00", "02:30", "09:00", "23:59"]),
            "weekdays": st.lists(st.integers(0, 6), max_size=3),
        }
    ),
    "wait_for_event": st.fixed_dictionaries(
        {
            "event": st.just("link_clicked"),
            "amount": st.integers(1, 5),
            "unit": st.sampled_from(["minutes", "hours", "days"]),
            "since": st.sampled_from(["entry", "here"]),
        }
    ),
    "wait_for_reply": st.fixed_dictionaries(
        {
            "how": st.sampled_from(["anything", "contains", "is"]),
            "words": st.just(["yes"]),
            "amount": st.integers(1, 5),
            "unit": st.sampled_from(["hours", "days"]),
            "since": st.sampled_from(["entry", "here"]),
        }
    ),
    "wait_until_date": st.fixed_dictionaries(
        {
            "source": st.just("attribute"),
            "property": st.just("birthday"),
            "anniversary": st.booleans(),
            "direction": st.sampled_from(["before", "on", "after"]),
            "amount": st.integers(0, 40),
            "unit": st.sampled_from(["hours", "days"]),
            "time": st.sampled_from(["", "02:30", "18:00"]),
            "when_past": st.sampled_from(["otherwise", "go_on", "exit"]),
            "when_missing": st.sampled_from(["otherwise", "exit"]),
        }
    ),
    "random_split": st.just({"ways": [{"key": "a", "weight": 1}, {"key": "b", "weight": 3}]}),
    "jump_to": st.fixed_dictionaries({"times": st.integers(1, 5)}),
    "update_contact": st.fixed_dictionaries(
        {"field": st.just("language"), "value": st.sampled_from(["de", "en"])}
    ),
    "branch": st.one_of(
        st.fixed_dictionaries(
            {
                "test": st.fixed_dictionaries(
                    {"kind": st.just("event"), "event": st.just("link_clicked"), "negate": st.booleans()}
                )
            }
        ),
        st.fixed_dictionaries(
            {"test": st.just({"kind": "attribute", "property": "language", "operator": "is", "value": "de"})}
        ),
    ),
    "goal": st.just({}),
    "exit": st.just({"reason": "enough"}),
}


PATHS = {
    "branch": ("yes", "no"),
    "wait_until_date": ("reached", "otherwise"),
    "random_split": ("a", "b"),
    "jump_to": ("jump",),
    "wait_for_event": ("happened", "timed_out"),
    "wait_for_reply": ("happened", "timed_out"),
}


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """Any graph of steps, with loops and dead ends that no editor could write."""
    ids = [f"s{n}" for n in range(draw(st.integers(1, 8)))]
    onward = st.sampled_from([*ids, None])
    steps = {}
    for step_id in ids:
        kind = draw(st.sampled_from(sorted(SETTINGS)))
        paths = ()
        if kind in PATHS:
            paths = tuple(Path(key=key, label=key, start=draw(onward)) for key in PATHS[kind])
        steps[step_id] = Step(
            id=step_id, kind=kind, settings=draw(SETTINGS[kind]), paths=paths, next=draw(onward)
        )
    goal = draw(st.sampled_from([None, EventTest(event="order_placed")]))
    return Flow(trigger=None, goal=goal, start=ids[0], steps=steps)


@given(
    flow=flows(),
    zone=st.sampled_from(ZONES),
    birthday=st.sampled_from(["2026-03-29", "1988-10-25", "04-01", "never", None]),
    happened=st.lists(
        st.tuples(st.sampled_from(["order_placed", "link_clicked", "message_replied"]), st.integers(1, 100)),
        max_size=4,
    ),
    late=st.lists(st.integers(0, 3000), min_size=12, max_size=12),
)
def test_every_walk_ends_or_waits_for_a_moment_to_come_and_visits_are_numbered_once(
    flow: Flow, zone: str, birthday: str | None, happened: list[tuple[str, int]], late: list[int]
) -> None:
    events = [
        Seen(id=n, name=name, recorded_at=NOW + timedelta(hours=hours))
        for n, (name, hours) in enumerate(happened)
    ]
    position, now, contact = start_of(flow), NOW, {"language": "en"}
    numbered: list[int] = []
    texts: list[int] = []
    for delay in late:
        facts = Facts(
            contact_id=1,
            contact=contact,
            attributes={"birthday": birthday},
            zone=zone,
            since=NOW,
            events=tuple(seen for seen in events if seen.recorded_at <= now),
        )
        before = position.visit

        walked = walk(flow, position, facts, now)

        numbered += [visited.visit for visited in walked.visits if visited.is_new]
        texts += [effect.visit for effect in walked.effects if isinstance(effect, SendMessage)]
        assert walked.position.visit >= before
        assert walked.state in {"waiting", *ENDED}
        if walked.has_ended:
            assert walked.wake_at is None
            break
        assert walked.wake_at is not None
        assert walked.wake_at > now
        assert walked.position.step_id in flow.steps
        position, now = walked.position, walked.wake_at + timedelta(minutes=delay)
    assert numbered == sorted(set(numbered))
    assert texts == sorted(set(texts))
    assert set(texts) <= set(numbered)


def test_walks_and_rows_speak_of_the_same_states_and_reasons() -> None:
    # walk.py is pure and so cannot import the states, which stand on Django.
    assert {"waiting", *ENDED} <= {str(state) for state in EnrolmentState}
    assert {"goal_met", "exit_rule", "error", "erased", "replaced_by_reentry"} <= {str(r) for r in ExitReason}
