"""Caps: the least moment at which one more fits, beside an oracle that tries every hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.compliance.frequency_caps import (
    ASK_AGAIN,
    Capped,
    EventRules,
    Limits,
    Pressure,
    Rules,
    Scope,
    Sent,
    check,
)

NOW = datetime(2026, 11, 11, 10, tzinfo=UTC)
SITE, OTHER_SITE = 1, 2
HOUR = timedelta(hours=1)


def hours(number: float) -> datetime:
    return NOW + timedelta(hours=number)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def sent(at: datetime, purpose: str = "promotional", topic: str = "", site: int = SITE) -> Sent:
    return Sent(at, site, purpose, topic)


def pressure(*had: Sent, **fields: Any) -> Pressure:
    given_: dict[str, Any] = {
        "site_id": SITE,
        "purpose": "promotional",
        "topic": "",
        "sequence_id": 7,
        "rules": Rules(everyone=Limits(2, 8)),
        "own": Limits(),
        "sent": list(had),
        "kept": [],
        **fields,
    }
    return Pressure(**given_)


def capped(*had: Sent, at: datetime = NOW, **fields: Any) -> Capped:
    found = check(pressure(*had, **fields), at=at)
    assert found is not None
    return found


def double_eleven(**fields: Any) -> EventRules:
    given_: dict[str, Any] = {
        "name": "双11",
        "starts_at": days(-1),
        "ends_at": days(2),
        "raised": Limits(5, 12),
        "ceiling": None,
        "sequences": frozenset({7}),
        **fields,
    }
    return EventRules(**given_)


def test_there_is_room_until_the_cap_is_full() -> None:
    assert check(pressure(), at=NOW) is None
    assert check(pressure(sent(days(-1))), at=NOW) is None


def test_a_full_week_has_room_at_the_very_moment_that_its_oldest_leaves() -> None:
    first = days(-3) + timedelta(microseconds=1)

    found = capped(sent(first), sent(days(-1)))

    assert (found.cap.scope, found.cap.days, found.cap.limit, found.had) == (Scope.EVERYONE, 7, 2, 2)
    assert found.until == first + timedelta(days=7)
    had = pressure(sent(first), sent(days(-1)))
    assert check(had, at=found.until) is None
    assert check(had, at=found.until - timedelta(microseconds=1)) is not None


def test_of_the_week_and_the_month_the_later_one_decides() -> None:
    old = [sent(days(-29 + number)) for number in range(6)]

    found = capped(*old, sent(days(-2)), sent(days(-1)))

    assert (found.cap.days, found.cap.limit, found.had) == (7, 2, 2)
    assert found.until == days(5)
    # The month is full as well, but has room sooner.
    found = capped(*[sent(days(-10)) for _ in range(7)], sent(days(-2)))
    assert (found.cap.days, found.had, found.until) == (30, 8, days(20))


def test_after_a_time_of_more_the_week_waits_until_enough_of_them_have_left() -> None:
    found = capped(*[sent(days(-number)) for number in (1, 2, 3, 4, 5)])

    assert (found.had, found.cap.limit) == (5, 2)
    assert found.until == days(5)  # only that of yesterday is counted then


@pytest.mark.parametrize(
    ("fields", "scope", "until"),
    [
        pytest.param(
            {"rules": Rules(purposes={"promotional": Limits(1, None)})}, Scope.PURPOSE, days(6), id="purpose"
        ),
        pytest.param(
            {"rules": Rules(topics={"shoes": Limits(1, None)}), "topic": "shoes"},
            Scope.TOPIC,
            days(5),
            id="topic",
        ),
        pytest.param({"rules": Rules(), "own": Limits(1, None)}, Scope.OWN, days(6), id="the contact's own"),
        pytest.param(
            {"rules": Rules(), "own": Limits(None, 3)}, Scope.OWN, days(27), id="the contact's own month"
        ),
    ],
)
def test_each_cap_counts_its_own(fields: dict[str, Any], scope: Scope, until: datetime) -> None:
    had = [sent(days(-1)), sent(days(-2), "welcome", "shoes"), sent(days(-3), "reminder", site=OTHER_SITE)]

    found = capped(*had, **fields)

    assert (found.cap.scope, found.until) == (scope, until)


def test_another_purpose_another_topic_and_another_site_are_not_touched() -> None:
    had = [sent(days(-1)), sent(days(-2), topic="shoes")]
    rules = Rules(purposes={"promotional": Limits(1)}, topics={"shoes": Limits(1)})

    assert check(pressure(*had, rules=rules, purpose="welcome"), at=NOW) is None
    assert check(pressure(*had, rules=rules, purpose="welcome", topic="hats"), at=NOW) is None
    assert check(pressure(*had, site_id=OTHER_SITE), at=NOW) is None
    assert check(pressure(*had, site_id=OTHER_SITE, own=Limits(2)), at=NOW) is not None


def test_never_is_never() -> None:
    assert capped(rules=Rules(purposes={"promotional": Limits(0)})).until is None


def test_a_special_event_raises_the_caps_for_its_dates_and_its_sequences() -> None:
    had = [sent(days(-0.5)), sent(days(-0.4)), sent(days(-0.3))]
    rules = Rules(everyone=Limits(2, 8), events=(double_eleven(),))

    assert check(pressure(*had, rules=rules), at=NOW) is None
    assert capped(*had, rules=rules, sequence_id=8).until == days(6.6)
    assert capped(*had, rules=rules, sequence_id=None).until == days(6.6)
    # Before it begins it can be waited for; once it is over, what was sent in it counts like all else.
    assert capped(*had, rules=rules, at=days(-2)).until == days(-1)
    assert capped(*had, rules=rules, at=days(2)).until == days(6.6)


def test_a_special_event_raises_neither_what_a_contact_asked_for_nor_more_than_its_ceiling() -> None:
    had = [sent(days(-0.5)), sent(days(-0.4)), sent(days(-0.3))]
    rules = Rules(everyone=Limits(2, 8), events=(double_eleven(ceiling=3),))

    found = capped(*had, rules=rules)
    assert (found.cap.scope, found.cap.name, found.had, found.cap.limit) == (Scope.CEILING, "双11", 3, 3)
    found = capped(*had, rules=Rules(everyone=Limits(2, 8), events=(double_eleven(),)), own=Limits(1))
    assert (found.cap.scope, found.until) == (Scope.OWN, days(6.7))


def test_a_special_event_never_lowers() -> None:
    rules = Rules(everyone=Limits(2, 8), events=(double_eleven(raised=Limits(1, None)),))

    assert check(pressure(sent(days(-0.5)), rules=rules), at=NOW) is None


def test_the_last_place_is_left_to_a_message_of_higher_priority() -> None:
    found = capped(sent(days(-1)), kept=[sent(days(3), "reminder")])

    assert (found.is_kept, found.until, found.had) == (True, days(3), 1)
    # With two places left there is one for each, and so there is where one comes free before it is due.
    assert check(pressure(kept=[sent(days(3))]), at=NOW) is None
    assert check(pressure(sent(days(-5)), kept=[sent(days(3))]), at=NOW) is None


def test_what_is_due_already_is_waited_for_a_minute_at_a_time() -> None:
    assert capped(sent(days(-1)), kept=[sent(hours(-1))]).until == NOW + ASK_AGAIN


def test_a_cap_that_does_not_count_the_other_one_keeps_nothing_for_it() -> None:
    rules = Rules(purposes={"promotional": Limits(1)})

    assert check(pressure(rules=rules, kept=[sent(days(1), "reminder")]), at=NOW) is None
    assert check(pressure(rules=rules, kept=[sent(days(1))]), at=NOW) is not None


# The oracle knows nothing of turning points: it counts at every hour, as one would by hand.

PURPOSES, TOPICS = ["promotional", "welcome"], ["", "shoes"]
limits = st.builds(Limits, st.none() | st.integers(1, 3), st.none() | st.integers(1, 5))
messages = st.builds(
    Sent,
    st.integers(-29 * 24, 0).map(hours),
    st.sampled_from([SITE, SITE, OTHER_SITE]),
    st.sampled_from(PURPOSES),
    st.sampled_from(TOPICS),
)


@st.composite
def events(draw: st.DrawFn) -> EventRules:
    start = draw(st.integers(-200, 400))
    return EventRules(
        "sale",
        hours(start),
        hours(start + draw(st.integers(1, 300))),
        draw(limits),
        draw(st.none() | st.integers(1, 6)),
        frozenset(draw(st.sampled_from([{7}, {8}, {7, 8}, set()]))),
    )


pressures = st.builds(
    Pressure,
    site_id=st.just(SITE),
    purpose=st.sampled_from(PURPOSES),
    topic=st.sampled_from(TOPICS),
    sequence_id=st.sampled_from([7, 8, None]),
    rules=st.builds(
        Rules,
        everyone=limits,
        purposes=st.dictionaries(st.sampled_from(PURPOSES), limits),
        topics=st.dictionaries(st.sampled_from(TOPICS), limits),
        events=st.lists(events(), max_size=2).map(tuple),
    ),
    own=limits,
    sent=st.lists(messages, max_size=9),
    kept=st.builds(list),
)


def fits(p: Pressure, at: datetime) -> bool:
    on = [e for e in p.rules.events if p.sequence_id in e.sequences and e.starts_at <= at < e.ends_at]

    def within(counted: Sequence[Sent], limit: Limits | None, *, is_raised: bool) -> bool:
        for position, span in enumerate((168, 720)):
            most = limit[position] if limit is not None else None
            if most is None:
                continue
            for event in on if is_raised else []:
                most = max(most, event.raised[position] or 0)
            if len([s for s in counted if (at - s.at) / HOUR < span]) >= most:
                return False
        return True

    ours = [s for s in p.sent if s.site_id == p.site_id]
    return (
        within(ours, p.rules.everyone, is_raised=True)
        and within(
            [s for s in ours if s.purpose == p.purpose], p.rules.purposes.get(p.purpose), is_raised=True
        )
        and (
            not p.topic
            or within([s for s in ours if s.topic == p.topic], p.rules.topics.get(p.topic), is_raised=True)
        )
        and within(p.sent, p.own, is_raised=False)
        and all(e.ceiling is None or len([s for s in ours if s.at >= e.starts_at]) < e.ceiling for e in on)
    )


@given(pressures)
def test_the_answer_is_the_first_hour_at_which_it_fits(p: Pressure) -> None:
    by_hand = next((hours(n) for n in range(31 * 24) if fits(p, hours(n))), None)

    found = check(p, at=NOW)

    assert (NOW if found is None else found.until) == by_hand
    if found is not None:
        assert found.had >= found.cap.limit


@given(pressures, st.lists(st.integers(0, 167).map(hours), min_size=1, max_size=3))
def test_what_goes_never_takes_the_place_of_what_was_kept_for(p: Pressure, due: list[datetime]) -> None:
    kept = [Sent(at, SITE, p.purpose, p.topic) for at in sorted(due)]
    p = p._replace(kept=kept, rules=p.rules._replace(events=()))
    if check(p, at=NOW) is not None:
        return
    p.sent.append(Sent(NOW, SITE, p.purpose, p.topic))
    # Each in its turn, as they come due: all go at their moment, those before them having gone.
    for other in kept:
        assert fits(p, other.at)
        p.sent.append(other)
