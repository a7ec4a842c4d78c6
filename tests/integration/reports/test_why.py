"""Why (not), and when next: the answers agree with what the workers then do, and asking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip import api
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports import why
from wagtail_drip.reports.why import Answer
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test import time_travel
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

WELCOME = [
    ("wait_duration", {"amount": 2, "unit": "hours"}),
    ("send_message", {"text": "Hello {{ contact.first_name | default: 'there' }}"}),
]


def happens(person: Contact, name: str = "custom:visit", **properties: object) -> None:
    assert api.emit(
        name, key=f"{name}:{clock.now().isoformat()}", contact={"phone": person.phone}, properties=properties
    )
    time_travel.run()


def asked(person: Contact, sequence: Sequence, *, at: datetime | None = None) -> Answer:
    return why.explain(person, sequence, now=clock.now(), at=at)


def rows_of_everything() -> dict[str, list[object]]:
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("wagtail_drip").get_models()
    }


def saturday_at_22(after: datetime) -> datetime:
    day = after + timedelta(days=(5 - after.weekday()) % 7 or 7)
    return day.replace(hour=22, minute=0, second=0, microsecond=0)


@pytest.fixture
def sequence(drip_outbox: list[object]) -> Sequence:
    return live_sequence(name="Welcome", trigger="custom:visit", steps=WELCOME)


@pytest.fixture
def ada(drip_outbox: list[object]) -> Contact:
    return reachable_contact(first_name="Ada")


def test_whoever_is_inside_is_told_where_and_when_the_next_text_goes(
    sequence: Sequence, ada: Contact
) -> None:
    happens(ada)

    run = asked(ada, sequence).current

    assert run is not None
    assert [visit.row.kind for visit in run.visits] == ["wait_duration"]
    assert run.visits[0].row.decisions[0]["rule"]["name"] == "wait_duration"
    expected = Enrolment.objects.get().due_at
    assert expected is not None
    assert run.next_text == expected
    time_travel.advance_to(expected)
    assert Message.objects.get().handed_over_at is not None


def test_a_text_that_is_put_off_is_told_its_reason_and_its_moment(
    ada: Contact, drip_advance: Callable[..., None]
) -> None:
    sequence = live_sequence(trigger="custom:visit", steps=[WELCOME[1]])
    drip_advance(hours=10.5)  # half past ten at night
    happens(ada)

    (visit,) = asked(ada, sequence).runs[0].visits

    assert visit.message is not None
    assert visit.message.state == "scheduled"
    assert visit.outlook is not None
    assert visit.outlook.next_at == visit.message.due_at
    assert visit.message.due_at is not None
    time_travel.advance_to(visit.message.due_at)
    visit.message.refresh_from_db()
    assert visit.message.state in ("sent", "delivered")


def test_the_same_for_a_moment_to_come(sequence: Sequence, ada: Contact) -> None:
    happens(ada)
    night = saturday_at_22(clock.now())

    answer = asked(ada, sequence, at=night)

    assert answer.gate is not None
    assert answer.gate.decision.verdict == "defer"
    assert answer.gate.next_at is not None
    assert answer.gate.next_at > night
    assert answer.current is not None
    assert [stop.kind for stop in answer.current.ahead] == ["wait_duration", "send_message"]
    assert answer.current.ahead[-1].at < night


def test_each_thing_that_stands_in_the_way_is_told_not_only_the_first(
    sequence: Sequence, site_id: int
) -> None:
    from wagtail_drip.core import actions as core

    core.close_site(site_id)
    stranger = reachable_contact(first_name="Owen", agreed_to=())

    answer = asked(stranger, sequence, at=saturday_at_22(clock.now()))

    assert answer.gate is not None
    assert {each.reason for each in answer.gate.obstacles} >= {"not_open_yet", "no_consent"}
    assert answer.gate.obstacles[-1].reason in ("quiet_hours", "send_window")
    assert answer.gate.next_at is None


def test_whoever_never_entered_is_told_which_rule_said_no(ada: Contact) -> None:
    sequence = live_sequence(trigger=("custom:visit", [("pages", "at_least", "3")]), steps=WELCOME)
    assert asked(ada, sequence).tried == ()

    happens(ada, pages=2)
    (tried,) = asked(ada, sequence).tried

    assert not Enrolment.objects.exists()
    assert tried.refused_by is not None
    assert (tried.refused_by.name, tried.refused_by.value) == (EntryRule.CONDITION, 2)


def test_a_second_time_is_refused_by_the_rule_of_reentry(
    sequence: Sequence, ada: Contact, drip_advance: Callable[..., None]
) -> None:
    happens(ada)
    drip_advance(days=2)
    happens(ada)

    answer = asked(ada, sequence)

    assert len(answer.runs) == 1
    newest, oldest = answer.tried
    assert newest.refused_by is not None
    assert newest.refused_by.name == EntryRule.REENTRY
    assert oldest.happening.has_started
    assert [check.name for check in answer.standing if not check.holds] == [EntryRule.REENTRY]


def test_a_paused_sequence_says_so_and_promises_nothing(sequence: Sequence, ada: Contact) -> None:
    happens(ada)
    sequences.pause(sequence.pk, now=clock.now(), by="Owen")

    answer = asked(ada, sequence)

    assert [check.value for check in answer.standing if check.name == EntryRule.SEQUENCE_STATE] == ["paused"]
    assert answer.current is not None
    assert answer.current.next_text is None


def test_a_sequence_that_was_never_published(ada: Contact) -> None:
    draft = Sequence.objects.create(name="Draft", live=False)

    answer = asked(ada, draft)

    assert (answer.runs, answer.gate, answer.tried) == ((), None, ())
    assert [check.name for check in answer.standing] == [EntryRule.NEVER_PUBLISHED]


def test_asking_writes_nothing(sequence: Sequence, ada: Contact) -> None:
    happens(ada)
    reachable_contact(first_name="Owen", agreed_to=())
    before = rows_of_everything()

    with CaptureQueriesContext(connection) as queries:
        asked(ada, sequence)
        asked(ada, sequence, at=saturday_at_22(clock.now()))
        asked(Contact.objects.get(first_name="Owen"), sequence)

    assert rows_of_everything() == before
    written = [
        query["sql"] for query in queries if query["sql"].split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE")
    ]
    assert written == []


def test_the_number_of_queries_does_not_grow_with_the_story(ada: Contact) -> None:
    def story(visits: int, runs: int) -> int:
        sequence = live_sequence(
            trigger=f"custom:v{visits}",
            reentry="always",
            purpose="transactional",
            steps=[WELCOME[1], WELCOME[0]] * visits,
        )
        for _ in range(runs):
            happens(ada, f"custom:v{visits}")
            time_travel.advance(days=visits)
        happens(ada, f"custom:v{visits}")
        with CaptureQueriesContext(connection) as queries:
            answer = asked(ada, sequence, at=datetime(2027, 6, 1, tzinfo=UTC))
        assert len(answer.runs) == runs + 1
        return len(queries)

    assert story(1, 1) == story(4, 3)
