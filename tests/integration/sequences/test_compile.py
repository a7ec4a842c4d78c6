"""What publishing makes of the steps an editor wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wagtail_drip.content.models import MessageTemplate, PinnedText
from wagtail_drip.events.conditions import Condition, EventTest
from wagtail_drip.sequences.compile import compile_sequence
from wagtail_drip.sequences.flow import Entry, from_json
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.types import CannotCompile

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def text(step_id: str, words: str, **value: Any) -> dict[str, Any]:
    return step(step_id, "send_message", text=words, **value)


def sequence(*steps: dict[str, Any], **fields: Any) -> Sequence:
    return Sequence.objects.create(
        **{"name": "Baskets", "trigger_event": "cart_abandoned", "steps": list(steps), **fields}
    )


def test_steps_follow_each_other_and_the_last_leads_nowhere() -> None:
    flow = compile_sequence(
        sequence(step("a", "wait_duration", amount=2, unit="hours"), text("b", "Hello")), now=NOW
    )

    assert flow.start == "a"
    assert flow.steps["a"].settings == {"amount": 2, "unit": "hours"}
    assert flow.steps["a"].next == "b"
    assert flow.steps["b"].next is None


def test_both_paths_of_a_branch_come_together_behind_it() -> None:
    inner = step(
        "inner",
        "branch",
        test="done",
        event="link_clicked",
        yes=[text("clicked", "Thanks")],
        no=[],
    )
    outer = step(
        "outer",
        "branch",
        test="not_done",
        event="order_placed",
        yes=[text("remind", "Still there"), inner],
        no=[step("stop", "exit", reason="bought")],
    )

    flow = compile_sequence(sequence(outer, text("last", "Bye")), now=NOW)

    assert list(flow.steps) == ["outer", "remind", "inner", "clicked", "stop", "last"]
    assert [(path.key, path.start) for path in flow.steps["outer"].paths] == [
        ("yes", "remind"),
        ("no", "stop"),
    ]
    assert [(path.key, path.start) for path in flow.steps["inner"].paths] == [
        ("yes", "clicked"),
        ("no", "last"),
    ]
    assert flow.steps["remind"].next == "inner"
    assert flow.steps["clicked"].next == "last"
    assert flow.steps["stop"].next is None
    assert flow.steps["outer"].settings == {
        "test": {
            "kind": "event",
            "event": "order_placed",
            "conditions": [],
            "negate": True,
            "since": "entry",
        }
    }


def test_an_attribute_test_keeps_what_it_compares_with() -> None:
    branch = step(
        "a",
        "branch",
        test="attribute",
        property="language",
        operator="is",
        value="zh",
        yes=[text("b", "你好")],
        no=[],
    )

    flow = compile_sequence(sequence(branch), now=NOW)

    assert flow.steps["a"].settings == {
        "test": {"kind": "attribute", "property": "language", "operator": "is", "value": "zh"}
    }


def test_a_time_of_day_and_its_weekdays_are_plain_json() -> None:
    wait = step("a", "wait_until_time", time="09:30:00", weekdays=["4", "0"])

    flow = compile_sequence(sequence(wait, text("b", "Hi")), now=NOW)

    assert flow.steps["a"].settings == {"time": "09:30", "weekdays": [0, 4]}


def test_a_text_is_pinned_once_however_often_it_is_sent() -> None:
    flow = compile_sequence(sequence(text("a", "Same words"), text("b", "Same words")), now=NOW)

    pinned = PinnedText.objects.get()
    assert pinned.source == "Same words"
    assert flow.steps["a"].settings == {
        "text_id": pinned.pk,
        "name": "",
        "purpose": "",
        "topic": "",
        "track_links": True,
        "ignores_windows": False,
        "expires_hours": None,
    }
    assert flow.steps["b"].settings["text_id"] == pinned.pk


def test_a_saved_message_is_pinned_as_it_is_published() -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Goodbye", live=True)

    compile_sequence(sequence(text("a", "", saved_message=saved.pk)), now=NOW)

    assert PinnedText.objects.get().source == "Goodbye"


def test_who_may_enter_and_what_ends_it_is_compiled_too() -> None:
    rules = [{"type": "rule", "id": "r", "value": {"event": "opted_out", "conditions": []}}]
    only_big = [
        {
            "type": "condition",
            "id": "c",
            "value": {"property": "total", "operator": "at_least", "value": "50"},
        }
    ]

    flow = compile_sequence(
        sequence(
            text("a", "Hi"),
            trigger_conditions=only_big,
            reentry="after_days",
            reentry_days=14,
            keyed=True,
            goal_event="order_placed",
            exit_rules=rules,
            purpose="reminder",
            topic="baskets",
        ),
        now=NOW,
    )

    assert flow.trigger == EventTest(
        event="cart_abandoned", conditions=(Condition(property="total", operator="at_least", value="50"),)
    )
    assert flow.entry == Entry(reentry="after_days", days=14, keyed=True)
    assert flow.goal == EventTest(event="order_placed")
    assert flow.exits == (EventTest(event="opted_out"),)
    assert (flow.purpose, flow.topic) == ("reminder", "baskets")
    assert from_json(flow.to_json()) == flow


def test_steps_made_in_code_and_never_saved_get_ids() -> None:
    unsaved = Sequence(name="New", steps=[("send_message", {"text": "Hi"}), ("goal", {})])

    flow = compile_sequence(unsaved, now=NOW)

    assert len(flow.steps) == 2
    assert all(flow.steps)
    assert flow.steps[flow.start or ""].next == list(flow.steps)[1]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param([], "There are no steps yet. Add the first one.", id="no steps"),
        pytest.param(
            [text("a", " ")],
            "Step 1, Send a text: Write the message, or choose a saved one.",
            id="no text",
        ),
        pytest.param(
            [step("w", "goal"), text("a", "Hi {{ order.nubmer }}")],
            "Step 2, Send a text: Nobody has a value for order.nubmer here. Use the buttons above the "
            "text to insert what this sequence knows.",
            id="a misspelt variable",
        ),
        pytest.param(
            [step("a", "wait_duration", amount=None, unit="days"), text("b", "Hi")],
            "Step 1, Wait: Say how long to wait: 1 or more.",
            id="a wait without an end",
        ),
        pytest.param(
            [step("a", "wait_until_time", time=None, weekdays=[]), text("b", "Hi")],
            "Step 1, Wait until a time of day: Fill in the time of day to wait for.",
            id="no time of day",
        ),
        pytest.param(
            [step("a", "branch", test="done", event="", yes=[text("b", "Hi")], no=[])],
            "Step 1, If / else: Choose what the person must have done.",
            id="a branch without a test",
        ),
        pytest.param(
            [step("a", "branch", test="done", event="moon_landing", yes=[text("b", "Hi")], no=[])],
            "Step 1, If / else: “moon_landing” is not an event that happens here. Choose another.",
            id="an event that never happens",
        ),
        pytest.param(
            [step("a", "branch", test="done", event="order_placed", yes=[text("b", "")], no=[])],
            "Step 1.1 (Yes), Send a text: Write the message, or choose a saved one.",
            id="a nested step",
        ),
        pytest.param(
            [step("a", "branch", test="done", event="order_placed", yes=[], no=[])],
            "Step 1, If / else: Add at least one step under “Yes” or “No”.",
            id="a branch without steps",
        ),
        pytest.param(
            [text("a", "Hi"), text("a", "Ho")],
            "Step 2, Send a text: Another step has the same identity. Duplicate this one and remove the original.",
            id="one id twice",
        ),
        pytest.param(
            [step("a", "update_contact", field="attribute", attribute="VIP!", value="yes")],
            "Step 1, Update contact: Name the attribute with small letters, digits and _, beginning with a letter.",
            id="an attribute no text could name",
        ),
    ],
)
def test_what_cannot_run_is_refused_with_its_place_and_the_remedy(
    steps: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(CannotCompile) as refused:
        compile_sequence(sequence(*steps), now=NOW)

    assert str(refused.value) == said
    assert not PinnedText.objects.exists()


def test_a_text_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CannotCompile, match="Step 1, Send a text: The text cannot be read: "):
        compile_sequence(sequence(text("a", "Hi {{ contact.first_name")), now=NOW)


def test_a_saved_message_that_is_only_a_draft_is_refused() -> None:
    draft = MessageTemplate.objects.create(name="Farewell", text="Goodbye", live=False)

    with pytest.raises(CannotCompile) as refused:
        compile_sequence(sequence(text("a", "", saved_message=draft.pk)), now=NOW)

    assert str(refused.value) == (
        "Step 1, Send a text: The saved message “Farewell” is not published. Publish it or choose another."
    )


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(CannotCompile) as refused:
        compile_sequence(sequence(text("a", ""), text("b", ""), trigger_event="moon_landing"), now=NOW)

    assert [(problem.step_id, problem.field) for problem in refused.value.problems] == [
        ("", "trigger_event"),
        ("a", "text"),
        ("b", "text"),
    ]
