"""A birthday is wished once, a broadcast goes once although it is started twice, who fell silent is asked back."""

from __future__ import annotations

from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, fates, utc
from wagtail_drip import api, tasks
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.messaging.models import Message
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

ADA, BOB, CARL = "+447400111111", "+447400222222", "+447400333333"


def say(words: str) -> list[tuple[str, dict[str, str]]]:
    return [("send_message", {"text": words})]


def test_a_birthday_is_wished_once_in_the_morning_of_the_day(town: Town) -> None:
    live_sequence(
        name="Birthday",
        trigger=None,
        trigger_kind="date",
        trigger_attribute="birthday",
        reentry="always",
        steps=say("Happy birthday, {{ contact.first_name }}! Reply STOP to opt out."),
    )
    reachable_contact(phone=ADA, first_name="Ada", attributes={"birthday": "1990-05-14"})
    reachable_contact(phone=BOB, first_name="Bob", attributes={"birthday": "1990-05-17"})

    town.wait_until(utc(5, 14, 8, 59))  # a minute before ten in London
    before = town.phone(ADA).texts()
    town.wait_until(utc(5, 14, 9, 30))
    in_the_morning = town.phone(ADA).texts()
    # Whoever tries again, and however often: last night's workers, a second host, a clock that was set back.
    TriggerCheck.objects.update(checked_until=NOON, due_at=clock.now())
    town.let_pass(hours=12)

    assert before == []
    assert in_the_morning == ["Happy birthday, Ada! Reply STOP to opt out."]
    assert town.phone(ADA).texts() == in_the_morning
    assert town.phone(BOB).texts() == []


def test_a_broadcast_goes_once_although_it_is_started_twice(town: Town) -> None:
    reachable_contact(phone=ADA)
    reachable_contact(phone=BOB)
    contacts.withdraw_marketing(
        contact_ids=[reachable_contact(phone=CARL).pk],
        site_ids=[town.site.pk],
        source="/preferences/",
        method=api.ConsentMethod.WEB_FORM,
        now=clock.now(),
    )
    sequence = live_sequence(
        name="Sale", trigger=None, trigger_kind="once", steps=say("Sale! Reply STOP to opt out.")
    )

    town.settle()
    publish(Sequence.objects.get(pk=sequence.pk))
    TriggerCheck.objects.update(due_at=clock.now(), cursor=0)
    town.settle()
    sequences.end(sequence.pk, now=clock.now())
    town.settle()
    publish(Sequence.objects.get(pk=sequence.pk))
    town.let_pass(days=1)

    assert town.phone(ADA).texts() == ["Sale! Reply STOP to opt out."]
    assert town.phone(BOB).texts() == ["Sale! Reply STOP to opt out."]
    assert town.phone(CARL).texts() == []
    assert {state for state, _ in fates()} == {"delivered"}
    assert set(Message.objects.values_list("lane", flat=True)) == {2}


def test_a_broadcast_leaves_out_whom_the_owner_said(town: Town) -> None:
    for number in (ADA, BOB, CARL):
        reachable_contact(phone=number)
    staff = Contact.objects.get(phone=BOB)
    change_tags(add=[(staff.pk, "staff"), (Contact.objects.get(phone=CARL).pk, "wholesale")], now=clock.now())
    wholesale = Segment.objects.create(name="Wholesale", rules=[("tag", {"tag": "wholesale", "negate": ""})])
    live_sequence(
        name="Sale",
        trigger=None,
        trigger_kind="once",
        trigger_without_tags="Staff",
        trigger_without_segments=[wholesale.pk],
        steps=say("Sale! Reply STOP to opt out."),
    )

    town.let_pass(hours=1)

    assert town.phone(ADA).texts() == ["Sale! Reply STOP to opt out."]
    assert town.phone(BOB).texts() == []
    assert town.phone(CARL).texts() == []


def test_a_customer_who_fell_silent_is_asked_back_and_one_who_came_back_is_not(town: Town) -> None:
    live_sequence(
        name="Win back",
        trigger=None,
        trigger_kind="inactive",
        trigger_event="product_viewed",
        trigger_days=3,
        reentry="always",
        steps=say("We miss you! Reply STOP to opt out."),
    )
    reachable_contact(phone=ADA)
    reachable_contact(phone=BOB)
    for number in (ADA, BOB):
        look_at_coffee(number, "first")
    town.settle()

    town.let_pass(days=2)
    look_at_coffee(BOB, "again")
    town.let_pass(days=1, hours=2)

    assert town.phone(ADA).texts() == ["We miss you! Reply STOP to opt out."]
    assert town.phone(BOB).texts() == []
    town.let_pass(days=3)
    assert town.phone(ADA).texts() == ["We miss you! Reply STOP to opt out."]
    assert town.phone(BOB).texts() == ["We miss you! Reply STOP to opt out."]


def look_at_coffee(number: str, key: str) -> None:
    assert api.emit(
        "product_viewed",
        key=f"{key}:{number}",
        contact={"phone": number},
        properties={"product_id": "1", "name": "Coffee"},
    )
    tasks.run_until_idle()


def test_a_limit_spreads_a_broadcast_over_the_hours(town: Town) -> None:
    for number in (ADA, BOB, CARL):
        reachable_contact(phone=number)
    live_sequence(
        name="Slowly",
        trigger=None,
        trigger_kind="once",
        entry_limit=1,
        entry_period="hour",
        steps=say("Sale! Reply STOP to opt out."),
    )
    counts = []
    for _ in range(4):
        town.settle()
        counts.append(sum(len(town.phone(number).texts()) for number in (ADA, BOB, CARL)))
        town.let_pass(minutes=60)

    assert counts == [1, 2, 3, 3]
    assert Enrolment.objects.count() == 3
