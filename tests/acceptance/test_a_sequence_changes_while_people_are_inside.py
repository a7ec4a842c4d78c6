from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences.models import Sequence, SequenceVersion
from wagtail_drip.test.sequences import live_sequence, publish

GRACE = {"email": "grace@example.com", "first_name": "Grace", "phone_number": "+447400123457"}


@pytest.fixture
def tips(town: Town) -> Sequence:
    return live_sequence(
        name="Tips",
        purpose="information",
        trigger="order_placed",
        steps=[
            ("send_message", {"text": "Tip one"}),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "Tip two"}),
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "Tip three"}),
        ],
    )


def as_written(sequence: Sequence) -> list[dict[str, Any]]:
    return [dict(each) for each in sequence.steps.raw_data]


def rewrite(sequence: Sequence, steps: list[dict[str, Any]]) -> None:
    sequence.steps = Sequence._meta.get_field("steps").to_python(steps)
    publish(sequence)


def buy(town: Town, **who: str) -> None:
    shop.buy_as_guest(Client(), town.product, **who, drip_sms_consent="1")
    town.settle()


def test_who_waits_gets_the_new_words_and_keeps_the_wait(town: Town, tips: Sequence) -> None:
    buy(town)
    town.let_pass(days=1)
    steps = as_written(tips)
    steps[2]["value"] = {**steps[2]["value"], "text": "A better tip two"}

    rewrite(tips, steps)
    town.let_pass(days=1)

    assert town.phone(shop.PHONE).texts() == ["Tip one", "A better tip two"]
    assert [version.number for version in SequenceVersion.objects.order_by("number")] == [1, 2]
    enrolment = Enrolment.objects.get()
    assert (enrolment.version.number, enrolment.due_at) == (2, NOON + timedelta(days=4))


def test_who_stands_at_a_step_that_is_taken_out_goes_on_after_it(town: Town, tips: Sequence) -> None:
    buy(town)
    town.let_pass(days=1)
    steps = as_written(tips)

    rewrite(tips, [steps[0], *steps[2:]])
    town.settle()

    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two"]
    town.let_pass(days=2)
    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two", "Tip three"]
    assert Enrolment.objects.get().state == "completed"


def test_a_text_in_the_outbox_keeps_its_words_unless_its_step_is_taken_out(
    town: Town, tips: Sequence
) -> None:
    town.let_pass(hours=10)  # 22:00 in London: both texts wait for the morning
    buy(town)
    assert fates() == [("scheduled", "")]
    steps = as_written(tips)
    steps[0]["value"] = {**steps[0]["value"], "text": "Another tip one"}
    rewrite(tips, steps)
    buy(town, **GRACE)

    town.let_pass(hours=12)

    assert town.phone(shop.PHONE).texts() == ["Tip one"]
    assert town.phone(GRACE["phone_number"]).texts() == ["Another tip one"]


def test_a_text_whose_step_is_taken_out_before_it_left_never_leaves(town: Town, tips: Sequence) -> None:
    town.let_pass(hours=10)
    buy(town)

    rewrite(tips, as_written(tips)[1:])
    town.let_pass(days=1)

    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("cancelled", "step_removed")]
    town.let_pass(days=2)
    assert town.phone(shop.PHONE).texts() == ["Tip two"]


def test_an_unpublished_sequence_lets_nobody_in_and_leads_the_others_to_the_end(
    town: Town, tips: Sequence
) -> None:
    buy(town)

    tips.unpublish()
    buy(town, **GRACE)
    town.let_pass(days=4)

    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two", "Tip three"]
    assert town.phone(GRACE["phone_number"]).screen() == []
    assert Enrolment.objects.count() == 1


def test_a_draft_changes_nothing_until_it_is_published(town: Town, tips: Sequence) -> None:
    buy(town)
    steps = as_written(tips)
    steps[2]["value"] = {**steps[2]["value"], "text": "A better tip two"}
    tips.steps = Sequence._meta.get_field("steps").to_python(steps)
    tips.save_revision()

    town.let_pass(days=2)

    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two"]


def test_what_cannot_run_leaves_the_version_before_in_force(town: Town, tips: Sequence) -> None:
    buy(town)
    steps = as_written(tips)
    steps[2]["value"] = {**steps[2]["value"], "text": ""}

    with pytest.raises(ValueError, match="Write the message"):
        rewrite(tips, steps)
    town.let_pass(days=2)
    buy(town, **GRACE)

    assert town.phone(shop.PHONE).texts() == ["Tip one", "Tip two"]
    assert town.phone(GRACE["phone_number"]).texts() == ["Tip one"]
