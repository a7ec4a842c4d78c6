"""The first get it before the rest: who they are, what became of their texts, and what holds the rest back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as Many
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd
from tests.integration.enrolments.starting import (
    HELLO,
    HOUR,
    NOW,
    inside,
    look,
    say_no,
    start,
    state,
    stop_and_publish,
    went,
    written,
)
from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.consent import COMPLAINT
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.enrolments import actions, once, once_outcome
from wagtail_drip.enrolments.audience import Some
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment, TriggerCheck
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.privacy import merge as merging

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("place", [0, 1, 2_000, 50_000, 99_999])
def test_who_starts_it_again_has_others_go_first(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _: place)
    crowd(600)
    sequence = written()
    start(sequence, first=50)
    look(NOW)
    had_it = inside()
    stop_and_publish(sequence, at=NOW + HOUR)

    for again in (1, 2):
        at = NOW + 2 * again * HOUR
        start(sequence, first=50, people=600 - 50 * again, at=at)
        look(at)

        run = OnceRun.objects.get()
        assert (run.state, run.entered) == ("watching", 50)
        assert len(inside() - had_it) == 50
        had_it = inside()
        stop_and_publish(sequence, at=at + HOUR)


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


def test_while_the_first_have_not_come_to_their_text_the_rest_waits() -> None:
    people = crowd(600)
    a_day = ("wait_duration", {"amount": 1, "unit": "days"})
    sequence = written(steps=[a_day, HELLO])
    start(sequence, first=50)
    look(NOW)
    run_due(now=NOW)

    look(*(NOW + number * HOUR for number in range(1, 24)))
    before_their_text = len(inside())
    went(people, at=NOW + 24 * HOUR)
    look(NOW + 24.5 * HOUR, NOW + 26 * HOUR)

    assert before_their_text == 50
    assert len(inside()) == 600


def test_where_no_text_is_to_come_nobody_waits_for_one() -> None:
    crowd(600)
    sequence = written(steps=[("add_tag", {"tag": "seen"}), ("wait_duration", {"amount": 9, "unit": "days"})])
    start(sequence, first=50)
    look(NOW)
    run_due(now=NOW)

    look(NOW + HOUR)

    assert len(inside()) == 600


def test_who_is_merged_with_one_of_the_first_counts_as_that_person() -> None:
    people = crowd(600)
    sequence = written()
    run = start(sequence, first=50)
    assert run is not None
    look(NOW)
    went(people)
    first = [person for person in people if person.pk in inside()]
    others = [person for person in people if person.pk not in inside()]
    for theirs, into in zip(first[:3], others[:3], strict=True):
        merging.merge(theirs.pk, into=into.pk, now=NOW)
    for theirs, into in zip(others[3:6], first[3:6], strict=True):
        merging.merge(theirs.pk, into=into.pk, now=NOW)
    merging.merge(first[7].pk, into=first[8].pk, now=NOW)

    say_no(others[:3], at=NOW + timedelta(minutes=5))
    outcome = once_outcome.of_first(run)

    assert (outcome.people, outcome.waiting, outcome.went, outcome.opted_out) == (49, 0, 50, 3)


def test_a_no_that_a_merge_carries_over_is_nobody_s_opt_out() -> None:
    people = crowd(600)
    sequence = written()
    run = start(sequence, first=50)
    assert run is not None
    look(NOW)
    went(people)
    first = [person for person in people if person.pk in inside()]
    others = [person for person in people if person.pk not in inside()]
    say_no(others[:3], at=NOW - HOUR)
    complained = Consent(
        group=PurposeGroup.MARKETING, granted=False, source=f"{COMPLAINT}1", method=ConsentMethod.STAFF
    )
    contacts.record_consent(
        contact_id=others[3].pk, site_id=Site.objects.get().pk, consent=complained, now=NOW - HOUR
    )

    for theirs, into in zip(others[:4], first[:4], strict=True):
        merging.merge(theirs.pk, into=into.pk, now=NOW + timedelta(minutes=1))

    assert Permission.objects.filter(contact__in=first[:4], granted=False).count() == 4
    assert once_outcome.of_first(run).opted_out == 0


def test_who_of_all_that_entered_has_left_is_found_after_a_merge_too() -> None:
    people = crowd(4)
    sequence = written()
    run = start(sequence)
    assert run is not None
    look(NOW)
    newcomer, stranger = crowd(2)
    merging.merge(people[0].pk, into=newcomer.pk, now=NOW + HOUR)
    for person in (newcomer, people[1], stranger):
        Complaint.objects.create(contact=person, source="staff", recorded_at=NOW + 2 * HOUR)

    assert once_outcome.left(run) == (0, 2)


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
