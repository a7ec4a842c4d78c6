"""When the rules of time let a message go, over every zone and the days on which clocks change."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.compliance.questions import question
from wagtail_drip.compliance import jurisdictions, policy, public_holidays, times
from wagtail_drip.compliance.jurisdictions import Holidays, Kind, Rule
from wagtail_drip.compliance.quiet_hours import ALWAYS, week_of
from wagtail_drip.compliance.time_rules import Blackout, TimeRules
from wagtail_drip.compliance.types import Question
from wagtail_drip.core.windows import three_good_windows

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix", "right"))
)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
NIGHT = MONDAY.replace(hour=3)


def blackout(begins: date, ends: date | None = None, **fields: Any) -> TimeRules:
    return TimeRules(blackouts=[Blackout(name="Mourning", begins=begins, ends=ends or begins, **fields)])


def met(asked: Question, now: datetime = NIGHT) -> list[str]:
    return [obstacle.reason for obstacle in times.next_possible(asked, now=now).obstacles]


@cache
def days_of_change(name: str) -> tuple[date, ...]:
    zone = ZoneInfo(name)
    # A plain day, and the eves of Good Friday and of Christmas.
    found = [date(2026, 7, 15), date(2026, 4, 2), date(2026, 12, 24)]
    day = datetime(2026, 1, 1, tzinfo=UTC)
    while day.year < 2027:
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(day.date())
        day = after
    return tuple(found)


spans = st.lists(st.tuples(st.integers(0, 95), st.integers(0, 95)).filter(lambda s: s[0] != s[1]), max_size=3)
clocks = spans.map(
    lambda found: [[f"{a // 4:02}:{a % 4 * 15:02}", f"{b // 4:02}:{b % 4 * 15:02}"] for a, b in found]
)
windows = st.fixed_dictionaries({str(day): clocks for day in range(7)})


@st.composite
def asked(draw: Any) -> tuple[Question, datetime]:
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.sampled_from(days_of_change(zone)))
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        minutes=draw(st.integers(-14 * 60, 38 * 60)), seconds=draw(st.sampled_from([0, 17]))
    )
    begins = day + timedelta(days=draw(st.integers(-1, 3)))
    black = Blackout(name="x", begins=begins, ends=begins + timedelta(days=draw(st.integers(0, 12))))
    law = Rule(
        place="GB",
        week=week_of(draw(windows)),
        kind=Kind.LAW,
        source="-",
        read="2026-11-21",
        holidays=draw(st.sampled_from(Holidays)),
    )
    rules = TimeRules(
        changed=[law] if draw(st.booleans()) else [], blackouts=[black] if draw(st.booleans()) else []
    )
    zones = frozenset({zone, *draw(st.lists(st.sampled_from(ZONES), max_size=2))})
    return question(
        zones=zones,
        zone=draw(st.sampled_from(["", zone])),
        windows=draw(windows),
        holidays=draw(st.sampled_from(Holidays)),
        ignores_windows=draw(st.booleans()),
        purpose=draw(st.sampled_from(["promotional", "reminder", "transactional"])),
        expires_at=draw(st.sampled_from([None, now + timedelta(days=1), now + timedelta(days=30)])),
        spread_minutes=draw(st.sampled_from([0, 10, 120])),
        spread_key=draw(st.text(max_size=4)),
        rules=rules,
    ), now


def by_hand(question: Question, moment: datetime, now: datetime) -> bool:
    """The law, said another way: whether the wall allows it at a moment, rule by rule."""
    if question.purpose == "transactional":
        return legal_by_hand(question, moment, now)
    wall = moment.astimezone(ZoneInfo(times.chosen_zone(question) or "UTC"))
    if any(each.begins <= wall.date() <= each.ends for each in question.rules.blackouts):
        return False
    if not question.ignores_windows:
        black = {
            each.begins + timedelta(days=n)
            for each in question.rules.blackouts
            for n in range((each.ends - each.begins).days + 1)
        }
        if not on_wall(times.week_of(question.windows), wall, question.holidays, black):
            return False
    return legal_by_hand(question, moment, now)


def legal_by_hand(question: Question, moment: datetime, now: datetime) -> bool:
    rule = question.rules.legal["GB"]
    if rule.kind is Kind.BEST:
        return True
    zones = times._legal_zones(question, rule.week, now)
    return all(on_wall(rule.week, moment.astimezone(ZoneInfo(zone)), rule.holidays) for zone in zones)


def on_wall(week: Any, wall: datetime, holidays: str, black: Collection[date] = ()) -> bool:
    def spans_of(day: date) -> Any:
        is_holiday = day in public_holidays.names("GB", "", day.year)
        if day in black or (is_holiday and holidays == "closed"):
            return ()
        return week[6] if is_holiday and holidays == "sunday" else week[day.weekday()]

    if holidays == "closed" and wall.date() in public_holidays.names("GB", "", wall.year):
        return False
    minute = wall.hour * 60 + wall.minute
    today = any(begin <= minute < (end if end > begin else 1440) for begin, end in spans_of(wall.date()))
    before = spans_of(wall.date() - timedelta(days=1))
    return today or any(end <= begin and minute < end for begin, end in before)


@given(asked())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_answer_is_allowed_and_nothing_before_it_is(given: tuple[Question, datetime]) -> None:
    question, now = given

    found = times.next_possible(question, now=now)

    if found.at is None:
        until = min(question.expires_at or now + timedelta(days=9), now + timedelta(days=9))
    else:
        until = found.at
        assert found.at >= now
        assert by_hand(question, found.at, now)
        assert question.expires_at is None or found.at < question.expires_at
    moment = now
    while moment < until:
        assert not by_hand(question, moment, now), moment
        moment += timedelta(minutes=5)


@given(asked())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_planned_is_allowed_in_time_and_what_the_gate_decides(
    given: tuple[Question, datetime],
) -> None:
    question, now = given

    found = times.next_possible(question, now=now)
    decision = policy.decide(question, now=now)

    if found.at is None:
        assert (found.planned_at, decision.verdict) == (None, "skip")
        assert found.obstacles
    elif found.at == now:
        assert (decision.verdict, found.obstacles) == ("send", ())
    else:
        assert found.planned_at is not None
        assert found.at <= found.planned_at < found.at + timedelta(minutes=max(question.spread_minutes, 1))
        assert by_hand(question, found.planned_at, now)
        assert question.expires_at is None or found.planned_at < question.expires_at
        assert (decision.verdict, decision.until) == ("defer", found.planned_at)
        assert decision.reason == found.obstacles[0].reason


@given(asked(), st.integers(1, 4 * 24 * 60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_who_asks_later_is_never_told_an_earlier_moment(
    given: tuple[Question, datetime], minutes: int
) -> None:
    question, now = given
    question = question._replace(expires_at=None)
    later = now + timedelta(minutes=minutes)
    # The zones of the law are weighed anew each day; within them time is monotone.
    if times._legal_zones(question, question.rules.legal["GB"].week, now) != times._legal_zones(
        question, question.rules.legal["GB"].week, later
    ):
        return

    first = times.next_possible(question, now=now).at
    second = times.next_possible(question, now=later).at

    if first is None:
        assert second is None or second > now + timedelta(days=8)
    elif second is not None:
        assert second >= first
        assert first < later or second == first


@given(asked())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_obstacles_follow_each_other_from_now_to_the_answer(given: tuple[Question, datetime]) -> None:
    question, now = given
    question = question._replace(expires_at=None)

    found = times.next_possible(question, now=now)

    moment = now
    for obstacle in found.obstacles:
        assert obstacle.begins_at == moment
        if obstacle.ends_at is not None:
            assert obstacle.ends_at > moment
            moment = obstacle.ends_at
    if found.at is not None and len(found.obstacles) < times.MOST_OBSTACLES:
        assert moment == found.at


def test_a_night_ends_where_a_holiday_without_texts_begins() -> None:
    """And the night of that day does not begin, so that nothing is open until the evening after it."""
    nights = Rule(
        place="GB",
        week=week_of({str(day): [["20:00", "02:00"]] for day in range(7)}),
        kind=Kind.LAW,
        source="-",
        read="2026-11-21",
        holidays=Holidays.CLOSED,
    )
    asked = question(rules=TimeRules(changed=[nights]), ignores_windows=True)

    for moment, expected in [
        (datetime(2026, 12, 24, 23, 59, tzinfo=UTC), datetime(2026, 12, 24, 23, 59, tzinfo=UTC)),
        # Christmas is a Friday; Boxing Day is kept on Monday too; Sunday lies between them.
        (datetime(2026, 12, 25, 0, 30, tzinfo=UTC), datetime(2026, 12, 27, 20, tzinfo=UTC)),
        (datetime(2026, 12, 28, 0, 30, tzinfo=UTC), datetime(2026, 12, 29, 20, tzinfo=UTC)),
    ]:
        assert times.next_possible(asked, now=moment).at == expected


def test_every_rule_that_stood_in_the_way_is_told_in_turn() -> None:
    """Saturday evening in Texas: the law until noon on Sunday, then the owner's windows."""
    saturday = datetime(2026, 11, 22, 4, tzinfo=UTC)  # 22:00 in Chicago
    texas = question(
        region="US",
        subdivision="TX",
        zones=frozenset({"America/Chicago"}),
        windows=three_good_windows(),
        spread_minutes=0,
    )

    found = times.next_possible(texas, now=saturday)

    chicago = ZoneInfo("America/Chicago")
    assert [
        (obstacle.reason, obstacle.ends_at.astimezone(chicago).strftime("%a %H:%M"))
        for obstacle in found.obstacles
        if obstacle.ends_at
    ] == [("quiet_hours", "Sun 12:00"), ("send_window", "Sun 13:00")]
    assert found.obstacles[1].value["spans"] == [["09:00", "11:00"], ["13:00", "15:00"], ["19:00", "21:00"]]
    assert found.at == found.planned_at == datetime(2026, 11, 22, 19, tzinfo=UTC)


