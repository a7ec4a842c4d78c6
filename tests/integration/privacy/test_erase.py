"""A person is forgotten: nothing of theirs is left, nothing goes to them, and every sum stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from tests.integration.privacy import search, story
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, Permission
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import keys
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.events.models import Event, EventTally, Notice
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import senders
from wagtail_drip.links.models import Click, Link
from wagtail_drip.messaging.models import Callback, InboundText, Message, SendLedger
from wagtail_drip.privacy import erase, people
from wagtail_drip.privacy.erasure_models import Erasure
from wagtail_drip.stores.models import Cart, Purchase, PurchaseLine
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=10)


@pytest.fixture
def zebulon(site_id: int, now: datetime) -> Contact:
    contact = story.person(site_id=site_id, now=now)
    story.told(contact, site_id=site_id, now=now)
    return contact


def erased(contact_id: int, *, now: datetime, may_return: bool = False) -> Erasure:
    job = erase.begin(contact_id, now=now, may_return=may_return)
    for moment in (now, now + LATER):
        while erase.erase_due(now=moment):
            pass
    job.refresh_from_db()
    return job


def test_nothing_of_theirs_is_left_anywhere(zebulon: Contact, now: datetime) -> None:
    hashes = [keys.number_hash(story.NUMBER), keys.number_hash("203.0.113.77")]
    before = {place.rpartition(": ")[2] for place in search.found([*story.SECRETS, *hashes])}

    job = erased(zebulon.pk, now=now)

    assert before == {*story.SECRETS, *hashes}
    assert search.found([*story.SECRETS, "203.0.113.77", "ext-quiggle"]) == []
    # The keyed hash alone, where it is meant to stay.
    assert {place.partition(":")[0] for place in search.found(hashes)} == {
        "wagtail_drip_suppression.number_hash",
        "wagtail_drip_erasure.number_hashes",
    }
    assert (job.done_at, job.person, job.due_at) == (now + LATER, {}, None)


def test_what_counts_stays(zebulon: Contact, now: datetime) -> None:
    models = (
        Contact,
        Event,
        Message,
        SendLedger,
        InboundText,
        Link,
        Click,
        Purchase,
        PurchaseLine,
        Cart,
        Enrolment,
    )
    before = {model: model._base_manager.count() for model in models}

    erased(zebulon.pk, now=now)

    assert {model: model._base_manager.count() for model in models} == before
    assert (Purchase.objects.get().total, Link.objects.get().clicks) == (12, 1)
    assert Message.objects.get().state == "delivered"
    assert (ContactTag.objects.count(), EventTally.objects.count()) == (0, 0)


def test_the_contact_is_blank_and_has_left_everything(zebulon: Contact, now: datetime) -> None:
    erase.begin(zebulon.pk, now=now)

    zebulon.refresh_from_db()
    assert (zebulon.phone, zebulon.active_phone, zebulon.attributes) == ("", None, {})
    assert zebulon.erased_at == now
    run = Enrolment.objects.get()
    assert (run.state, run.exit_reason, run.running) == ("exited", "erased", None)


@pytest.mark.parametrize("state", ["scheduled", "claimed"])
@pytest.mark.parametrize("purpose", ["promotional", "transactional", "response"])
def test_whatever_waits_in_the_outbox_is_cancelled(
    site_id: int, now: datetime, state: str, purpose: str
) -> None:
    contact = reachable_contact()
    waiting = story.message_to(
        contact, site_id=site_id, now=now, state=state, purpose=purpose, handed_over_at=None, due_at=now
    )

    erase.begin(contact.pk, now=now)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.due_at) == ("cancelled", "erased", None)


def test_consent_stays_proven_without_what_is_personal(zebulon: Contact, now: datetime) -> None:
    digests = list(ConsentRecord.objects.order_by("pk").values_list("digest", flat=True))

    job = erased(zebulon.pk, now=now)

    assert list(ConsentRecord.objects.order_by("pk").values_list("digest", flat=True))[:2] == digests
    assert sealing.faults([zebulon.pk]) == []
    assert projection.differences([zebulon.pk]) == []
    assert not Permission.objects.filter(granted=True).exists()
    assert job.number_hashes == list(keys.number_hashes(story.NUMBER))


def test_a_number_that_is_brought_again_is_recognised(zebulon: Contact, now: datetime) -> None:
    erased(zebulon.pk, now=now)

    again = contacts.identify(Identity(phone=story.NUMBER), now=now)

    assert again.pk != zebulon.pk
    row = Suppression.objects.get(scope="all")
    assert (row.number_hash, row.reason, row.lifted_at) == (keys.number_hash(story.NUMBER), "erased", None)


def test_only_their_own_start_lifts_it(zebulon: Contact, now: datetime) -> None:
    erased(zebulon.pk, now=now)
    reach = senders.reach(gateway="default", to_number="+1")

    inbox.start(number=story.NUMBER, reach=reach, source="sms", wording="START", now=now)

    assert Suppression.objects.get(scope="all").lifted_at == now
    assert not Permission.objects.filter(granted=True).exists()


def test_who_may_return_keeps_only_the_stop_that_they_said(zebulon: Contact, now: datetime) -> None:
    erased(zebulon.pk, now=now, may_return=True)

    assert list(Suppression.objects.values_list("scope", "reason")) == [("sender", "stop_keyword")]


def test_who_was_merged_is_erased_too(zebulon: Contact, now: datetime) -> None:
    old = Contact.objects.create(
        merged_into=zebulon, first_name="Zebulon", email="old@quiggle.example", created_at=now, changed_at=now
    )

    erased(old.pk, now=now)

    assert search.found(["Zebulon", "quiggle.example"]) == []
    assert Contact.objects.filter(erased_at=now).count() == 2


def test_nobody_else_loses_anything(zebulon: Contact, site_id: int, now: datetime) -> None:
    other = reachable_contact(first_name="Ada", email="ada@shop.example")
    theirs = story.message_to(other, site_id=site_id, now=now, key="staff:2", body="Dear Ada", reference="r2")
    text = InboundText.objects.create(
        gateway="default",
        provider_id="IN2",
        from_number=other.phone,
        text="Hello from Ada",
        contact=other,
        at=now,
        recorded_at=now,
    )

    erased(zebulon.pk, now=now)

    for row in (other, theirs, text):
        row.refresh_from_db()
    assert (other.first_name, theirs.body, text.text) == ("Ada", "Dear Ada", "Hello from Ada")
    assert Permission.objects.filter(contact=other, granted=True).count() == 2


def test_what_is_not_read_yet_does_not_bring_them_back(zebulon: Contact, site_id: int, now: datetime) -> None:
    Callback.objects.create(
        gateway="default", raw={"from": story.NUMBER}, digest="unread", received_at=now, due_at=now
    )
    Notice.objects.create(
        store="oscar",
        kind="custom:x",
        key="n1",
        envelope={"event": "custom:x", "contact": {"external_id": "ext-quiggle"}},
        recorded_at=now,
        due_at=now,
    )
    InboundText.objects.create(
        gateway="default",
        provider_id="IN3",
        from_number=story.NUMBER,
        text="plumcake?",
        at=now,
        recorded_at=now,
        due_at=now,
    )

    erase.begin(zebulon.pk, now=now)

    assert not Callback.objects.filter(due_at__isnull=False).exists()
    assert not Notice.objects.filter(due_at__isnull=False).exists()
    assert not InboundText.objects.filter(due_at__isnull=False).exists()


def test_what_was_written_meanwhile_is_found_by_the_second_look(
    zebulon: Contact, site_id: int, now: datetime
) -> None:
    erase.begin(zebulon.pk, now=now)
    while erase.erase_due(now=now):
        pass
    OutsideCall.objects.update(response={"greeting": "Dear Quigglesworth"})
    Contact.objects.filter(pk=zebulon.pk).update(first_name="Zebulon")

    while erase.erase_due(now=now + LATER):
        pass

    assert search.found(["Zebulon", "Quigglesworth"]) == []
    assert Erasure.objects.get().done_at == now + LATER


def test_it_goes_on_where_a_worker_died(zebulon: Contact, now: datetime) -> None:
    """Each step commits by itself: whatever comes after it finds what is left."""
    erase.begin(zebulon.pk, now=now)
    while erase._step(now, 1):
        pass
    job = Erasure.objects.get()
    assert job.look == 2

    while erase.erase_due(now=now + LATER, limit=1):
        pass

    assert search.found(story.SECRETS) == []


def test_asking_twice_is_harmless(zebulon: Contact, now: datetime) -> None:
    first = erase.begin(zebulon.pk, now=now)

    second = erase.begin(zebulon.pk, now=now)

    assert second.pk == first.pk
    assert ModelLogEntry.objects.filter(action="wagtail_drip.erase_contact").count() == 1


def test_an_erasure_that_fails_is_tried_again_and_stops_no_other(
    zebulon: Contact, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = erase.begin(zebulon.pk, now=now)
    other = erase.begin(reachable_contact().pk, now=now)
    go_on = erase._go_on

    def go_on_or_raise(job: Erasure, **given: object) -> int:
        if job.pk == broken.pk:
            raise RuntimeError("Zebulon")
        return go_on(job, **given)  # type: ignore[arg-type] # handed on as it is

    monkeypatch.setattr(erase, "_go_on", go_on_or_raise)
    while erase.erase_due(now=now):
        pass

    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.attempts, broken.error, broken.due_at) == (1, "RuntimeError", now + timedelta(minutes=1))
    assert other.look == 2
    assert "Zebulon" not in caplog.text


def test_the_log_names_nobody(zebulon: Contact, now: datetime) -> None:
    log(instance=zebulon, action="wagtail.edit", data={"was": "Zebulon"})

    erased(zebulon.pk, now=now)

    entries = {entry.action: entry for entry in ModelLogEntry.objects.all()}
    assert search.found(["Zebulon"]) == []
    assert entries["wagtail_drip.erase_contact"].object_id == str(zebulon.pk)
    assert entries["wagtail_drip.erase_contact"].label == f"Contact {zebulon.pk}"


def test_a_step_asks_as_often_however_many_rows_there_are(
    zebulon: Contact, site_id: int, now: datetime
) -> None:
    def events(name: str, number: int) -> None:
        Event.objects.bulk_create(
            [
                Event(
                    contact=zebulon,
                    site_id=site_id,
                    store="oscar",
                    name="n",
                    key=f"{name}{n}",
                    properties={"a": n},
                    occurred_at=now,
                    recorded_at=now,
                )
                for n in range(number)
            ]
        )

    def queries() -> int:
        erase.begin(zebulon.pk, now=now)
        Erasure.objects.update(table="Event", cursor=0)
        with CaptureQueriesContext(connection) as asked:
            erase._step(now, 500)
        return len(asked)

    events("a", 5)
    queries()  # of these, one key names them and is written anew
    few = queries()
    events("b", 300)

    assert queries() == few
    assert not Event.objects.exclude(properties={}).exists()


def test_the_command_asks_first(zebulon: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda question: "no")

    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("drip_erase_contact", story.NUMBER)

    zebulon.refresh_from_db()
    assert zebulon.first_name == "Zebulon"


def test_the_command_erases(zebulon: Contact) -> None:
    said = StringIO()

    call_command("drip_erase_contact", story.NUMBER, "--yes", stdout=said)

    assert f"Contact {zebulon.pk} is erased" in said.getvalue()
    assert search.found(["plumcake"]) == []
    with pytest.raises(people.NobodyFound):
        people.find(story.NUMBER)
