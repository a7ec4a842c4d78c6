"""The list of sequences and their switches: what each does, who may change that, and what is told before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from wagtail_drip.admin.sequences.moves import Moves, moves
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.reports.models import StepDay
from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIST = "/admin/text-messages/sequences/"


def staff(*permissions: str, name: str = "ada") -> Client:
    user = User.objects.create_user(name, password="pass", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("access_admin", *permissions)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


EDITOR = ("add_sequence", "change_sequence")
PUBLISHER = (*EDITOR, "publish_sequence")


def live(name: str = "Baskets") -> Sequence:
    steps = [{"type": "send_message", "id": "a", "value": {"text": "Hello"}}]
    sequence = Sequence.objects.create(name=name, trigger_event="cart_abandoned", live=False, steps=steps)
    sequence.save_revision().publish()
    return sequence


# The switches


@pytest.mark.parametrize(
    ("switch", "state"),
    [pytest.param("pause", "paused", id="pause"), pytest.param("end", "ended", id="end")],
)
def test_a_switch_asks_first_and_acts_on_post(switch: str, state: str) -> None:
    sequence = live()
    client = staff(*PUBLISHER)

    asked = client.get(f"{LIST}{switch}/{sequence.pk}/")
    before = SequenceRuntime.objects.get().state
    done = client.post(f"{LIST}{switch}/{sequence.pk}/")

    assert asked.status_code == 200
    assert "0 people are inside." in asked.content.decode()
    assert before == "live"
    assert done.status_code == 302
    assert SequenceRuntime.objects.get().state == state


def test_resuming_is_offered_only_to_what_is_paused() -> None:
    sequence = live()
    client = staff(*PUBLISHER)
    edit = f"{LIST}edit/{sequence.pk}/"

    running = client.get(edit).content.decode()
    actions.pause(sequence.pk, now=NOW)
    paused = client.get(edit).content.decode()
    client.post(f"{LIST}resume/{sequence.pk}/")

    assert f"{LIST}resume/{sequence.pk}/" not in running
    assert f"{LIST}pause/{sequence.pk}/" in running
    assert f"{LIST}resume/{sequence.pk}/" in paused
    assert f"{LIST}pause/{sequence.pk}/" not in paused
    assert SequenceRuntime.objects.get().state == "live"


@pytest.mark.parametrize("switch", ["pause", "resume", "end"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_publish_may_not_switch(switch: str, method: str) -> None:
    sequence = live()
    client = staff(*EDITOR)

    response = getattr(client, method)(f"{LIST}{switch}/{sequence.pk}/")

    assert response.status_code == 302
    assert response.headers["Location"] == "/admin/"
    assert SequenceRuntime.objects.get().state == "live"
    assert f"{LIST}{switch}/{sequence.pk}/" not in client.get(f"{LIST}edit/{sequence.pk}/").content.decode()


def test_pressing_twice_says_that_nothing_changed() -> None:
    sequence = live()
    client = staff(*PUBLISHER)
    client.post(f"{LIST}pause/{sequence.pk}/")

    page = client.post(f"{LIST}pause/{sequence.pk}/", follow=True).content.decode()

    assert "Nothing changed" in page


# The list


def test_the_list_tells_what_each_sequence_does() -> None:
    running, paused, failing = live("Running one"), live("Paused one"), live("Failing one")
    Sequence.objects.create(name="A draft", live=False)
    actions.pause(paused.pk, now=NOW)
    actions.mark_failing(failing.pk, "Step 1: mend it.", now=NOW)
    site = Site.objects.get()
    contact = Contact.objects.create(created_at=NOW, changed_at=NOW)
    for state in ("waiting", "completed"):
        Enrolment.objects.create(
            sequence=running,
            version=SequenceVersion.objects.get(sequence=running),
            contact=contact,
            site=site,
            state=state,
            entry_key=state,
            running=1 if state == "waiting" else None,
            entered_at=NOW,
            since=NOW,
        )
    today = clock.now().date()
    for measure, day, n in (
        ("message:handed_over", today, 7),
        ("message:sent", today, 7),
        ("message:delivered", today - timedelta(days=29), 3),
        ("message:delivered", today - timedelta(days=31), 50),
        ("message:skipped", today, 9),
    ):
        StepDay.objects.create(
            site_id=site.pk, sequence_id=running.pk, step_id="a", measure=measure, day=day, n=n
        )

    response = staff(*EDITOR).get(LIST)

    rows = {row.name: row for row in response.context["object_list"]}
    assert rows["Running one"].people_inside == 1
    assert rows["Running one"].sent_lately == 7
    assert rows["Running one"].delivered_lately == 3
    assert rows["A draft"].sent_lately == 0
    page = response.content.decode()
    for words in ("Running", "Paused", "Publishing failed", "Not started", "A cart is left behind"):
        assert words in page


def test_the_list_asks_our_tables_no_more_often_for_more_sequences() -> None:
    client = staff(*PUBLISHER)
    live("First")
    client.get(LIST)

    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    for number in range(5):
        live(f"Another {number}")
    with CaptureQueriesContext(connection) as six:
        client.get(LIST)

    def ours(queries: CaptureQueriesContext) -> int:
        # Wagtail's own status column asks for each row's workflow and schedule.
        return sum("wagtail_drip_" in query["sql"].split("WHERE")[0] for query in queries.captured_queries)

    assert ours(one) > 0
    assert ours(six) == ours(one)


def test_unpublishing_says_what_becomes_of_people_inside() -> None:
    sequence = live()
    client = staff(*PUBLISHER)
    address = f"{LIST}unpublish/{sequence.pk}/"

    asked = client.get(address).content.decode()
    client.post(address)

    assert "People inside go on to the end" in asked
    assert SequenceRuntime.objects.get().state == "draining"
    page = client.get(f"{LIST}edit/{sequence.pk}/").content.decode()
    assert "This sequence is unpublished: nobody enters any more" in page


def inside(sequence: Sequence, step_id: str) -> None:
    Enrolment.objects.create(
        sequence=sequence,
        version=SequenceVersion.objects.get(sequence=sequence),
        contact=Contact.objects.create(created_at=NOW, changed_at=NOW),
        site=Site.objects.get(),
        state="waiting",
        step_id=step_id,
        entered_at=NOW,
        since=NOW,
    )


def test_what_publishing_would_do_to_people_inside_is_told_before() -> None:
    steps = [
        {"type": "send_message", "id": step_id, "value": {"text": f"Hello {step_id}"}} for step_id in "abcd"
    ]
    sequence = Sequence.objects.create(
        name="Baskets", trigger_event="cart_abandoned", live=False, steps=steps
    )
    sequence.save_revision().publish()
    for step_id in ("a", "b", "b", "d"):
        inside(sequence, step_id)
    client = staff(*EDITOR)
    untouched = client.get(f"{LIST}edit/{sequence.pk}/").content.decode()
    sequence.steps = [steps[0], steps[2]]
    sequence.save_revision()

    found = moves(sequence)
    page = client.get(f"{LIST}edit/{sequence.pk}/").content.decode()

    assert "people are inside" not in untouched
    assert found == Moves(inside=4, moved=2, ended=1)
    assert "4 people are inside." in page
    assert "2 of them go on at the next step" in page
    assert "For 1 it ends" in page
