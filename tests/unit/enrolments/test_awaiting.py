"""Waiting for an event or a reply: what counts, from when, until when, and which way it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.facts import Facts, Seen
from wagtail_drip.enrolments.steps.base import Position
from wagtail_drip.enrolments.walk import needs_of, start_of, walk
from wagtail_drip.sequences.flow import Flow, Path, Step, from_json
from wagtail_drip.sequences.replies import says, words_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENTERED = NOW - timedelta(hours=3)
UNTIL = NOW + timedelta(hours=2)


def flow(kind: str, **settings: Any) -> Flow:
    wait = Step(
        id="wait",
        kind=kind,
        settings={"amount": 2, "unit": "hours", "since": "here", **settings},
        paths=(
            Path(key="happened", label="Happened", start="thanks"),
            Path(key="timed_out", label="Timed out", start="nudge"),
        ),
    )
    thanks = Step(id="thanks", kind="send_message", settings={"text_id": 1})
    nudge = Step(id="nudge", kind="send_message", settings={"text_id": 2})
    made = Flow(trigger=None, start="wait", steps={each.id: each for each in (wait, thanks, nudge)})
    return from_json(made.to_json())


FOR_AN_ORDER = flow("wait_for_event", event="order_placed")
WAITING = Position(step_id="wait", visit=1, entered_at=NOW)


def ordered(moment: datetime, **properties: Any) -> Seen:
    return Seen(id=9, name="order_placed", properties=properties, recorded_at=moment)


def replied(text: str, moment: datetime = NOW + timedelta(minutes=5)) -> Seen:
    return Seen(id=9, name="message_replied", properties={"text": text}, recorded_at=moment)


def facts(*events: Seen) -> Facts:
    return Facts(contact_id=7, since=ENTERED, events=events)


def test_it_waits_for_the_event_and_for_the_end_of_its_patience() -> None:
    walked = walk(FOR_AN_ORDER, start_of(FOR_AN_ORDER), facts(), NOW)

    assert (walked.state, walked.waits_for, walked.wake_at) == ("waiting", "order_placed", UNTIL)
    assert walked.effects == ()


@pytest.mark.parametrize(
    ("events", "looked_at", "path"),
    [
        pytest.param((), UNTIL, "timed_out", id="nothing happened"),
        pytest.param(
            (ordered(NOW + timedelta(hours=1)),), NOW + timedelta(hours=1), "happened", id="in time"
        ),
        pytest.param((ordered(UNTIL),), UNTIL, "happened", id="at the last moment"),
        pytest.param(
            (ordered(NOW + timedelta(hours=1)),),
            NOW + timedelta(days=3),
            "happened",
            id="in time, but every worker was down until long after",
        ),
        pytest.param(
            (ordered(UNTIL + timedelta(seconds=1)),),
            UNTIL + timedelta(minutes=1),
            "timed_out",
            id="too late, and found by a late worker together with the end of the wait",
        ),
        pytest.param(
            (ordered(NOW - timedelta(hours=1)),), UNTIL, "timed_out", id="before it began to wait here"
        ),
        pytest.param(
            (ordered(NOW - timedelta(hours=1)), ordered(NOW + timedelta(hours=1))),
            UNTIL,
            "happened",
            id="before and again in time",
        ),
    ],
)
def test_which_way_it_goes(events: tuple[Seen, ...], looked_at: datetime, path: str) -> None:
    walked = walk(FOR_AN_ORDER, WAITING, facts(*events), looked_at)

    assert walked.visits[0].path == path
    assert walked.visits[1].step_id == ("thanks" if path == "happened" else "nudge")


@pytest.mark.parametrize(("since", "path"), [pytest.param("entry", "happened"), pytest.param("here", "")])
def test_what_happened_before_this_step_counts_if_the_editor_says_so(since: str, path: str) -> None:
    plan = flow("wait_for_event", event="order_placed", since=since)

    walked = walk(plan, start_of(plan), facts(ordered(NOW - timedelta(hours=1))), NOW)

    assert walked.visits[0].path == path


def test_before_entering_never_counts() -> None:
    plan = flow("wait_for_event", event="order_placed", since="entry")

    walked = walk(plan, start_of(plan), facts(ordered(ENTERED)), NOW)

    assert walked.state == "waiting"


@pytest.mark.parametrize(("total", "state"), [("49.99", "waiting"), ("50.00", "completed")])
def test_only_an_event_that_passes_the_conditions_ends_it(total: str, state: str) -> None:
    plan = flow(
        "wait_for_event",
        event="order_placed",
        conditions=[{"property": "total", "operator": "at_least", "value": "50"}],
    )

    walked = walk(
        plan, WAITING, facts(ordered(NOW + timedelta(minutes=1), total=total)), UNTIL - timedelta(minutes=1)
    )

    assert walked.state == state


def test_the_trace_says_what_was_waited_for_and_keeps_no_words_of_the_contact() -> None:
    plan = flow("wait_for_reply", how="contains", words=["yes"])

    walked = walk(plan, WAITING, facts(replied("Yes, Elm Street 5 please")), NOW + timedelta(minutes=6))

    assert walked.decisions[0].to_json() == {
        "step": "wait",
        "rule": {"name": "wait_for_reply", "how": "contains", "words": ["yes"], "amount": 2, "unit": "hours"},
        "value": (NOW + timedelta(minutes=5)).isoformat(),
        "outcome": "happened",
        "since": NOW.isoformat(),
    }


@pytest.mark.parametrize(
    ("how", "words", "text", "passes"),
    [
        pytest.param("anything", [], "👍", True, id="anything"),
        pytest.param("anything", [], "", True, id="even a picture without words"),
        pytest.param("is", ["yes", "ok"], " Yes! ", True, id="the word with what stands around it"),
        pytest.param("is", ["yes"], "yes please", False, id="more than the word"),
        pytest.param("contains", ["yes"], "oh YES please", True, id="a word within"),
        pytest.param("contains", ["好"], "好的，谢谢", True, id="Chinese"),
        pytest.param("contains", ["yes"], "no", False, id="another word"),
        pytest.param("is", [], "yes", False, id="no words to compare with"),
    ],
)
def test_replies(how: str, words: list[str], text: str, passes: bool) -> None:
    assert says(text, how=how, words=words) is passes


def test_words_are_written_with_commas_of_either_script() -> None:
    assert words_of("yes, Yes please！，好；ok\n,, ") == ["yes", "Yes please", "好", "ok"]


def test_a_reply_in_other_words_does_not_end_the_wait() -> None:
    plan = flow("wait_for_reply", how="is", words=["yes"])

    walked = walk(plan, WAITING, facts(replied("who is this?")), NOW + timedelta(minutes=6))

    assert (walked.state, walked.waits_for, walked.wake_at) == ("waiting", "message_replied", UNTIL)


def test_only_a_wait_in_days_needs_the_contacts_clock() -> None:
    hours, days = FOR_AN_ORDER, flow("wait_for_event", event="order_placed", unit="days")

    assert (needs_of(hours).zone, needs_of(days).zone) == (False, True)
    assert needs_of(hours).events == {"order_placed"}


@given(
    minutes=st.lists(st.integers(-200, 400), max_size=6),
    looks=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    since=st.sampled_from(["entry", "here"]),
)
def test_however_often_and_late_one_looks_the_answer_is_the_same(
    minutes: list[int], looks: list[int], since: str
) -> None:
    plan = flow("wait_for_event", event="order_placed", since=since)
    events = [ordered(NOW + timedelta(minutes=each)) for each in sorted(minutes)]
    floor = ENTERED if since == "entry" else NOW
    in_time = [seen for seen in events if floor < seen.recorded_at <= UNTIL]
    # An event wakes at once; so it is known at every look at or after its moment, and decides by its moment.
    position, now = start_of(plan), NOW
    for look in [0, *looks, 500]:
        now += timedelta(minutes=look)
        known = tuple(seen for seen in events if seen.recorded_at <= now)
        walked = walk(plan, position, facts(*known), now)
        if walked.has_ended:
            break
        assert walked.wake_at == UNTIL
        assert walked.position.visit == 1
        position = walked.position

    assert walked.visits[0].path == ("happened" if in_time else "timed_out")
