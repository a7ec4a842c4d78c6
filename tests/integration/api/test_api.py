"""The Python API: what site code calls, in the middle of its own work."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from wagtail.models import Site

from wagtail_drip import api, tasks
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.steps import base as kinds
from wagtail_drip.enrolments.steps.base import StepKind
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.gateways.types import OutboundSms
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

PHONE = "+447400123456"
ADA = {"phone": PHONE, "first_name": "Ada", "user_id": "7"}
ORDER = {"order_id": "1", "currency": "GBP", "total": "12.50", "products": []}
HELLO = ("send_message", {"text": "Hello {{ contact.first_name }}"})
A_DAY = ("wait_duration", {"amount": 1, "unit": "days"})


def emit(**changes: Any) -> bool:
    return api.emit(**{"name": "order_placed", "key": "o1", "contact": ADA, "properties": ORDER, **changes})


def test_emit_leaves_one_notice_that_tells_the_whole_story() -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    answer = Consent(
        group=PurposeGroup.MARKETING,
        granted=True,
        source="checkout",
        method=ConsentMethod.CHECKOUT,
        wording="Yes",
    )

    assert emit(properties={**ORDER, "total": Decimal("12.50")}, consent=answer, occurred_at=at)

    notice = Notice.objects.get()
    assert (notice.store, notice.kind, notice.key) == ("site", "order_placed", "o1")
    assert notice.envelope is not None
    assert notice.envelope["properties"] == ORDER
    assert notice.envelope["contact"] == ADA
    assert notice.envelope["occurred_at"] == "2026-11-20T09:00:00+00:00"
    assert notice.envelope["consent"]["wording"] == "Yes"


def test_what_was_emitted_becomes_a_contact_their_consent_and_an_event() -> None:
    emit(consent={"granted": True, "source": "checkout", "text": "Text me.", "kind": "marketing"})

    tasks.run_until_idle()

    contact, event, record = Contact.objects.get(), Event.objects.get(), ConsentRecord.objects.get()
    assert (contact.active_phone, contact.first_name) == (PHONE, "Ada")
    assert (event.contact_id, event.name, event.properties["total"]) == (contact.pk, "order_placed", "12.50")
    assert (record.granted, record.wording, record.source) == (True, "Text me.", "checkout")


def test_the_same_key_is_the_same_event() -> None:
    assert emit()
    assert emit(properties={**ORDER, "total": "99.00"})

    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"name": "order_palced"}, "order_palced", id="an event that nobody knows"),
        pytest.param({"name": ""}, "'name'", id="no name"),
        pytest.param({"key": ""}, "'key'", id="no key"),
        pytest.param({"key": "x" * 192}, "'key'", id="a key that is too long"),
        pytest.param({"key": None}, "'key'", id="a key that is no text"),
        pytest.param({"store": "x" * 65}, "'store'", id="a store that is too long"),
        pytest.param({"properties": {"order_id": "1"}}, "'currency'", id="a required property is missing"),
        pytest.param({"properties": {**ORDER, "total": 12.5}}, "'total'", id="money as a float"),
        pytest.param({"properties": {**ORDER, "note": object()}}, "'properties'", id="what JSON cannot hold"),
        pytest.param({"properties": {**ORDER, "note": float("nan")}}, "'properties'", id="not a number"),
        pytest.param({"properties": ["order_id"]}, "'properties'", id="a list"),
        pytest.param({"contact": PHONE}, "'contact'", id="a bare number"),
        pytest.param({"contact": {"telephone": PHONE}}, "telephone", id="a name of Identity misspelt"),
        pytest.param({"contact": {"phone": "ring me"}}, "'phone'", id="a number that is none"),
        pytest.param({"contact": {"phone": "07400 12"}}, "'phone'", id="a number that is too short"),
        pytest.param({"consent": "yes"}, "'consent'", id="consent as a word"),
        pytest.param({"consent": {"granted": "yes"}}, "'granted'", id="consent that is not true or false"),
        pytest.param({"occurred_at": datetime(2026, 1, 1)}, "'occurred_at'", id="a naive moment"),  # noqa: DTZ001
        pytest.param({"occurred_at": "today"}, "'occurred_at'", id="a moment as a word"),
    ],
)
def test_what_is_wrong_is_named_in_the_log_and_nothing_is_stored(
    changes: dict[str, Any], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert emit(**changes) is False

    assert Notice.objects.count() == 0
    (record,) = [record for record in caplog.records if record.name == "wagtail_drip.api"]
    assert record.levelno == logging.WARNING
    assert named in record.getMessage()
    assert PHONE not in record.getMessage()


def test_emit_in_a_transaction_that_is_broken_already_returns_false(caplog: pytest.LogCaptureFixture) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        stored = emit()
        transaction.set_rollback(False)

    assert stored is False
    assert "TransactionManagementError" in caplog.text


def test_a_failure_of_ours_leaves_the_shop_s_transaction_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    Notice.objects.create(store="s", kind="k", key="k", recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(api.clock, "now", lambda: None)  # the row may not be without a moment

    with transaction.atomic():
        assert emit() is False
        Notice.objects.filter(store="s").update(kind="sold")

    assert list(Notice.objects.values_list("kind", flat=True)) == ["sold"]


def test_while_we_are_switched_off_nothing_is_stored(settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ENABLED": False}

    assert emit() is False


def test_identify_finds_the_same_person_again_and_reads_numbers_as_they_are_dialled_there() -> None:
    first = api.identify({"phone": "07400 123456", "first_name": "Ada", "user_id": 7})

    again = api.identify(Identity(store="site", user_id="7", email="ada@example.com"))

    assert (again.pk, again.active_phone, again.email) == (first.pk, PHONE, "ada@example.com")


@pytest.mark.parametrize(
    ("act", "wrong", "named"),
    [
        (api.subscribe, {"group": "newsletter"}, "'group' should be one of marketing, transactional"),
        (api.subscribe, {"method": "telepathy"}, "'method' should be one of "),
        (api.unsubscribe, {"method": "telepathy"}, "'method' should be one of "),
    ],
)
def test_a_word_that_is_none_of_ours_is_named_and_nothing_is_written(
    act: Any, wrong: dict[str, str], named: str
) -> None:
    with pytest.raises(api.BadInput, match=named):
        act(ADA, source="/preferences/", **wrong)

    assert not Contact.objects.exists()


@pytest.mark.parametrize("act", [api.subscribe, api.unsubscribe], ids=lambda act: act.__name__)
def test_whose_number_cannot_be_read_is_neither_subscribed_nor_unsubscribed_but_told(act: Any) -> None:
    with pytest.raises(api.BadInput, match="'phone' cannot be read"):
        act({"phone": "+44 7400 12"}, source="/preferences/")

    assert not Contact.objects.exists()
    assert not ConsentRecord.objects.exists()


def test_subscribing_and_unsubscribing_decide_at_once() -> None:
    person = api.subscribe(ADA, source="/newsletter/", wording="Text me.", topic="sales")
    granted = set(Permission.objects.values_list("contact_id", "group", "topic", "granted"))

    api.unsubscribe(ADA, source="/preferences/", topic="sales")

    assert (person.pk, "marketing", "sales", True) in granted
    assert (person.pk, "marketing", "sales", False) in set(
        Permission.objects.values_list("contact_id", "group", "topic", "granted")
    )
    assert ConsentRecord.objects.filter(granted=True).get().wording == "Text me."


def test_unsubscribing_holds_back_what_waits_in_the_outbox(drip_outbox: list[OutboundSms]) -> None:
    sequence = live_sequence(steps=[HELLO])
    person = reachable_contact()
    api.enrol({"phone": person.phone}, sequence)
    tasks.STAGES["advance"](api.clock.now(), "test")

    api.unsubscribe({"phone": person.phone}, source="/preferences/")
    tasks.run_until_idle()

    assert drip_outbox == []
    assert Message.objects.get().reason in {"unsubscribed", "no_consent"}


def test_enrol_lets_in_by_the_sequence_s_own_rules_and_exit_takes_out(drip_outbox: list[OutboundSms]) -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY, HELLO], reentry="always")
    person = reachable_contact(first_name="Ada")
    who = {"phone": person.phone}

    entered = api.enrol(who, sequence, key="signup")
    inside_already = api.enrol(who, sequence.pk)
    tasks.run_until_idle()
    ended = api.exit(who, sequence)
    same_key = api.enrol(who, sequence, key="signup")
    again = api.enrol(who, sequence)

    assert (bool(entered), bool(inside_already), ended) == (True, False, 1)
    assert (bool(same_key), bool(again)) == (False, True)
    refusals = [each.refusal for each in (entered, inside_already, same_key, again)]
    assert refusals == ["", "inside", "entered_before", ""]
    assert [message.text for message in drip_outbox] == ["Hello Ada"]
    assert Enrolment.objects.filter(exit_reason="removed_by_staff", running=None).count() == 1


def test_exit_takes_back_what_has_not_left() -> None:
    sequence = live_sequence(steps=[HELLO, A_DAY])
    other = live_sequence(name="Other", steps=[HELLO, A_DAY])
    who = {"phone": reachable_contact().phone}
    api.enrol(who, sequence)
    api.enrol(who, other)
    tasks.STAGES["advance"](api.clock.now(), "test")

    ended = api.exit(who, sequence)

    assert ended == 1
    assert set(Message.objects.values_list("sequence_id", "state", "reason")) == {
        (sequence.pk, "cancelled", "removed_by_staff"),
        (other.pk, "scheduled", ""),
    }
    assert api.exit(who) == 1
    assert api.exit(who) == 0


def test_a_sequence_that_is_not_live_cannot_be_entered() -> None:
    assert api.enrol(ADA, 999) == api.EntryAnswer(entered=False, refusal="not_live")


def test_without_a_default_site_the_site_must_be_named() -> None:
    Site.objects.update(is_default_site=False)

    with pytest.raises(api.BadInput, match="'site'"):
        api.identify(ADA)


def test_a_site_adds_a_step_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_registered", {})
    monkeypatch.setattr(blocks, "_registered", {})

    class Block(blocks.StepBlock):
        kind = "ring_the_bell"

    class Kind(StepKind):
        pass

    api.register_step(Block, Kind)

    assert blocks.step_blocks()["ring_the_bell"] is Block
    assert isinstance(kinds.kind_of("ring_the_bell"), Kind)
