"""Kinds of steps: found by file, added by sites, and all of them known to the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.utils import translation

from wagtail_drip.enrolments.steps import base as engine
from wagtail_drip.sequences.blocks import base, tree
from wagtail_drip.sequences.blocks.wait_duration import Block as Wait


class Gift(base.StepBlock):
    kind = "gift"
    order = 15


@pytest.fixture
def gift() -> Iterator[type[base.StepBlock]]:
    base.register(Gift)
    yield Gift
    del base._registered["gift"]


def test_every_kind_that_can_be_written_can_be_walked() -> None:
    assert set(base.step_blocks()) == set(engine.kinds())


def test_kinds_are_offered_with_the_commonest_first() -> None:
    ours = [kind for kind in base.step_blocks() if kind != "shop_region"]  # the site's own, of tests/testapp
    assert ours == [
        "send_message",
        "wait_duration",
        "wait_until_time",
        "wait_until_date",
        "wait_for_event",
        "wait_for_reply",
        "branch",
        "random_split",
        "jump_to",
        "update_contact",
        "add_tag",
        "remove_tag",
        "set_subscription",
        "enrol_in",
        "remove_from",
        "call_webhook",
        "notify_staff",
        "goal",
        "exit",
    ]


def test_each_kind_is_named_after_its_file() -> None:
    assert all(kind == block.kind for kind, block in base.step_blocks().items())


def test_a_site_may_have_a_step_of_its_own() -> None:
    assert base.step_blocks()["shop_region"].__module__ == "tests.testapp.steps"


def test_a_kind_that_a_site_registers_stands_among_ours_at_every_depth(gift: type[base.StepBlock]) -> None:
    whole = tree.StepsBlock()

    inside = whole.child_blocks["branch"].child_blocks["yes"]
    assert list(whole.child_blocks)[:2] == ["send_message", "gift"]
    assert "gift" in inside.child_blocks["branch"].child_blocks["no"].child_blocks


def test_branches_nest_in_branches_twice_and_no_further() -> None:
    whole = tree.StepsBlock()

    once = whole.child_blocks["branch"].child_blocks["yes"]
    twice = once.child_blocks["branch"].child_blocks["no"]
    assert "branch" not in twice.child_blocks
    assert "send_message" in twice.child_blocks


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [(1, "minutes", "1 minute later"), (2, "hours", "2 hours later"), (None, "days", "Wait: not set yet")],
)
def test_a_wait_says_itself_in_words(amount: int | None, unit: str, words: str) -> None:
    with override_settings(LANGUAGE_CODE="en-gb"), translation.override("en-gb"):
        assert Wait().in_words({"amount": amount, "unit": unit}) == words
