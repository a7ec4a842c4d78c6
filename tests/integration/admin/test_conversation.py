"""A sequence as a conversation: moments, branches and prices, decided by the engine's own walk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from wagtail.models import Site

from wagtail_drip.admin.preview import people
from wagtail_drip.admin.preview.bubbles import bubble
from wagtail_drip.admin.sequences.conversation import Row, conversation
from wagtail_drip.contacts.models import Contact
from wagtail_drip.enrolments.steps import base as engine
from wagtail_drip.sequences.models import Sequence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def text(step_id: str, words: str, **value: Any) -> dict[str, Any]:
    return step(step_id, "send_message", text=words, **value)


def sequence(*steps: dict[str, Any], **fields: Any) -> Sequence:
    return Sequence.objects.create(
        **{
            "name": "Baskets",
            "trigger_event": "cart_abandoned",
            "live": False,
            "steps": list(steps),
            **fields,
        }
    )


def contact(**fields: Any) -> Contact:
    return Contact.objects.create(created_at=NOW, changed_at=NOW, **fields)


def made_up() -> people.Person:
    return people.person(None, trigger_event="cart_abandoned", site_id=Site.objects.get().pk)


def rows(*steps: dict[str, Any], person: people.Person | None = None) -> list[Row]:
    return conversation(sequence(*steps), person or made_up(), now=NOW).rows


def test_waits_show_when_they_are_over() -> None:
    shown = rows(
        step("a", "wait_duration", amount=2, unit="hours"),
        text("b", "First"),
        step("c", "wait_until_time", time="09:30:00", weekdays=["0"]),
        text("d", "Second"),
    )

    assert [row.at for row in shown] == [
        NOW,
        datetime(2026, 5, 1, 14, tzinfo=UTC),
        datetime(2026, 5, 1, 14, tzinfo=UTC),
        datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
    ]
    assert shown[0].words == "2 hours later"
    assert shown[0].until == datetime(2026, 5, 1, 14, tzinfo=UTC)
    assert shown[2].words == "Wait until 09:30 on Monday"


def test_a_branch_has_chosen_what_happens_when_the_person_does_nothing() -> None:
    branch = step(
        "a",
        "branch",
        test="done",
        event="order_placed",
        yes=[text("b", "Thanks")],
        no=[text("c", "Still there?")],
    )

    (shown,) = rows(branch)

    assert [(option.label, option.is_chosen) for option in shown.options] == [("Yes", False), ("No", True)]
    assert shown.words == "If this has happened since entering: An order is placed"


def test_a_branch_by_a_detail_is_decided_by_the_person() -> None:
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
    chinese = contact(first_name="Mei", language="zh")
    site_id = Site.objects.get().pk

    as_chinese = rows(
        branch, person=people.person(chinese.pk, trigger_event="cart_abandoned", site_id=site_id)
    )
    as_made_up = rows(branch)

    assert [option.is_chosen for option in as_chinese[0].options] == [True, False]
    assert [option.is_chosen for option in as_made_up[0].options] == [False, True]


def test_the_way_not_taken_has_its_moments_too() -> None:
    branch = step(
        "a",
        "branch",
        test="done",
        event="order_placed",
        yes=[step("w", "wait_duration", amount=3, unit="days"), text("b", "Thanks")],
        no=[],
    )

    shown = rows(step("s", "wait_duration", amount=1, unit="hours"), branch, text("last", "Bye"))

    assert shown[1].options[0].rows[1].at == datetime(2026, 5, 4, 13, tzinfo=UTC)
    assert shown[2].at == datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_nobody_comes_behind_the_end() -> None:
    shown = rows(text("a", "Hi"), step("b", "exit", reason=""), text("c", "Never"))

    assert shown[1].words == "The sequence ends here"
    assert shown[2].at is None


def test_an_unfinished_draft_is_shown_as_far_as_it_goes() -> None:
    shown = rows(
        step("a", "wait_duration", amount=None, unit="days"),
        step("b", "update_contact", field="attribute", attribute="", value=""),
        text("c", ""),
        step("d", "branch", test="done", event="", yes=[], no=[]),
        text("e", "Hi {{ contact.first_name"),
    )

    assert shown[0].words == "Wait: not set yet"
    assert shown[2].at == NOW
    assert shown[4].bubble is not None
    assert shown[4].bubble.error == "Line 1: A “{{” is opened and not closed."


def test_what_it_costs_is_counted_on_the_way_taken() -> None:
    branch = step(
        "a", "branch", test="done", event="order_placed", yes=[text("b", "x" * 161)], no=[text("c", "x")]
    )

    found = conversation(sequence(branch, text("d", "y")), made_up(), now=NOW)

    assert found.segments == 2


def test_only_the_first_marketing_text_of_each_way_must_say_how_to_stop() -> None:
    branch = step(
        "a", "branch", test="done", event="order_placed", yes=[text("b", "One")], no=[text("c", "Two")]
    )

    shown = rows(branch, text("d", "Three"))

    assert [option.rows[0].needs_opt_out for option in shown[0].options] == [True, True]
    assert not shown[1].needs_opt_out


def test_a_text_about_an_order_need_not_say_how_to_stop() -> None:
    shown = rows(text("a", "Your order is on its way.", purpose="transactional"))

    assert not shown[0].needs_opt_out


@pytest.mark.parametrize(
    "words",
    [
        "No more? {{ link.stop }}",
        "Choose: {{link.preferences}}",
        "Reply STOP to opt out",
        "Stop? Reply unsubscribe",
        "回复退订",
        "Répondez ARRET",
        "Stopp svarar du",
    ],
)
def test_people_say_how_to_stop_in_many_ways(words: str) -> None:
    assert bubble(words, {}).says_how_to_stop


def test_links_cost_what_short_links_cost() -> None:
    long = "https://shop.example/" + "x" * 200

    assert bubble(f"Look: {long}", {}).segments == 1
    assert bubble(f"Look: {long}", {}, track_links=False).segments == 2


def test_a_detail_that_is_not_there_is_named() -> None:
    shown = bubble("Hi {{ contact.first_name }}, {{ order.number | default: 'hello' }}", {"contact": {}})

    assert shown.text == "Hi , hello"
    assert shown.missing == ("contact.first_name",)


def test_a_kind_that_the_engine_lacks_is_shown_without_its_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.kinds()
    monkeypatch.delitem(engine._ours, "update_contact")

    shown = rows(
        text("a", "Hi"),
        step("b", "update_contact", field="attribute", attribute="vip", value="yes"),
        text("c", "Ho"),
    )

    assert [row.kind for row in shown] == ["send_message", "update_contact", "send_message"]
    assert shown[1].words == "Notes vip: yes"
    assert shown[2].at is None
