"""Editing a saved message tells whom it concerns, and asks what becomes of the old words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.integration.admin.test_sequence_switches import staff
from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.content.models import MessageTemplate, PinnedText
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

SAVED = "/admin/text-messages/saved-messages/"
A_DAY = ("wait_duration", {"amount": 1, "unit": "days"})


@pytest.fixture
def owner() -> Client:
    client = Client()
    user = User.objects.create_superuser("olga", "olga@shop.example", "pass")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def saved(site_id: int) -> MessageTemplate:
    made = MessageTemplate.objects.create(name="Farewell", text="Bye")
    made.save_revision().publish()
    return made


def sending(saved: MessageTemplate, name: str) -> Sequence:
    return live_sequence(
        name=name,
        steps=[("send_message", {"text": "Hello"}), A_DAY, ("send_message", {"saved_message": saved})],
    )


def publish(owner: Client, saved: MessageTemplate, text: str) -> Any:
    fields = {"name": saved.name, "text": text, "action-publish": "x"}
    return owner.post(f"{SAVED}edit/{saved.pk}/", fields, follow=True)


def words_of(sequence: Sequence) -> list[str]:
    version = SequenceVersion.objects.filter(sequence=sequence).latest("number")
    ids = [step["settings"].get("text_id") for step in version.flow["steps"]]
    texts = dict(PinnedText.objects.values_list("pk", "source"))
    return [texts[pk] for pk in ids if pk]


def test_the_page_tells_who_waits_for_it(owner: Client, saved: MessageTemplate) -> None:
    first, second = sending(saved, "First"), sending(saved, "Second")
    live_sequence(name="Other", steps=[("send_message", {"text": "Bye"})])
    stand_at_the_start(first, crowd(3))
    run_due(now=clock.now() + timedelta(seconds=1))
    stand_at_the_start(second, crowd(2))
    # Whoever has had it does not wait for it.
    had = Enrolment.objects.filter(sequence=first).order_by("pk").first()
    assert had is not None
    last = had.version.flow["steps"][2]["id"]
    Enrolment.objects.filter(pk=had.pk).update(step_id=last, visit=3)

    page = owner.get(f"{SAVED}edit/{saved.pk}/").content.decode()

    assert "Used in 2 running sequences, 4 people wait for it." in page
    assert "Other" not in page.split("They keep the old words")[1][:400]


def test_a_change_is_asked_about_and_taken_over_where_wanted(owner: Client, saved: MessageTemplate) -> None:
    first, second = sending(saved, "First"), sending(saved, "Second")
    stand_at_the_start(first, crowd(2))
    run_due(now=clock.now() + timedelta(seconds=1))
    draft = Sequence.objects.get(pk=first.pk)
    draft.steps = draft.steps.stream_block.to_python([dict(draft.steps.get_prep_value()[0])])
    draft.save_revision()
    before = list(Enrolment.objects.order_by("pk").values_list("step_id", "due_at"))

    asked = publish(owner, saved, "Farewell")
    assert asked.redirect_chain[-1][0] == f"{SAVED}uses/{saved.pk}/"
    assert "Who gets the new words of “Farewell”?" in asked.content.decode()
    assert (words_of(first), words_of(second)) == (["Hello", "Bye"], ["Hello", "Bye"])
    done = owner.post(f"{SAVED}uses/{saved.pk}/", {"sequence": [first.pk]}, follow=True)
    while park_due():
        pass

    assert "These send the new words from now on: First." in done.content.decode()
    assert (words_of(first), words_of(second)) == (["Hello", "Farewell"], ["Hello", "Bye"])
    assert list(Enrolment.objects.order_by("pk").values_list("step_id", "due_at")) == before
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {2}


def test_nothing_is_asked_where_nothing_changes(owner: Client, saved: MessageTemplate) -> None:
    assert publish(owner, saved, "Farewell").redirect_chain[-1][0] == SAVED
    sending(saved, "First")
    assert publish(owner, saved, "Farewell").redirect_chain[-1][0] == SAVED


def test_what_finishes_or_has_ended_is_left_alone(owner: Client, saved: MessageTemplate) -> None:
    finishing, ended, paused = (sending(saved, name) for name in ("Finishing", "Ended", "Paused"))
    finishing.unpublish()
    actions.end(ended.pk, now=clock.now())
    actions.pause(paused.pk, now=clock.now())

    page = publish(owner, saved, "Farewell").content.decode()
    owner.post(f"{SAVED}uses/{saved.pk}/", {"sequence": [finishing.pk, ended.pk, paused.pk]})

    assert "Used in 1 running sequence" in page
    assert [words_of(each)[1] for each in (finishing, ended, paused)] == ["Bye", "Bye", "Farewell"]
    states = dict(SequenceRuntime.objects.values_list("sequence__name", "state"))
    assert states == {"Finishing": "draining", "Ended": "ended", "Paused": "paused"}
    assert not actions.take_over_saved_messages(finishing.pk, now=clock.now())


def test_it_costs_as_many_queries_however_many_are_concerned(owner: Client, saved: MessageTemplate) -> None:
    counts = []
    for _ in range(2):
        for size in (1, 3):
            stand_at_the_start(sending(saved, f"Number {size}"), crowd(size))
        owner.get(f"{SAVED}uses/{saved.pk}/")
        with CaptureQueriesContext(connection) as captured:
            owner.get(f"{SAVED}uses/{saved.pk}/")
        counts.append(len([q for q in captured.captured_queries if "wagtail_drip_enrolment" in q["sql"]]))
    assert counts == [1, 1]


def test_only_who_may_publish_sequences_takes_it_over(saved: MessageTemplate) -> None:
    sequence = sending(saved, "First")
    client = staff("change_messagetemplate", "publish_messagetemplate", "change_sequence")

    assert client.post(f"{SAVED}uses/{saved.pk}/", {"sequence": [sequence.pk]}).status_code == 302
    assert SequenceVersion.objects.count() == 1