def test_what_expires_before_it_may_go_is_told_with_its_moment() -> None:
    expires = NIGHT + timedelta(hours=2)

    found = times.next_possible(question(expires_at=expires), now=NIGHT)

    assert found.at is None
    assert [obstacle.reason for obstacle in found.obstacles] == ["send_window", "window_closed"]
    assert found.obstacles[-1].value == {"expires_at": expires}


def test_a_burst_is_spread_over_as_long_as_the_site_says() -> None:
    planned = [
        times.next_possible(question(spread_minutes=60, spread_key=f"e1:{n}"), now=NIGHT).planned_at
        for n in range(600)
    ]
    opening = MONDAY.replace(hour=9)
    minutes = [int((moment - opening).total_seconds() // 60) for moment in planned if moment]

    assert min(minutes) >= 0
    assert max(minutes) < 60
    # No minute gets more than three times its share of ten.
    assert max(minutes.count(minute) for minute in range(60)) < 30
    assert len(set(minutes)) > 50


def test_who_wants_no_spreading_gets_the_opening_itself() -> None:
    assert times.next_possible(question(spread_minutes=0), now=NIGHT).planned_at == MONDAY.replace(hour=9)


def test_changed_legal_hours_stand_instead_of_the_shipped_ones() -> None:
    strict = Rule(
        place="US-NY", week=week_of({"0": [["12:00", "13:00"]]}), kind=Kind.LAW, source="-", read="2026-11-21"
    )
    new_york = {"region": "US", "subdivision": "NY", "zones": frozenset({"America/New_York"})}
    morning = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 10:00

    assert met(question(**new_york), morning) == []
    assert met(question(**new_york, rules=TimeRules(changed=[strict])), morning) == ["quiet_hours"]


NINE_TO_FIVE = {str(day): [["09:00", "17:00"]] for day in range(7)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, False, id="the same"),
        pytest.param({"week": week_of({"0": [["10:00", "16:00"]]})}, False, id="narrower"),
        pytest.param({"week": ALWAYS}, True, id="wider"),
        pytest.param({"week": week_of({**NINE_TO_FIVE, "3": [["09:00", "17:01"]]})}, True, id="one minute"),
        pytest.param({"kind": Kind.BEST}, True, id="no law any more"),
        pytest.param({"kind": Kind.CARRIER}, True, id="not for news of orders"),
        pytest.param({"has_marketing_only": True}, True, id="only for marketing"),
        pytest.param({"holidays": Holidays.CLOSED}, False, id="no holidays"),
        pytest.param(
            {"week": week_of({**NINE_TO_FIVE, "6": []}), "holidays": Holidays.SUNDAY},
            False,
            id="holidays shut",
        ),
    ],
)
def test_what_is_looser(fields: dict[str, Any], expected: bool) -> None:
    law: dict[str, Any] = {
        "place": "XX",
        "week": week_of(NINE_TO_FIVE),
        "kind": Kind.LAW,
        "source": "-",
        "read": "2026-11-21",
    }

    assert jurisdictions.is_looser(Rule(**{**law, **fields}), Rule(**law)) is expected


def test_holidays_given_back_are_looser_and_where_nothing_bound_nothing_is() -> None:
    law = Rule(
        place="XX",
        week=week_of(NINE_TO_FIVE),
        kind=Kind.LAW,
        source="-",
        read="2026-11-21",
        holidays=Holidays.CLOSED,
    )
    given_back = Rule(place="XX", week=law.week, kind=Kind.LAW, source="-", read="2026-11-21")

    assert jurisdictions.is_looser(given_back, law) is True
    assert jurisdictions.is_looser(given_back, None) is False
    assert jurisdictions.is_looser(given_back, jurisdictions.RULES["GB"]) is False


def test_hours_that_carriers_ask_for_are_looser_only_for_news_of_orders() -> None:
    law = Rule(place="XX", week=ALWAYS, kind=Kind.LAW, source="-", read="2026-11-21")
    carrier = Rule(place="XX", week=ALWAYS, kind=Kind.CARRIER, source="-", read="2026-11-21")

    assert jurisdictions.is_looser_for(carrier, law, is_marketing=False) is True
    assert jurisdictions.is_looser_for(carrier, law, is_marketing=True) is False
