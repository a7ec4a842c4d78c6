"""Publishing with people inside: what is shown before, what is chosen, and undoing it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/sequences/"
STEPS = [
    ("send_message", {"text": "Hello"}),
    ("wait_duration", {"amount": 2, "unit": "days"}),
    ("send_message", {"text": "Bye"}),
]


@pytest.fixture
def owner() -> Client:
    client = Client()
    user = User.objects.create_superuser("ada", "ada@shop.example", "pass")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def sequence(site_id: int) -> Sequence:
    """Three people wait, two have not begun."""
    made = live_sequence(name="Tips", steps=STEPS)
    stand_at_the_start(made, crowd(3))
    run_due(now=clock.now() + timedelta(seconds=1))
    stand_at_the_start(made, crowd(2))
    return made


def draft(sequence: Sequence, *, without: int | None = None, days: int = 2) -> list[dict[str, Any]]:
    """Save a draft with another wait, or without one of the steps, and return its steps."""
    raw = [dict(child) for child in sequence.steps.get_prep_value()]
    raw[1] = {**raw[1], "value": {**raw[1]["value"], "amount": days}}
    kept = [step for place, step in enumerate(raw) if place != without]
    sequence.steps = sequence.steps.stream_block.to_python(kept)
    sequence.save_revision()
    return raw


def until_done() -> None:
    while park_due():
        pass


def page(owner: Client, sequence: Sequence) -> str:
    response = owner.get(f"{LIST}publish/{sequence.pk}/")
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().split("<main", 1)[1]).split())


def go(owner: Client, sequence: Sequence, **chosen: str) -> Any:
    """Press publish with what was chosen by the place of a step in the version before."""
    first = SequenceVersion.objects.filter(sequence=sequence).latest("number")
    revision = Sequence.objects.get(pk=sequence.pk).latest_revision_id
    names = {
        f"{first.pk}:{first.flow['steps'][int(place.removeprefix('at_'))]['id']}": value
        for place, value in chosen.items()
    }
    return owner.post(f"{LIST}publish/{sequence.pk}/", {"revision": revision, **names}, follow=True)


def test_the_page_tells_who_stands_where_and_what_would_happen(owner: Client, sequence: Sequence) -> None:
    draft(sequence, without=1)

    told = page(owner, sequence)

    assert "5 people are inside." in told
    assert "2 keep their step and their wait" in told
    assert "3 go on at the next step, for theirs is gone" in told
    assert "2. Wait (2 days later) version 1 3 Go on at 2. Send a text: Bye" in told
    assert "1. Send a text: Hello version 1 2 Same step, same wait" in told
    assert SequenceVersion.objects.count() == 1


def effects(owner: Client, sequence: Sequence, place: int) -> dict[str, str]:
    """Return what the page says that each choice would do to who stands at that place of the last version."""
    html = owner.get(f"{LIST}publish/{sequence.pk}/").content.decode()
    version = SequenceVersion.objects.filter(sequence=sequence).latest("number")
    row = html.split(f'name="{version.pk}:{version.flow["steps"][place]["id"]}"')[1].split("</tr>")[0]
    return dict(re.findall(r'data-value="([^"]*)">([^<]*)</dd>', row))


def wait_since(**ago: float) -> None:
    Enrolment.objects.filter(entered_step_at__isnull=False).update(
        entered_step_at=clock.now() - timedelta(**ago)
    )


def test_each_choice_is_told_with_what_it_would_do(owner: Client, sequence: Sequence) -> None:
    raw = draft(sequence, days=1)
    wait_since(hours=25)
    Enrolment.objects.filter(pk=Enrolment.objects.order_by("pk").values_list("pk", flat=True)[0]).update(
        entered_step_at=clock.now() - timedelta(hours=3)
    )
    assert Message.objects.count() == 3
    wait = "3 texts that wait in the outbox still go, in the words they have."

    assert effects(owner, sequence, 1) == {
        "": f"3 wait on as long as before. {wait}",
        "recompute": f"2 go on at once. 1 goes on later. {wait}",
        "stay": f"3 go on by version 1 to the end. {wait}",
        "leave": "3 leave. 3 texts that wait in the outbox are not sent.",
        f"move:{raw[0]['id']}": f"3 had it already and go on after it. {wait}",
        f"move:{raw[2]['id']}": (
            f"3 get this text at once, or when your sending times and limits allow. {wait}"
        ),
    }
    assert effects(owner, sequence, 0)["leave"] == "2 leave."


def test_who_was_left_on_a_version_is_told_apart(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=5)
    go(owner, sequence, at_1="stay")
    until_done()
    stand_at_the_start(sequence, crowd(1))
    raw = draft(sequence, without=0, days=6)
    first = SequenceVersion.objects.get(sequence=sequence, number=1)
    second = SequenceVersion.objects.get(sequence=sequence, number=2)
    # One of those who stay would have gone on with the rest.
    stayed = Enrolment.objects.filter(version=first).order_by("pk")
    Enrolment.objects.filter(pk__in=list(stayed.values_list("pk", flat=True)[:1])).update(decided_for=1)
    html = owner.get(f"{LIST}publish/{sequence.pk}/").content.decode()
    row = html.split(f'name="{first.pk}:{raw[1]["id"]}"')[1].split("</tr>")[0]
    told = dict(re.findall(r'data-value="([^"]*)">([^<]*)</dd>', row))

    assert told[""] == (
        "1 waits on as long as before. 1 text that waits in the outbox is not sent. "
        "2 go on by version 1 to the end. 2 texts that wait in the outbox still go, in the words they have."
    )
    assert told["keep"] == ("3 wait on as long as before. 3 texts that wait in the outbox are not sent.")
    assert second.flow["steps"][0]["id"] == raw[0]["id"]


def test_what_is_told_is_what_happens(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=1)
    wait_since(hours=25)
    assert effects(owner, sequence, 1)["recompute"].startswith("3 go on at once.")
    assert effects(owner, sequence, 0)["leave"] == "2 leave."

    go(owner, sequence, at_1="recompute", at_0="leave")
    until_done()
    run_due(now=clock.now() + timedelta(seconds=1))

    assert Message.objects.filter(pinned_text__source="Bye").count() == 3
    assert Enrolment.objects.filter(state="exited").count() == 2


def test_it_says_for_how_many_inside_the_zone_is_guessed(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=5)
    assert "is guessed" not in page(owner, sequence)
    stand_at_the_start(sequence, [reachable_contact(phone="+79161234567")])
    reachable_contact(phone="+79161234568")

    told = page(owner, sequence)

    assert "The time zone of 1 person is guessed: their profile names none" in told
    assert "Set your time zone" in told


def test_the_page_costs_as_many_queries_however_many_are_inside(owner: Client, sequence: Sequence) -> None:
    draft(sequence, without=1)
    counts = []
    for size in (1, 30):
        stand_at_the_start(sequence, crowd(size))
        page(owner, sequence)
        with CaptureQueriesContext(connection) as captured:
            page(owner, sequence)
        counts.append(len(captured))
    assert counts[1] == counts[0]


def test_what_is_chosen_is_done(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=5)

    response = go(owner, sequence, at_1="stay", at_0="leave")
    until_done()

    assert "“Tips” is published. 5 people inside are taken care of" in response.content.decode()
    states = Enrolment.objects.order_by("pk").values_list("state", "version__number", "exit_reason")
    assert list(states) == [("waiting", 1, "")] * 3 + [("exited", 1, "version_migrated")] * 2


def test_people_can_be_sent_to_a_step(owner: Client, sequence: Sequence) -> None:
    raw = draft(sequence, days=5)

    go(owner, sequence, at_1=f"move:{raw[2]['id']}")
    until_done()

    found = Enrolment.objects.order_by("pk").values_list("step_id", "version__number")
    assert list(found) == [(raw[2]["id"], 2)] * 3 + [(raw[0]["id"], 2)] * 2


@pytest.mark.parametrize("value", ["move:nowhere", "recompute", "nonsense", "", "keep"])
def test_what_is_not_offered_is_not_taken(owner: Client, sequence: Sequence, value: str) -> None:
    draft(sequence, days=5)

    go(owner, sequence, at_0=value)
    until_done()

    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {2}
    assert SequenceVersion.objects.get(number=2).choices == []


def test_another_draft_meanwhile_is_looked_at_first(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=5)
    old = Sequence.objects.get(pk=sequence.pk).latest_revision_id
    draft(sequence, days=6)

    response = owner.post(f"{LIST}publish/{sequence.pk}/", {"revision": old}, follow=True)

    assert "Somebody has saved another draft meanwhile." in response.content.decode()
    assert SequenceVersion.objects.count() == 1


def test_what_cannot_run_is_not_published(owner: Client, sequence: Sequence) -> None:
    raw = [dict(child) for child in sequence.steps.get_prep_value()]
    raw[0] = {**raw[0], "value": {**raw[0]["value"], "text": ""}}
    sequence.steps = sequence.steps.stream_block.to_python(raw)
    sequence.save_revision()

    response = owner.get(f"{LIST}publish/{sequence.pk}/", follow=True)

    assert "This draft cannot run yet." in response.content.decode()
    assert response.redirect_chain == [(f"{LIST}edit/{sequence.pk}/", 302)]


def test_a_scheduled_draft_keeps_its_choices_until_its_day(owner: Client, sequence: Sequence) -> None:
    day = clock.now() + timedelta(days=1)
    sequence.go_live_at = day
    draft(sequence, days=5)
    assert "It will be published on" in page(owner, sequence)

    go(owner, sequence, at_1="stay", at_0="leave")
    until_done()
    assert SequenceVersion.objects.count() == 1

    scheduled = Sequence.objects.get(pk=sequence.pk).scheduled_revision
    assert scheduled is not None
    # The day has come, and Wagtail's publish_scheduled finds it.
    past = clock.now() - timedelta(minutes=1)
    scheduled.content["go_live_at"] = past.isoformat()
    scheduled.approved_go_live_at = past
    scheduled.save()
    call_command("publish_scheduled")
    until_done()

    assert sorted(Enrolment.objects.values_list("state", flat=True)) == ["exited"] * 2 + ["waiting"] * 3
    assert SequenceRuntime.objects.get().planned == {}


def test_publishing_from_code_makes_no_choices(sequence: Sequence) -> None:
    draft(sequence, days=5)
    old = Sequence.objects.get(pk=sequence.pk).latest_revision
    assert old is not None
    actions.plan_moves(sequence.pk, revision_id=old.pk, choices={}, now=clock.now())
    draft(sequence, days=6)
    newest = Sequence.objects.get(pk=sequence.pk).latest_revision
    assert newest is not None

    newest.publish()
    until_done()

    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {2}
    assert SequenceVersion.objects.get(number=2).choices == []


def test_the_last_publish_can_be_undone_where_nobody_has_moved(owner: Client, sequence: Sequence) -> None:
    edit = f"{LIST}edit/{sequence.pk}/"
    undo = f"{LIST}undo/{sequence.pk}/"
    assert undo not in owner.get(edit).content.decode()
    draft(sequence, days=5)
    go(owner, sequence, at_1="leave")
    until_done()

    assert undo in owner.get(edit).content.decode()
    assert "5 people have not moved since and can be put back." in owner.get(undo).content.decode()
    owner.post(undo)
    until_done()

    assert set(Enrolment.objects.values_list("running", "version__number")) == {(1, 1)}
    assert undo not in owner.get(edit).content.decode()


@pytest.mark.parametrize("name", ["publish", "undo"])
def test_only_who_may_publish_gets_here(sequence: Sequence, name: str) -> None:
    draft(sequence, days=5)
    user = User.objects.create_user("bob", password="pass", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=("access_admin", "add_sequence", "change_sequence"))
    )
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    for method in (client.get, client.post):
        assert method(f"{LIST}{name}/{sequence.pk}/").status_code == 302
    assert SequenceVersion.objects.count() == 1
