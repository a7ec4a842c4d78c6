"""Somebody looks at coffee again and again, or says tea: each is texted about their own."""

from __future__ import annotations

import pytest

from wagtail_drip import tasks
from wagtail_drip.api import emit, state_interests
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.segments import blocks
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores import interest_actions
from wagtail_drip.stores.interest_models import Interest
from wagtail_drip.test import outbox
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance, advance_to_noon

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon_in_an_open_shop() -> None:
    outbox.outbox.clear()
    outbox.open_site()
    advance_to_noon()


@pytest.fixture
def coffee() -> Interest:
    return Interest.objects.create(name="Coffee", words="coffee")


@pytest.fixture
def tea() -> Interest:
    return Interest.objects.create(name="Tea", words="tea")


def look(contact: Contact, key: str) -> None:
    assert emit(
        "product_viewed",
        key=key,
        contact={"phone": contact.phone},
        properties={"product_id": "7", "name": "Espresso", "category": "Coffee"},
    )


def register(contact: Contact) -> None:
    assert emit("customer_registered", key=f"new-{contact.pk}", contact={"phone": contact.phone})
    tasks.run_until_idle()


def bodies() -> dict[str, str]:
    return {sent.to: sent.text for sent in outbox.outbox}


def test_each_goes_the_way_of_what_they_care_about_and_reads_its_name(
    coffee: Interest, tea: Interest
) -> None:
    live_sequence(
        trigger="customer_registered",
        steps=[
            (
                "branch",
                {
                    "test": "interested",
                    "interest": str(coffee.pk),
                    "yes": [("send_message", {"text": "Beans: {{ interests.top }} ({{ interests.all }})"})],
                    "no": [("send_message", {"text": "News: {{ interests.top | default: 'all sorts' }}"})],
                },
            )
        ],
    )
    looks, says, neither = (reachable_contact(first_name=name) for name in ("Ada", "Bo", "Cy"))
    for number in range(4):
        look(looks, f"look-{number}")
    state_interests({"phone": says.phone}, ["tea"])
    tasks.run_until_idle()

    for contact in (looks, says, neither):
        register(contact)

    assert bodies() == {
        looks.phone: "Beans: Coffee (Coffee)",
        says.phone: "News: Tea",
        neither.phone: "News: all sorts",
    }
    visit = StepVisit.objects.filter(enrolment__contact=looks, kind="branch").get()
    assert visit.decisions[0]["value"] == ["inferred"]


def test_looks_of_long_ago_say_nothing_any_more(coffee: Interest) -> None:
    live_sequence(
        trigger="customer_registered",
        steps=[
            (
                "branch",
                {
                    "test": "not_interested",
                    "interest": str(coffee.pk),
                    "by": "inferred",
                    "yes": [("send_message", {"text": "Something else"})],
                },
            )
        ],
    )
    ada = reachable_contact(first_name="Ada")
    for number in range(4):
        look(ada, f"look-{number}")
    tasks.run_until_idle()
    assert ada.inferred_interests.exists()

    advance(days=40)
    register(ada)

    assert bodies() == {ada.phone: "Something else"}


def test_a_segment_of_who_shows_an_interest_starts_a_sequence(coffee: Interest) -> None:
    rules = blocks.RulesBlock().to_python(
        [{"type": "interest", "value": {"interest": str(coffee.pk)}, "id": "1"}]
    )
    segment = Segment(name="Coffee", rules=rules)
    segment.save()
    ada = reachable_contact(first_name="Ada")
    tasks.run_until_idle()
    live_sequence(
        trigger=("segment_entered", [("segment_id", "is", str(segment.pk))]),
        steps=[("send_message", {"text": "About {{ interests.shown }}"})],
    )

    for number in range(4):
        look(ada, f"look-{number}")
    tasks.run_until_idle()
    advance(minutes=30)

    assert bodies() == {ada.phone: "About Coffee"}


def test_what_was_forgotten_is_not_named(coffee: Interest) -> None:
    live_sequence(
        trigger="customer_registered",
        steps=[("send_message", {"text": "For you: {{ interests.top | default: 'news' }}"})],
    )
    ada = reachable_contact(first_name="Ada")
    for number in range(4):
        look(ada, f"look-{number}")
    tasks.run_until_idle()
    interest_actions.forget_inferred(ada.pk, now=clock.now())
    register(ada)

    assert bodies() == {ada.phone: "For you: news"}
