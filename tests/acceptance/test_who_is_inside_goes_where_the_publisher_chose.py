from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.choices import Choice, Chosen
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

GRACE = {"email": "grace@example.com", "first_name": "Grace", "phone_number": "+447400123457"}


@pytest.fixture
def tips(town: Town) -> Sequence:
    return live_sequence(
        name="Tips",
        purpose="information",
        trigger="order_placed",
        steps=[
            ("send_message", {"text": "Tip one"}),
            ("wait_duration", {"amount": 4, "unit": "days"}),
            ("send_message", {"text": "Tip two"}),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "Tip three"}),
        ],
    )


@pytest.fixture
def ada_waits(town: Town, tips: Sequence) -> Town:
    """Ada has had the first tip and has waited for a day."""
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.let_pass(days=1)
    return town


def as_written(sequence: Sequence) -> list[dict[str, Any]]:
    return [dict(each) for each in sequence.steps.raw_data]


def publish(sequence: Sequence, steps: list[dict[str, Any]], chosen: Chosen) -> None:
    """Publish as the editor's plan page does, with a choice for those who wait at the second step."""
    sequence.steps = Sequence._meta.get_field("steps").to_python(steps)
    revision = sequence.save_revision()
    before = SequenceVersion.objects.latest("number")
    choices = {(before.pk, before.flow["steps"][1]["id"]): chosen}
    sequences.plan_moves(sequence.pk, revision_id=revision.pk, choices=choices, now=clock.now())
    revision.publish()


def in_other_words(steps: list[dict[str, Any]], days: int = 4) -> list[dict[str, Any]]:
    wait = {**steps[1], "value": {**steps[1]["value"], "amount": days}}
    second = {**steps[2], "value": {**steps[2]["value"], "text": "A better tip two"}}
    return [steps[0], wait, second, *steps[3:]]


def test_who_stays_gets_the_old_words_and_who_enters_the_new_ones(ada_waits: Town, tips: Sequence) -> None:
    publish(tips, in_other_words(as_written(tips)), Chosen(choice=Choice.STAY))
    ada_waits.settle()
    shop.buy_as_guest(Client(), ada_waits.product, **GRACE, drip_sms_consent="1")

    ada_waits.let_pass(days=8)

    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one", "Tip two", "Tip three"]
    grace = ada_waits.phone(GRACE["phone_number"]).texts()
    assert grace == ["Tip one", "A better tip two", "Tip three"]


def test_a_shorter_wait_is_counted_from_when_theirs_began(ada_waits: Town, tips: Sequence) -> None:
    publish(tips, in_other_words(as_written(tips), days=2), Chosen(choice=Choice.RECOMPUTE))
    ada_waits.settle()
    assert Enrolment.objects.get().due_at == NOON + timedelta(days=2)

    ada_waits.let_pass(days=1)

    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one", "A better tip two"]


def test_who_is_sent_back_to_the_start_gets_nothing_twice(ada_waits: Town, tips: Sequence) -> None:
    steps = as_written(tips)
    back = Chosen(choice=Choice.MOVE, to=steps[0]["id"])
    publish(tips, in_other_words(steps), back)

    ada_waits.let_pass(days=10)

    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one", "A better tip two", "Tip three"]
    assert Enrolment.objects.get().state == "completed"


def test_who_left_by_mistake_comes_back_and_hears_the_rest(ada_waits: Town, tips: Sequence) -> None:
    publish(tips, in_other_words(as_written(tips)), Chosen(choice=Choice.LEAVE))
    ada_waits.settle()
    assert Enrolment.objects.values_list("state", "exit_reason").get() == ("exited", "version_migrated")

    ada_waits.let_pass(hours=1)
    assert sequences.undo_moves(tips.pk, now=clock.now())
    ada_waits.let_pass(days=8)

    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one", "Tip two", "Tip three"]
    assert Enrolment.objects.values_list("state", "exit_reason").get() == ("completed", "")


