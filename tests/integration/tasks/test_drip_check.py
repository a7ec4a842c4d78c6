"""What a running installation is asked, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django_q.models import Schedule
from wagtail.models import Site

from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip import tasks
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.models import Permission as ContactPermission
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease
from wagtail_drip.enrolments.models import Enrolment, OutsideCall, TriggerCheck
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Callback, Hold, InboundText, Message, Receipt
from wagtail_drip.reports import watchdog
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
from wagtail_drip.stores.models import Cart
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

HELLO = ("send_message", {"text": "Hello"})


def check(*options: str) -> tuple[bool, str]:
    """Return whether all is well, and what was said."""
    out = StringIO()
    try:
        call_command("drip_check", *options, stdout=out)
    except CommandError:
        return False, out.getvalue()
    return True, out.getvalue()


def test_all_is_well_where_workers_run_and_nothing_waits() -> None:
    tasks.note_alive()

    assert check() == (True, "All is well.\n")
    assert check("--alive") == (True, "All is well.\n")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        pytest.param(None, "No worker has run yet", id="never"),
        pytest.param(timedelta(minutes=4), "No worker has run for 4 minutes", id="four minutes ago"),
    ],
)
def test_a_supervisor_learns_that_no_worker_runs(age: timedelta | None, words: str) -> None:
    Lease.objects.filter(name=tasks.TICK).delete()
    if age is not None:
        tasks.note_alive()
        Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - age)

    is_well, said = check("--alive")

    assert not is_well
    assert words in said
    with pytest.raises(CommandError) as left:
        call_command("drip_check", "--alive", stdout=StringIO())
    assert left.value.returncode == 2


def test_a_wedged_cluster_is_named_and_has_a_code_of_its_own() -> None:
    tasks.note_alive()
    Lease.objects.filter(name=tasks.TICK).update(started_at=clock.lease_now() - timedelta(minutes=4))
    Schedule.objects.filter(func="wagtail_drip.tasks.tick").delete()
    Schedule.objects.create(
        name=tasks.TICK_SCHEDULE, func="wagtail_drip.tasks.tick", task="0" * 32, next_run=timezone.now()
    )

    with pytest.raises(CommandError) as left:
        call_command("drip_check", "--alive", stdout=StringIO())

    assert left.value.returncode == 3
    assert "Stop the whole cluster and start it again" in check("--alive")[1]


def late_notice() -> None:
    then = clock.now() - timedelta(minutes=11)
    Notice.objects.create(store="s", kind="k", key="k", recorded_at=then, due_at=then)


def notice_set_aside() -> None:
    Notice.objects.create(store="s", kind="k", key="k", recorded_at=clock.now(), error="Unreadable.")


def _event(**fields: object) -> None:
    then = clock.now() - timedelta(minutes=11)
    site = Site.objects.get(is_default_site=True)
    Event.objects.create(
        site=site, store="s", name="n", key="k", occurred_at=then, recorded_at=then, **fields
    )


def late_event() -> None:
    _event(match_due_at=clock.now() - timedelta(minutes=11))


def event_set_aside() -> None:
    _event(error="Unmatchable.")


def _cart(**fields: object) -> None:
    site = Site.objects.get(is_default_site=True)
    Cart.objects.create(store="s", cart_id="1", site=site, last_activity_at=clock.now(), **fields)


def late_cart() -> None:
    _cart(sweep_due_at=clock.now() - timedelta(minutes=11))


def cart_set_aside() -> None:
    _cart(error="Unreadable.")


def _trigger(**fields: object) -> None:
    then = clock.now() - timedelta(minutes=11)
    sequence = live_sequence(trigger=None, trigger_kind="once", steps=[("send_message", {"text": "Hello"})])
    SequenceRuntime.objects.update(entering_since=then)
    TriggerCheck.objects.create(sequence=sequence, checked_until=then, **fields)


def late_trigger() -> None:
    _trigger(due_at=clock.now() - timedelta(minutes=11))


def trigger_set_aside() -> None:
    _trigger(error="Broken.")


def trigger_that_missed_days() -> None:
    _trigger(due_at=clock.now(), missed_until=clock.now() - timedelta(hours=48))


def late_callback() -> None:
    then = clock.now() - timedelta(minutes=11)
    Callback.objects.create(gateway="default", raw={}, digest="d", received_at=then, due_at=then)


def late_receipt() -> None:
    then = clock.now() - timedelta(minutes=11)
    Receipt.objects.create(gateway="default", status="delivered", recorded_at=then, due_at=then)


def callback_set_aside() -> None:
    Callback.objects.create(
        gateway="default", raw={}, digest="d", received_at=clock.now(), error="Unreadable."
    )


def _inbound(**fields: object) -> None:
    now = clock.now()
    InboundText.objects.create(
        gateway="default",
        provider_id="1",
        from_number="+447400123456",
        text="Hi",
        at=now,
        recorded_at=now,
        **fields,
    )


def late_inbound() -> None:
    _inbound(due_at=clock.now() - timedelta(minutes=11))


def inbound_set_aside() -> None:
    _inbound(error="Unreadable.")


def _enrolment(**fields: object) -> None:
    (row,) = stand_at_the_start(live_sequence(steps=[HELLO]), crowd(1))
    Enrolment.objects.filter(pk=row.pk).update(**fields)


def late_enrolment() -> None:
    _enrolment(due_at=clock.now() - timedelta(minutes=11))


def waits_for_nothing() -> None:
    _enrolment(due_at=None)


def runs_and_has_ended() -> None:
    _enrolment(state="completed")


def ended_and_holds_its_place() -> None:
    _enrolment(running=None)


def late_move() -> None:
    live_sequence(steps=[HELLO])
    SequenceVersion.objects.update(moves_due_at=clock.now() - timedelta(minutes=11))


def late_parking() -> None:
    live_sequence(steps=[HELLO])
    SequenceRuntime.objects.update(parking_due_at=clock.now() - timedelta(minutes=11))


def of_another_sequence() -> None:
    other = live_sequence(name="Other", steps=[HELLO])
    _enrolment(version_id=SequenceVersion.objects.get(sequence=other).pk)


def _message(**fields: object) -> None:
    (person,) = crowd(1)
    assert isinstance(person, Contact)
    Message.objects.create(
        key="k", contact=person, site=Site.objects.get(is_default_site=True), gateway="default",
        purpose="information", reference="r", created_at=clock.now(), **fields,
    )  # fmt: skip


def unfinished_message() -> None:
    _message(state="claimed", lease_until=clock.lease_now() - timedelta(minutes=11))


def message_without_a_moment() -> None:
    _message(state="scheduled", due_at=None)


def late_message() -> None:
    _message(state="scheduled", due_at=clock.now() - timedelta(minutes=11), lane=0)


def inside_the_dead() -> None:
    _enrolment()
    SequenceRuntime.objects.update(state="ended", parking_due_at=None)


def changed_record() -> None:
    reachable_contact()
    QuerySet(ConsentRecord).update(source="elsewhere")


def otherwise_than_recorded() -> None:
    reachable_contact(agreed_to=(PurposeGroup.MARKETING,))
    ContactPermission.objects.update(granted=False)


def _call(**fields: object) -> None:
    _enrolment()
    OutsideCall.objects.create(
        enrolment=Enrolment.objects.get(), sequence_id=Enrolment.objects.get().sequence_id, visit=1,
        step_id="a", kind="webhook", key="k", created_at=clock.now(), **fields,
    )  # fmt: skip


def late_call() -> None:
    _call(due_at=clock.now() - timedelta(minutes=11))


def call_given_up() -> None:
    _call(state="failed", settled_at=clock.now())


def segment_set_aside() -> None:
    segment = Segment.objects.create(name="Regulars", match="all", rules=[("tag", {"tag": "vip"})])
    Segment.objects.filter(pk=segment.pk).update(refresh_due_at=None, error="No such table.")


WRONGS: dict[str, Callable[[], None]] = {
    "late notices": late_notice,
    "late events": late_event,
    "late carts": late_cart,
    "late triggers": late_trigger,
    "late enrolments": late_enrolment,
    "late calls to the outside": late_call,
    "calls to the outside given up today": call_given_up,
    "late callbacks": late_callback,
    "late inbound texts": late_inbound,
    "late receipts": late_receipt,
    "late moves between versions": late_move,
    "late parking": late_parking,
    "late messages that must not wait": late_message,
    "messages that no worker finished": unfinished_message,
    "people inside a sequence that has ended": inside_the_dead,
    "permissions otherwise than recorded": otherwise_than_recorded,
    "chains of consent that are not whole": changed_record,
    "notices set aside": notice_set_aside,
    "events set aside": event_set_aside,
    "triggers set aside": trigger_set_aside,
    "segments set aside": segment_set_aside,
    "triggers that missed days": trigger_that_missed_days,
    "carts set aside": cart_set_aside,
    "callbacks set aside": callback_set_aside,
    "inbound texts set aside": inbound_set_aside,
    "enrolments that wait for nothing": waits_for_nothing,
    "enrolments that run and have ended": runs_and_has_ended,
    "enrolments that ended and hold their place": ended_and_holds_its_place,
    "enrolments of another sequence's version": of_another_sequence,
    "messages that wait for no moment": message_without_a_moment,
}


@pytest.mark.parametrize("name", WRONGS)
def test_what_is_wrong_is_counted_under_its_name(name: str) -> None:
    WRONGS[name]()

    found = watchdog.ask(watchdog.ALL, now=clock.now())

    assert found == {name: 1}


def test_every_question_is_tried() -> None:
    assert set(WRONGS) == set(watchdog.ALL)


def test_a_promotion_behind_others_and_a_text_that_is_held_are_not_late() -> None:
    then = clock.now() - timedelta(minutes=11)
    _message(state="scheduled", due_at=then, lane=1)
    Message.objects.update(lane=0)
    messaging.hold(scope="sender", key="default:", reason="Mended soon", now=clock.now())
    assert watchdog.ask(watchdog.EACH_TICK, now=clock.now()) == {}
    messaging.lift(Hold.objects.get().pk, by="Owen", now=clock.now())

    assert watchdog.ask(watchdog.EACH_TICK, now=clock.now()) == {"late messages that must not wait": 1}
    Message.objects.update(lane=1)
    assert watchdog.ask(watchdog.EACH_TICK, now=clock.now()) == {}


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB knows no partial index.")
def test_what_is_asked_each_minute_reads_an_index_that_is_empty_while_all_is_well() -> None:
    with connection.cursor() as cursor:
        for name, question in watchdog.STUCK.items():
            rows = question(clock.now()).order_by().values_list("pk", flat=True)
            assert isinstance(rows, QuerySet)
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
            plan = rows.explain()
            assert "_aside" in plan or "_stuck" in plan, (name, plan)


def test_what_is_wrong_is_said_and_makes_the_command_fail() -> None:
    tasks.note_alive()
    waits_for_nothing()

    assert check() == (False, "- 1 enrolments that wait for nothing.\n")


def test_the_tick_logs_what_is_late(caplog: pytest.LogCaptureFixture) -> None:
    late_notice()

    tasks.tick()

    assert "The watchdog found 1 late notices." in caplog.messages
