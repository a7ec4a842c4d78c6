"""What goes out once waits for a person to start it, goes to the first, and then to the rest, or is held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as Many
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.enrolments import actions, audience, once, once_outcome, upgrade
from wagtail_drip.enrolments.audience import Some
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences import querysets as of_sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})
NOW = datetime(2027, 5, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def written(**options: Any) -> Sequence:
    made = live_sequence(
        **{"trigger": None, "trigger_kind": "once", "steps": [HELLO], "is_started": False, **options}
    )
    SequenceRuntime.objects.filter(sequence=made).update(entering_since=NOW, changed_at=NOW)
    return made


def start(sequence: Sequence, *, first: int = 0, at: datetime = NOW, **options: Any) -> OnceRun | None:
    version = SequenceRuntime.objects.get(sequence=sequence).version_id
    return once.start(
        sequence.pk,
        **{
            "version_id": version,
            "first": FirstPart(people=first),
            "people": Contact.objects.count(),
            "by": "ada",
            "now": at,
            **options,
        },
    )


def look(*moments: datetime, limit: int | None = None) -> None:
    for moment in moments:
        while check_due(now=moment, limit=limit):
            pass


def inside() -> set[int]:
    return set(Enrolment.objects.values_list("contact_id", flat=True))


def went(people: Many[Contact], *, at: datetime = NOW, **fields: Any) -> None:
    """Say what became of the texts of those who have entered."""
    run_due(now=at)
    Message.objects.filter(contact__in=people).update(
        **{"state": "sent", "due_at": None, "handed_over_at": at, "sent_at": at, "created_at": at, **fields}
    )


def say_no(people: Many[Contact], *, at: datetime) -> None:
    for person in people:
        no = Consent(group=PurposeGroup.MARKETING, granted=False, source="test", method=ConsentMethod.KEYWORD)
        contacts.record_consent(contact_id=person.pk, site_id=Site.objects.get().pk, consent=no, now=at)


def state(sequence: Sequence) -> str:
    return OnceRun.objects.get(sequence=sequence).state


def test_nobody_enters_before_somebody_starts_it() -> None:
    people = crowd(3)
    sequence = written()

    look(NOW, NOW + timedelta(days=9))
    before = inside()
    run = start(sequence, at=NOW + timedelta(days=9))
    look(NOW + timedelta(days=9))

    assert before == set()
    assert run is not None
    assert (run.started_by, run.people, run.first) == ("ada", 3, 0)
    assert inside() == {person.pk for person in people}
    assert state(sequence) == "done"


def test_it_may_be_started_before_any_worker_has_looked_and_keeps_its_date() -> None:
    crowd(3)
    sequence = written(trigger_moment=NOW + 2 * HOUR)
    start(sequence)

    look(NOW, NOW + HOUR)
    before = inside()
    look(NOW + 2 * HOUR)

    assert before == set()
    assert len(inside()) == 3


def test_starting_twice_starts_once() -> None:
    crowd(3)
    sequence = written()
    first = start(sequence)

    second = start(sequence, at=NOW + HOUR)
    look(NOW + HOUR)
    third = start(sequence, at=NOW + 2 * HOUR)
    look(NOW + 2 * HOUR)

    assert first is not None
    assert second is third is None
    assert OnceRun.objects.get().started_at == NOW
    assert Enrolment.objects.count() == 3


def test_other_words_for_the_same_people_are_started_already_and_other_people_are_not() -> None:
    crowd(2)
    sequence = written()
    start(sequence)
    look(NOW)
    sequence.steps = [("send_message", {"text": "Hello again"})]
    publish(sequence, is_started=False)
    same = start(sequence, at=NOW + HOUR)
    newcomer = crowd(1)[0]
    look(NOW + HOUR)
    before = inside()
    sequence.trigger_moment = NOW + 2 * HOUR
    publish(sequence, is_started=False)
    look(NOW + 3 * HOUR)
    waiting = inside()
    other = start(sequence, at=NOW + 3 * HOUR)
    look(NOW + 3 * HOUR)

    assert same is None
    assert newcomer.pk not in before
    assert waiting == before
    assert other is not None
    assert inside() == before | {newcomer.pk}
    assert Enrolment.objects.count() == 3


def test_another_version_than_was_looked_at_is_not_started() -> None:
    crowd(2)
    sequence = written()

    assert start(sequence, version_id=0) is None
    sequences.pause(sequence.pk, now=NOW)
    assert start(sequence) is None
    assert OnceRun.objects.count() == 0


def test_what_is_underway_ends_when_it_is_published_for_other_people() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)
    sequence.trigger_audience, sequence.trigger_tag = "tag", "vip"
    publish(sequence, is_started=False)

    look(NOW + HOUR, NOW + 2 * HOUR)

    assert Enrolment.objects.count() == 4
    assert state(sequence) == "stopped"


def test_the_first_are_some_of_all_and_the_rest_follows_after_the_wait() -> None:
    people = crowd(600)
    sequence = written()
    start(sequence, first=50)

    look(NOW, limit=20)
    first = inside()
    went(people)
    look(NOW + 59 * timedelta(minutes=1))
    waiting = inside()
    look(NOW + HOUR)

    assert len(first) == 50
    assert waiting == first
    # Not the oldest of them: every tenth of the crowd has its share.
    tenths = Counter([person.pk for person in people].index(pk) // 60 for pk in first)
    assert set(tenths) == set(range(10))
    assert inside() == {person.pk for person in people}
    assert Enrolment.objects.count() == 600
    assert state(sequence) == "done"


def test_some_are_the_same_whenever_they_are_asked_for() -> None:
    crowd(300)
    some = Some.about(30, of=300, seed=7)

    found = set(some.of(Contact.objects.all()).values_list("pk", flat=True))

    assert found == set(some.of(Contact.objects.all()).values_list("pk", flat=True))
    assert found != set(Some.about(30, of=300, seed=8).of(Contact.objects.all()).values_list("pk", flat=True))
    assert 30 <= len(found) <= 45


def test_at_night_the_rest_waits_until_the_first_texts_have_gone() -> None:
    people = crowd(600)
    sequence = written()
    start(sequence, first=50)
    look(NOW)
    run_due(now=NOW)

    look(*(NOW + number * HOUR for number in range(1, 9)))
    at_night = len(inside())
    went(people, at=NOW + 8 * HOUR)
    look(NOW + 8.5 * HOUR)
    in_the_morning = len(inside())
    look(NOW + 9 * HOUR)

    assert (at_night, in_the_morning) == (50, 50)
    assert len(inside()) == 600


def failing(people: Many[Contact], first: Many[Contact]) -> None:
    went(people)
    Message.objects.filter(contact__in=first[:6]).update(state="failed")


def leaving(people: Many[Contact], first: Many[Contact]) -> None:
    went(people)
    say_no(first[:3], at=NOW + timedelta(minutes=5))


def complaining(people: Many[Contact], first: Many[Contact]) -> None:
    went(people)
    Complaint.objects.bulk_create(
        Complaint(contact=person, source="staff", recorded_at=NOW + timedelta(minutes=5))
        for person in first[:2]
    )


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        pytest.param(failing, ("failed", 6, 50), id="too many texts fail"),
        pytest.param(leaving, ("opted_out", 3, 50), id="too many say no"),
        pytest.param(complaining, ("complaints", 2, 50), id="people complain"),
    ],
)
def test_the_rest_is_held_back_and_goes_on_when_somebody_lets_it(
    trouble: Any, found: tuple[str, int, int], caplog: pytest.LogCaptureFixture
) -> None:
    people = crowd(600)
    sequence = written()
    start(sequence, first=50)
    look(NOW)
    trouble(people, list(Contact.objects.filter(pk__in=inside())))

    look(NOW + timedelta(minutes=10))
    run = OnceRun.objects.get()
    look(NOW + 9 * HOUR)
    held = len(inside())
    went_on = once.go_on(sequence.pk, run_id=run.pk, by="bob", now=NOW + 9 * HOUR)
    again = once.go_on(sequence.pk, run_id=run.pk, by="bob", now=NOW + 9 * HOUR)
    look(NOW + 9 * HOUR)

    assert (run.state, run.held_for, run.held_n, run.held_of) == ("held", *found)
    assert "is held back" in caplog.text
    assert held == 50
    assert (went_on, again) == (True, False)
    assert OnceRun.objects.get().decided_by == "bob"
    # Who has said no is no longer among those whom it goes to.
    assert len(inside()) == 600


def test_a_step_that_ends_a_topic_is_nobody_s_opt_out() -> None:
    people = crowd(600)
    sequence = written()
    start(sequence, first=50)
    look(NOW)
    went(people)
    first = list(Contact.objects.filter(pk__in=inside()))
    say_no(first[:5], at=NOW)
    from wagtail_drip.contacts.models import ConsentRecord

    rows = ConsentRecord.objects.filter(granted=False)
    super(type(rows), rows).update(method="sequence")

    assert once_outcome.of_first(OnceRun.objects.get(sequence=sequence)).opted_out == 0


def test_the_rest_may_go_before_its_time() -> None:
    people = crowd(600)
    sequence = written()
    run = start(sequence, first=50)
    assert run is not None
    look(NOW)
    went(people)

    assert once.go_on(sequence.pk, run_id=run.pk, by="bob", now=NOW + timedelta(minutes=1))
    look(NOW + timedelta(minutes=1))

    assert len(inside()) == 600


def test_stopping_ends_it_and_it_can_be_started_again_for_those_it_had_not_reached() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)
    had_it = inside()

    stopped = once.stop(sequence.pk, by="bob", now=NOW + HOUR)
    again = once.stop(sequence.pk, by="bob", now=NOW + HOUR)
    look(NOW + HOUR)
    while upgrade.park_due(now=NOW + HOUR):
        pass
    publish(sequence, is_started=False)
    look(NOW + 2 * HOUR)
    after_stopping = inside()
    start(sequence, at=NOW + 3 * HOUR)
    look(NOW + 3 * HOUR)

    assert (stopped, again) == (True, False)
    assert len(had_it) == 4
    assert after_stopping == had_it
    assert len(inside()) == 9
    assert Enrolment.objects.count() == 9


def test_ending_it_elsewhere_stops_it_too() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)

    sequences.end(sequence.pk, now=NOW + HOUR)
    while upgrade.park_due(now=NOW + HOUR):
        pass

    assert state(sequence) == "stopped"


def test_a_pause_keeps_its_place() -> None:
    crowd(9)
    sequence = written()
    start(sequence)
    check_due(now=NOW, limit=4)

    sequences.pause(sequence.pk, now=NOW)
    look(NOW + HOUR)
    paused = len(inside())
    sequences.resume(sequence.pk, now=NOW + 2 * HOUR)
    look(NOW + 2 * HOUR)

    assert paused == 4
    assert len(inside()) == 9


@pytest.mark.parametrize("dies_in", ["note", "admit"])
def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nobody(
    dies_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = crowd(600)
    sequence = written()
    start(sequence, first=50)
    calls = Counter[str]()
    where: Any = {"note": once, "admit": actions}[dies_in]
    real = getattr(where, dies_in)

    def dying(*args: Any, **options: Any) -> Any:
        done = real(*args, **options)
        calls["n"] += 1
        if calls["n"] % 2:
            raise RuntimeError("killed")
        return done

    monkeypatch.setattr(where, dies_in, dying)
    for moment in (NOW + number * timedelta(minutes=10) for number in range(40)):
        look(moment, limit=30)
        went(people, at=moment)
        TriggerCheck.objects.update(attempts=0)

    assert len(inside()) == Enrolment.objects.count() == 600
    assert state(sequence) == "done"


def test_deciding_costs_the_same_however_many_went_first() -> None:
    def cost(first: int) -> int:
        Enrolment.objects.all().delete()
        Message.objects.all().delete()
        TriggerCheck.objects.all().delete()
        OnceRun.objects.all().delete()
        start(sequence, first=first)
        look(NOW)
        went(people)
        with CaptureQueriesContext(connection) as captured:
            check_due(now=NOW + timedelta(minutes=5))
        assert state(sequence) == "watching"
        return len(captured)

    people = crowd(400)
    sequence = written()

    assert cost(20) == cost(200)


def test_whom_it_is_for_is_more_than_whom_it_reaches() -> None:
    agreed, never = reachable_contact(), reachable_contact(agreed_to=())
    sequence = written()
    running = of_sequences.live([sequence.pk])[sequence.pk]

    meant = set(audience.meant(running.flow).values_list("pk", flat=True))
    reached = set(audience.audience(running.flow, audience.place_of(running)).values_list("pk", flat=True))

    assert meant == {agreed.pk, never.pk}
    assert reached == {agreed.pk}


@pytest.mark.parametrize(
    ("has_gone", "expected"), [(True, "done"), (False, "rest")], ids=["it went", "it is to go"]
)
def test_what_was_published_before_there_were_starts_is_started(has_gone: bool, expected: str) -> None:
    crowd(2)
    sequence = written(trigger_moment=NOW + HOUR)
    check_due(now=NOW)
    TriggerCheck.objects.update(due_at=None if has_gone else NOW + HOUR)
    live_sequence(trigger="order_placed", steps=[HELLO])
    migration = import_module("wagtail_drip.migrations.0037_started_already")

    for _again in range(2):
        migration.start(apps, None)
    started = state(sequence)
    look(NOW + 2 * HOUR)

    assert (started, OnceRun.objects.count()) == (expected, 1)
    assert len(inside()) == (0 if has_gone else 2)
