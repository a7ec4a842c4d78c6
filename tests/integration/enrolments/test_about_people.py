"""Steps about the person: tags, subscriptions, and the other sequences they are in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import querysets as people
from wagtail_drip.contacts import tags
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})
TWO_HOURS = ("wait_duration", {"amount": 2, "unit": "hours"})
CLOSE = ("set_subscription", {"change": "close", "group": "marketing"})
REOPEN = ("set_subscription", {"change": "reopen", "group": "marketing"})


@pytest.fixture
def now() -> datetime:
    return clock.now()


def enrolled(sequence: Sequence, person: Contact | None = None) -> Enrolment:
    return stand_at_the_start(sequence, [person or reachable_contact()])[0]


def tags_of(person: Contact | int) -> set[str]:
    pk = person if isinstance(person, int) else person.pk
    return set(people.tags([pk]).get(pk, ()))


def traced(kind: str) -> list[str]:
    rows = StepVisit.objects.filter(kind=kind).order_by("pk")
    return [decision["outcome"] for row in rows for decision in row.decisions]


def withdraw(person: Contact, site_id: int, *, granted: bool = False, topic: str = "") -> None:
    answer = Consent(
        group=PurposeGroup.MARKETING,
        granted=granted,
        source="test",
        method=ConsentMethod.KEYWORD,
        topic=topic,
    )
    contacts.record_consent(contact_id=person.pk, site_id=site_id, consent=answer, now=clock.now())


def is_subscribed(person: Contact, site_id: int) -> bool:
    held = people.permissions([person.pk], [site_id])
    return people.is_permitted(held, contact_id=person.pk, site_id=site_id, purpose="promotional")


def test_tags_are_given_and_taken_once_whatever_their_capitals(now: datetime) -> None:
    person = reachable_contact()
    tags.change_tags(add=[(person.pk, "Old")], now=now)
    steps = [
        ("add_tag", {"tag": " VIP  Club "}),
        ("add_tag", {"tag": "vip club"}),
        ("remove_tag", {"tag": "OLD"}),
    ]
    enrolled(live_sequence(steps=steps), person)

    run_due(now=clock.now())

    assert tags_of(person) == {"vip club"}
    assert (traced("add_tag"), traced("remove_tag")) == (["changed", "changed"], ["changed"])


def test_a_tag_decides_a_branch_also_one_given_a_moment_before(now: datetime) -> None:
    has_tag = {"test": "attribute", "property": "tags", "operator": "is", "value": "VIP"}
    sequence = live_sequence(
        steps=[
            (
                "branch",
                {**has_tag, "yes": [("add_tag", {"tag": "first yes"})], "no": [("add_tag", {"tag": "vip"})]},
            ),
            ("branch", {**has_tag, "yes": [("add_tag", {"tag": "second yes"})], "no": [HELLO]}),
        ]
    )
    before, never = reachable_contact(), reachable_contact()
    tags.change_tags(add=[(before.pk, "vip")], now=now)
    enrolled(sequence, before)
    enrolled(sequence, never)

    run_due(now=clock.now())

    assert tags_of(before) == {"vip", "first yes", "second yes"}
    assert tags_of(never) == {"vip", "second yes"}


def test_who_was_erased_gets_no_tag(now: datetime) -> None:
    person = reachable_contact()
    Contact.objects.filter(pk=person.pk).update(erased_at=now)

    tags.change_tags(add=[(person.pk, "vip")], now=now)

    assert not ContactTag.objects.exists()


def test_a_step_closes_a_subscription_and_another_opens_it_again(now: datetime, site_id: int) -> None:
    person = reachable_contact()
    first, second = live_sequence(name="A", steps=[CLOSE]), live_sequence(name="B", steps=[REOPEN])
    enrolled(first, person)
    run_due(now=clock.now())
    closed = is_subscribed(person, site_id)

    enrolled(second, person)
    run_due(now=clock.now())

    assert (closed, is_subscribed(person, site_id)) == (False, True)
    assert traced("set_subscription") == ["changed", "changed"]
    last = ConsentRecord.objects.order_by("-pk")[0]
    assert (last.method, last.source.split(":")[:2]) == ("sequence", ["sequence", str(second.pk)])


@pytest.mark.parametrize("asked", ["never", "said no", "said no after a step had closed it"])
def test_a_step_never_agrees_in_somebodys_name(asked: str, now: datetime, site_id: int) -> None:
    person = reachable_contact(agreed_to=() if asked == "never" else (PurposeGroup.MARKETING,))
    if asked == "said no":
        withdraw(person, site_id)
    if asked == "said no after a step had closed it":
        enrolled(live_sequence(name="A", steps=[CLOSE]), person)
        run_due(now=clock.now())
        withdraw(person, site_id)
    records = ConsentRecord.objects.count()
    enrolled(live_sequence(name="B", steps=[REOPEN]), person)

    run_due(now=clock.now())

    assert not is_subscribed(person, site_id)
    assert ConsentRecord.objects.count() == records
    assert traced("set_subscription")[-1] == "refused"


def test_a_stop_that_comes_after_the_decision_wins(
    now: datetime, site_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wagtail_drip.enrolments import run_due as running

    person = reachable_contact()
    enrolled(live_sequence(name="A", steps=[CLOSE]), person)
    run_due(now=clock.now())
    enrolled(live_sequence(name="B", steps=[REOPEN]), person)
    walk_batch = running.walk_batch

    def and_then_they_say_stop(*given: Any, **named: Any) -> Any:
        walked = walk_batch(*given, **named)
        withdraw(person, site_id)
        return walked

    monkeypatch.setattr(running, "walk_batch", and_then_they_say_stop)
    run_due(now=clock.now())

    assert not is_subscribed(person, site_id)


def test_somebody_is_let_into_another_sequence_once_and_by_its_rules(now: datetime) -> None:
    person = reachable_contact()
    welcome = live_sequence(name="Welcome", trigger="customer_registered", steps=[TWO_HOURS, HELLO])
    enrolled(live_sequence(name="A", steps=[("enrol_in", {"sequence": welcome})]), person)
    enrolled(live_sequence(name="B", steps=[("enrol_in", {"sequence": welcome})]), person)

    run_due(now=clock.now())

    assert Enrolment.objects.filter(sequence=welcome, contact=person).count() == 1
    assert sorted(traced("enrol_in")) == ["entered", "not_let_in"]


def test_nobody_enters_a_sequence_that_does_not_run(now: datetime) -> None:
    welcome = live_sequence(name="Welcome", steps=[HELLO])
    sequences.pause(welcome.pk, now=now)
    enrolled(live_sequence(name="A", steps=[("enrol_in", {"sequence": welcome})]))

    run_due(now=clock.now())

    assert not Enrolment.objects.filter(sequence=welcome).exists()
    assert traced("enrol_in") == ["not_live"]


def test_sequences_that_start_each_other_come_to_an_end(now: datetime) -> None:
    first = live_sequence(name="A", steps=[HELLO], reentry="always")
    second = live_sequence(name="B", steps=[("enrol_in", {"sequence": first})], reentry="always")
    first.steps = [("enrol_in", {"sequence": second})]
    from wagtail_drip.test.sequences import publish

    enrolled(publish(first))

    passes = 0
    while run_due(now=clock.now()) and passes < 100:
        passes += 1

    assert passes < 20
    assert traced("enrol_in")[-1] == "too_often"


def test_a_run_of_another_sequence_ends_with_its_texts_even_when_it_is_in_the_same_batch(
    now: datetime,
) -> None:
    person = reachable_contact()
    cart = live_sequence(name="Cart", steps=[HELLO, TWO_HOURS, HELLO])
    elsewhere = enrolled(cart, person)
    bystander = enrolled(cart)
    enrolled(live_sequence(name="A", steps=[("remove_from", {"sequence": cart})]), person)

    run_due(now=clock.now())

    elsewhere.refresh_from_db()
    bystander.refresh_from_db()
    assert (elsewhere.state, elsewhere.exit_reason, elsewhere.due_at) == (
        "exited",
        "removed_by_sequence",
        None,
    )
    assert bystander.state == "waiting"
    states = dict(Message.objects.values_list("enrolment_id", "state"))
    assert states == {elsewhere.pk: "cancelled", bystander.pk: "scheduled"}
    assert traced("remove_from") == ["taken_out"]


def test_who_is_not_inside_is_not_taken_out(now: datetime) -> None:
    cart = live_sequence(name="Cart", steps=[HELLO])
    enrolled(live_sequence(name="A", steps=[("remove_from", {"sequence": cart})]))

    run_due(now=clock.now())

    assert traced("remove_from") == ["was_not_inside"]


def test_steps_about_people_cost_the_same_number_of_queries_whatever_the_size(now: datetime) -> None:
    other = live_sequence(name="Other", steps=[TWO_HOURS, HELLO])
    ended = live_sequence(name="Ended", steps=[TWO_HOURS, HELLO])
    sequence = live_sequence(
        name="A",
        steps=[
            ("add_tag", {"tag": "a"}),
            ("remove_tag", {"tag": "b"}),
            CLOSE,
            ("enrol_in", {"sequence": other}),
            ("remove_from", {"sequence": ended}),
            TWO_HOURS,
        ],
    )
    costs = []
    for size in (1, 2, 30):  # the first reads the versions, which are kept
        group = crowd(size)
        stand_at_the_start(ended, group)
        run_due(now=clock.now())
        stand_at_the_start(sequence, group)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            run_due(now=clock.now())
        costs.append(len(queries))
        Enrolment.objects.update(due_at=None)

    assert ContactTag.objects.count() == 33
    assert Permission.objects.filter(granted=False).count() == 33
    assert Enrolment.objects.filter(exit_reason="removed_by_sequence").count() == 33
    assert costs[1] == costs[2]
