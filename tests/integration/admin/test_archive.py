"""Deleting: into the archive and back, and what is in use stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import ReferenceIndex

from tests.integration.admin.test_sequence_switches import PUBLISHER, inside, staff
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import clock
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/sequences/"
SAVED = "/admin/text-messages/saved-messages/"
HELLO = [("send_message", {"text": "Hello"})]


@pytest.fixture
def owner() -> Client:
    client = Client()
    user = User.objects.create_superuser("olga", "olga@shop.example", "pass")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def sequence(site_id: int) -> Sequence:
    return live_sequence(name="Tips", steps=HELLO)


def test_deleting_asks_archives_and_can_be_taken_back(owner: Client, sequence: Sequence) -> None:
    inside(sequence, "a")

    asked = owner.get(f"{LIST}delete/{sequence.pk}/", follow=True)
    assert asked.redirect_chain == [(f"{LIST}archive/{sequence.pk}/", 302)]
    page = asked.content.decode()
    assert "Delete “Tips”?" in page
    assert "1 person is inside." in page
    done = owner.post(f"{LIST}archive/{sequence.pk}/", follow=True)

    assert "can be had back for 30 days" in done.content.decode()
    assert f"edit/{sequence.pk}/" not in owner.get(LIST).content.decode()
    assert "Tips" in owner.get(f"{LIST}archive/").content.decode()
    edit = owner.get(f"{LIST}edit/{sequence.pk}/")
    assert edit.status_code == 302
    assert edit["Location"] == f"{LIST}restore/{sequence.pk}/"

    back = owner.post(f"{LIST}restore/{sequence.pk}/", follow=True)
    assert "is back. Publish it to start it anew." in back.content.decode()
    assert SequenceRuntime.objects.get().state == "ended"
    while park_due():
        pass
    assert "Tips" not in owner.get(f"{LIST}archive/").content.decode()


def test_after_thirty_days_it_is_shown_without_a_way_back(owner: Client, sequence: Sequence) -> None:
    long_ago = clock.now() - timedelta(days=31)
    actions.archive(sequence.pk, now=long_ago)

    page = owner.get(f"{LIST}archive/").content.decode()
    refused = owner.post(f"{LIST}restore/{sequence.pk}/", follow=True)

    assert "Tips" in page
    assert f"{LIST}restore/" not in page
    assert "Nothing changed" in refused.content.decode()


def test_several_at_once_go_there_together(owner: Client, sequence: Sequence) -> None:
    draft = Sequence.objects.create(name="A draft", live=False)
    address = f"/admin/bulk/wagtail_drip/sequence/delete/?id={sequence.pk}&id={draft.pk}&next={LIST}"

    assert owner.get(address).status_code == 200
    owner.post(address)

    assert list(SequenceRuntime.objects.values_list("state", flat=True)) == ["archived", "archived"]
    assert Sequence.objects.count() == 2


def test_a_sequence_that_another_one_starts_is_not_deleted(owner: Client, sequence: Sequence) -> None:
    live_sequence(name="The first", steps=[("enrol_in", {"sequence": sequence})])

    for answer in (
        owner.get(f"{LIST}delete/{sequence.pk}/", follow=True),
        owner.post(f"{LIST}archive/{sequence.pk}/", follow=True),
    ):
        assert "“Tips” is used in: The first." in answer.content.decode()
    assert set(SequenceRuntime.objects.values_list("state", flat=True)) == {"live"}


def test_a_saved_message_in_use_is_not_deleted_wherever_it_stands(owner: Client, site_id: int) -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Bye")
    branch = {"event": "link_clicked", "yes": [("send_message", {"saved_message": saved})], "no": HELLO}
    user = live_sequence(name="The first", trigger="cart_abandoned", steps=[("branch", branch)])

    for address in (
        f"{SAVED}delete/{saved.pk}/",
        f"/admin/bulk/wagtail_drip/messagetemplate/delete/?id={saved.pk}&next={SAVED}",
    ):
        assert "“Farewell” is used in: The first." in owner.post(address, follow=True).content.decode()
    assert MessageTemplate.objects.exists()

    user.steps = user.steps.stream_block.to_python([])
    user.save()
    ReferenceIndex.create_or_update_for_object(user)
    owner.post(f"{SAVED}delete/{saved.pk}/")
    assert not MessageTemplate.objects.exists()


def test_only_who_may_delete_gets_here(sequence: Sequence) -> None:
    client = staff(*PUBLISHER)

    for name in (f"archive/{sequence.pk}/", f"restore/{sequence.pk}/", "archive/"):
        for method in (client.get, client.post):
            assert method(f"{LIST}{name}").status_code in (302, 405)
    assert SequenceRuntime.objects.get().state == "live"
    assert f"{LIST}archive/" not in client.get(LIST).content.decode()


def test_the_archive_costs_as_many_queries_however_full_it_is(owner: Client, site_id: int) -> None:
    counts = []
    for _size in (1, 5):
        for _ in range(_size):
            actions.archive(live_sequence(steps=HELLO).pk, now=clock.now())
        owner.get(f"{LIST}archive/")
        with CaptureQueriesContext(connection) as captured:
            owner.get(f"{LIST}archive/")
        counts.append(len(captured))
    assert counts[1] == counts[0]


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ("pause", "1 text waits in the outbox; it is kept"),
        ("end", "1 text that waits in the outbox is not sent."),
        ("archive", "1 text that waits in the outbox is not sent."),
        ("resume", "1 text that waits in the outbox goes first."),
    ],
)
def test_a_switch_tells_whom_it_concerns(owner: Client, sequence: Sequence, switch: str, words: str) -> None:
    inside(sequence, "a")
    now = clock.now()
    Message.objects.create(
        key="enr:1:1",
        contact_id=sequence.enrolments.get().contact_id,
        site_id=sequence.enrolments.get().site_id,
        sequence_id=sequence.pk,
        state="scheduled",
        purpose="promotional",
        due_at=now,
        expires_at=now + timedelta(days=1),
        reference="r",
        created_at=now,
    )
    if switch == "resume":
        actions.pause(sequence.pk, now=now)
        sequence.enrolments.update(state="paused", parked_due_at=now)

    page = owner.get(f"{LIST}{switch}/{sequence.pk}/").content.decode()

    assert words in page
    assert "1 person is inside." in page
    if switch == "resume":
        assert "1 person goes on at once." in page