def test_a_stop_between_leaving_and_coming_back_is_obeyed(ada_waits: Town, tips: Sequence) -> None:
    publish(tips, in_other_words(as_written(tips)), Chosen(choice=Choice.LEAVE))
    ada_waits.settle()
    ada_waits.phone(shop.PHONE).write("STOP")
    ada_waits.settle()

    sequences.undo_moves(tips.pk, now=clock.now())
    ada_waits.let_pass(days=8)

    texts = ada_waits.phone(shop.PHONE).texts()
    assert [text for text in texts if text.startswith("Tip")] == ["Tip one"]
    assert Enrolment.objects.get().running is None


def test_a_reply_that_came_while_she_stood_elsewhere_is_heard_after_undoing(town: Town) -> None:
    sequence = live_sequence(
        purpose="information",
        trigger="order_placed",
        steps=[
            ("send_message", {"text": "Do you like it?"}),
            (
                "wait_for_reply",
                {
                    "amount": 3,
                    "unit": "days",
                    "happened": [("send_message", {"text": "Great"})],
                    "timed_out": [("send_message", {"text": "Pity"})],
                },
            ),
            ("wait_duration", {"amount": 5, "unit": "days"}),
            ("send_message", {"text": "Bye"}),
        ],
    )
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    steps = as_written(sequence)
    last = {**steps[3], "value": {**steps[3]["value"], "text": "Goodbye"}}
    publish(sequence, [*steps[:3], last], Chosen(choice=Choice.MOVE, to=steps[2]["id"]))
    town.settle()
    town.let_pass(hours=1)
    town.phone(shop.PHONE).write("I do")
    town.settle()
    assert town.phone(shop.PHONE).texts() == ["Do you like it?"]

    sequences.undo_moves(sequence.pk, now=clock.now())
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Do you like it?", "Great"]


def test_a_deleted_sequence_texts_nobody_and_can_be_had_back(ada_waits: Town, tips: Sequence) -> None:
    assert sequences.archive(tips.pk, now=clock.now(), by="Ada")
    ada_waits.let_pass(days=10)
    shop.buy_as_guest(Client(), ada_waits.product, **GRACE, drip_sms_consent="1")
    ada_waits.settle()
    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one"]
    assert ada_waits.phone(GRACE["phone_number"]).screen() == []

    assert sequences.restore(tips.pk, now=clock.now())
    Sequence.objects.get(pk=tips.pk).save_revision().publish()
    shop.buy_as_guest(Client(), ada_waits.product, **GRACE, drip_sms_consent="1")
    ada_waits.settle()

    assert ada_waits.phone(GRACE["phone_number"]).texts() == ["Tip one"]
    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one"]
    assert SequenceRuntime.objects.get().state == "live"


def test_new_words_of_a_saved_message_reach_who_waits_for_it_only_when_they_are_taken_over(
    town: Town,
) -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Bye")
    saved.save_revision().publish()
    sequence = live_sequence(
        purpose="information",
        trigger="order_placed",
        steps=[
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"saved_message": saved}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            ("send_message", {"saved_message": saved}),
        ],
    )
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    saved.text = "See you soon"
    saved.save_revision().publish()

    town.let_pass(days=1)
    assert town.phone(shop.PHONE).texts() == ["Bye"]
    assert sequences.take_over_saved_messages(sequence.pk, now=clock.now())
    town.let_pass(days=1)

    assert town.phone(shop.PHONE).texts() == ["Bye", "See you soon"]
    assert fates() == [("delivered", ""), ("delivered", "")]


@pytest.mark.parametrize("days", [2, 7])
def test_who_keeps_their_wait_goes_on_when_they_would_have(
    ada_waits: Town, tips: Sequence, days: int
) -> None:
    publish(tips, in_other_words(as_written(tips), days=days), Chosen(choice=Choice.KEEP))
    ada_waits.settle()

    ada_waits.let_pass(days=2)
    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one"]
    ada_waits.let_pass(days=1)

    assert ada_waits.phone(shop.PHONE).texts() == ["Tip one", "A better tip two"]
