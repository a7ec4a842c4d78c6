"""A branch with any number of ways: what each test reads, and that the first that holds wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.contacts.consent import PermissionKey, Subscriptions
from wagtail_drip.enrolments import branch_tests
from wagtail_drip.enrolments.facts import Bought, Facts, Needs, Seen
from wagtail_drip.enrolments.walk import needs_of, start_of, walk
from wagtail_drip.sequences.flow import Flow, Path, Step, from_json

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENTERED = NOW - timedelta(days=2)
DAY = timedelta(days=1)


def flow(*ways: dict[str, Any]) -> Flow:
    keys = [*(way["key"] for way in ways), "no"]
    branch = Step(
        id="fork",
        kind="branch",
        settings={"ways": list(ways), "else": "no"},
        paths=tuple(Path(key=key, label=key, start=f"to-{key}") for key in keys),
    )
    ends = [Step(id=f"to-{key}", kind="exit", settings={}) for key in keys]
    made = Flow(trigger=None, start="fork", steps={each.id: each for each in (branch, *ends)})
    return from_json(made.to_json())


def way(key: str, *tests: dict[str, Any], match: str = "all") -> dict[str, Any]:
    return {"key": key, "match": match, "tests": list(tests)}


def language(code: str) -> dict[str, Any]:
    return {"kind": "attribute", "property": "language", "operator": "is", "value": code}


def seen(name: str, ago: timedelta, **properties: Any) -> Seen:
    return Seen(id=9, name=name, properties=properties, recorded_at=NOW - ago)


def facts(**known: Any) -> Facts:
    return Facts(**{"contact_id": 7, "since": ENTERED, "sequence_id": 4, **known})


def taken(plan: Flow, known: Facts) -> str:
    return walk(plan, start_of(plan), known, NOW).visits[0].path


@pytest.mark.parametrize(("code", "path"), [("zh", "chinese"), ("de", "german"), ("fr", "no")])
def test_the_first_way_whose_test_holds_is_taken_else_the_last(code: str, path: str) -> None:
    plan = flow(way("chinese", language("zh")), way("german", language("de")), way("again", language("zh")))

    assert taken(plan, facts(contact={"language": code})) == path


def test_the_trace_says_what_every_way_was_asked_up_to_the_one_that_was_taken() -> None:
    plan = flow(way("a", language("zh")), way("b", language("de")), way("c", language("de")))

    walked = walk(plan, start_of(plan), facts(contact={"language": "de"}), NOW)

    assert [(d.rule["path"], d.value, d.outcome) for d in walked.decisions[:2]] == [
        ("a", "de", "no"),
        ("b", "de", "yes"),
    ]


@pytest.mark.parametrize(
    ("match", "path"), [pytest.param("all", "no", id="all"), pytest.param("any", "vip", id="any")]
)
def test_several_tests_of_one_way(match: str, path: str) -> None:
    gold = {"kind": "attribute", "property": "plan", "operator": "is", "value": "gold"}
    plan = flow(way("vip", gold, language("zh"), match=match))

    assert taken(plan, facts(contact={"language": "zh"}, attributes={"plan": "free"})) == path


CLICKED = {"kind": "clicked", "scope": "sequence", "step": "", "address": ""}
BOUGHT = {"kind": "purchases", "measure": "count", "operator": "at_least", "number": "2", "days": 0}
ORDERED = {"kind": "event", "event": "order_placed", "conditions": [], "negate": False, "since": "entry"}
ORDERS = (
    Bought(at=NOW - 40 * DAY, total=Decimal("80.00"), currency="EUR"),
    Bought(at=NOW - 10 * DAY, total=Decimal("20.50"), currency="EUR"),
    Bought(at=NOW - 10 * DAY, total=Decimal("900"), currency="JPY"),
)
HISTORY = (
    seen("order_placed", 40 * DAY, total="9"),
    seen("order_placed", 10 * DAY, total="50"),
    seen("order_placed", DAY, total="60"),
)


@pytest.mark.parametrize(
    ("test", "known", "holds"),
    [
        pytest.param({**ORDERED, "since": "ever"}, {"history": HISTORY}, True, id="ever"),
        pytest.param({**ORDERED, "since": "ever"}, {}, False, id="never"),
        pytest.param({**ORDERED, "since": "ever", "negate": True}, {}, True, id="never, when asked so"),
        pytest.param(
            {**ORDERED, "since": "days", "days": 11, "times": 2}, {"history": HISTORY}, True, id="twice"
        ),
        pytest.param(
            {**ORDERED, "since": "days", "days": 11, "times": 3}, {"history": HISTORY}, False, id="not thrice"
        ),
        pytest.param(
            {
                **ORDERED,
                "since": "days",
                "days": 90,
                "times": 2,
                "conditions": [{"property": "total", "operator": "at_least", "value": "50"}],
            },
            {"history": HISTORY},
            True,
            id="twice for fifty or more",
        ),
        pytest.param({**ORDERED, "times": 2}, {"events": HISTORY[2:]}, False, id="once since entering"),
        pytest.param(CLICKED, {"events": (seen("link_clicked", DAY, sequence_id=4),)}, True, id="clicked"),
        pytest.param(
            CLICKED, {"events": (seen("link_clicked", DAY, sequence_id=5),)}, False, id="clicked elsewhere"
        ),
        pytest.param(
            {**CLICKED, "scope": "any"},
            {"events": (seen("link_clicked", DAY, sequence_id=5),)},
            True,
            id="clicked anywhere",
        ),
        pytest.param(
            {**CLICKED, "scope": "step", "step": "a"},
            {"events": (seen("link_clicked", DAY, sequence_id=4, step_id="a"),)},
            True,
            id="clicked in one step's text",
        ),
        pytest.param(
            {**CLICKED, "scope": "step", "step": "a"},
            {"events": (seen("link_clicked", DAY, sequence_id=4, step_id="b"),)},
            False,
            id="clicked in another's",
        ),
        pytest.param(
            {**CLICKED, "address": "/Coffee"},
            {"events": (seen("link_clicked", DAY, sequence_id=4, url="https://shop.example/coffee/7"),)},
            True,
            id="clicked to an address",
        ),
        pytest.param(
            {"kind": "replied", "how": "contains", "words": ["yes"]},
            {"events": (seen("message_replied", DAY, text="Yes!"),)},
            True,
            id="replied so",
        ),
        pytest.param(
            {"kind": "replied", "how": "contains", "words": ["yes"]},
            {"events": (seen("message_replied", 3 * DAY, text="Yes!"),)},
            False,
            id="replied before entering",
        ),
        pytest.param(
            {"kind": "payload", "property": "total", "operator": "at_least", "value": "50"},
            {"trigger": seen("order_placed", 2 * DAY, total="50.00")},
            True,
            id="what started it",
        ),
        pytest.param(
            {"kind": "payload", "property": "total", "operator": "is_not_set", "value": ""},
            {},
            True,
            id="nothing started it",
        ),
        pytest.param(BOUGHT, {"purchases": ORDERS}, True, id="three orders"),
        pytest.param(BOUGHT, {"purchases": ORDERS[:1]}, False, id="one order"),
        pytest.param({**BOUGHT, "days": 30, "number": "3"}, {"purchases": ORDERS}, False, id="in 30 days"),
        pytest.param({**BOUGHT, "operator": "at_most", "number": "0"}, {}, True, id="nobody who bought"),
        pytest.param(
            {**BOUGHT, "measure": "total", "number": "100.50", "currency": "EUR"},
            {"purchases": ORDERS},
            True,
            id="spent in one currency",
        ),
        pytest.param(
            {**BOUGHT, "measure": "total", "number": "100.51", "currency": "EUR"},
            {"purchases": ORDERS},
            False,
            id="spent a cent less",
        ),
        pytest.param(
            {**BOUGHT, "measure": "days_since", "number": "10"},
            {"purchases": ORDERS},
            True,
            id="ten days ago",
        ),
        pytest.param(
            {**BOUGHT, "measure": "days_since", "number": "0"},
            {},
            False,
            id="no last order, no days since it",
        ),
        pytest.param(
            {"kind": "permission", "group": "marketing", "topic": "", "negate": False},
            {"subscriptions": Subscriptions(held={PermissionKey("marketing", "sms"): True})},
            True,
            id="agreed",
        ),
        pytest.param(
            {"kind": "permission", "group": "marketing", "topic": "offers", "negate": False},
            {
                "subscriptions": Subscriptions(
                    held={
                        PermissionKey("marketing", "sms"): True,
                        PermissionKey("marketing", "sms", "offers"): False,
                    }
                )
            },
            False,
            id="said no to the topic",
        ),
        pytest.param(
            {"kind": "permission", "group": "marketing", "topic": "", "negate": True},
            {},
            True,
            id="never agreed",
        ),
    ],
)
def test_tests(test: dict[str, Any], known: dict[str, Any], holds: bool) -> None:
    assert branch_tests.ask(test, facts(**known), NOW).holds is holds


def test_only_what_the_ways_ask_is_gathered() -> None:
    recently = {**ORDERED, "since": "days", "days": 30}
    plan = flow(way("a", CLICKED, recently), way("b", BOUGHT), way("c", {**ORDERED, "since": "ever"}))

    assert needs_of(plan) == Needs(
        events=frozenset({"link_clicked"}),
        history=frozenset({("order_placed", 30), ("order_placed", 0)}),
        purchases=True,
    )


def test_a_kind_of_test_that_is_not_installed_fails_whoever_comes_to_it() -> None:
    plan = flow(way("a", {"kind": "moon", "phase": 3}))

    assert needs_of(plan) == Needs()
    with pytest.raises(branch_tests.UnknownTest, match="moon"):
        walk(plan, start_of(plan), facts(), NOW)


def test_no_word_of_a_reply_stays_in_the_trace() -> None:
    test = {"kind": "replied", "how": "anything", "words": []}
    known = facts(events=(seen("message_replied", DAY, text="My address is 5 Elm Street"),))

    answer = branch_tests.ask(test, known, NOW)

    assert "Elm" not in repr(answer)
    assert answer.value == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_whatever_holds_exactly_one_way_is_taken_and_it_is_the_first(held: list[tuple[bool, bool]]) -> None:
    def says(truth: bool) -> dict[str, Any]:
        return language("zh" if truth else "de")

    plan = flow(*(way(f"w{n}", says(a), says(b)) for n, (a, b) in enumerate(held)))

    path = taken(plan, facts(contact={"language": "zh"}))

    expected = next((f"w{n}" for n, (a, b) in enumerate(held) if a and b), "no")
    assert path == expected
