"""A number to which texts fail for good, again and again, gets none; whatever the order in which that is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import keys
from wagtail_drip.gateways import memory
from wagtail_drip.gateways.types import InboundEvent, Outcome, ReceiptStatus, StatusEvent
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.inbox import senders
from wagtail_drip.messaging import bad_numbers, receipts
from wagtail_drip.messaging.models import Message, NumberFailure
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db

Customer = Callable[..., Contact]
Queued = Callable[..., Message]
NUMBER = "+447400123456"
SENDER = "+447700900000"


def dead(message: Message) -> StatusEvent:
    return StatusEvent(
        reference=message.reference,
        status=ReceiptStatus.UNDELIVERED,
        code="30005",
        outcome=Outcome.BAD_NUMBER,
        number=NUMBER,
    )


def arrived(message: Message) -> StatusEvent:
    return StatusEvent(reference=message.reference, status=ReceiptStatus.DELIVERED, number=NUMBER)


def tell(*events: StatusEvent, now: datetime, together: bool = False) -> None:
    if together:
        receipts.keep([("default", event) for event in events], now=now)
        receipts.match_due(now=now)
        return
    for event in events:
        tell(event, now=now, together=True)


def is_held_back(number: str = NUMBER) -> bool:
    rows = Suppression.objects.filter(number_hash__in=keys.number_hashes(number), lifted_at=None)
    return bool(rows.filter(scope="all", reason="bad_number").exists())


@pytest.fixture
def contact(customer: Customer) -> Contact:
    return customer(NUMBER)


@pytest.fixture
def sent(contact: Contact, queued: Queued, now: datetime) -> Callable[..., list[Message]]:
    """Texts to one contact, a minute apart, that the gateway took."""

    def make(number: int, to: Contact | None = None) -> list[Message]:
        found = []
        for _ in range(number):
            at = now + timedelta(minutes=Message.objects.count())
            message = queued(to or contact, due_at=at)
            send_due(now=at)
            message.refresh_from_db()
            assert message.state == "sent"
            found.append(message)
        return found

    return make


def test_the_third_text_in_a_row_that_fails_for_good_suppresses_the_number(
    sent: Callable[..., list[Message]], now: datetime
) -> None:
    first, second, third = sent(3)

    tell(dead(first), dead(second), now=now)
    before = is_held_back()
    tell(dead(third), now=now)

    suppression = Suppression.objects.get()
    assert before is False
    assert (suppression.scope, suppression.scope_value, suppression.reason, suppression.source) == (
        "all",
        "",
        "bad_number",
        "gateway:default 30005",
    )
    third.refresh_from_db()
    assert (third.state, third.reason) == ("undelivered", "30005")


def test_nothing_more_is_handed_over_to_a_suppressed_number(
    contact: Contact, sent: Callable[..., list[Message]], queued: Queued, now: datetime
) -> None:
    tell(*map(dead, sent(3)), now=now)
    memory.reset()

    late = now + timedelta(minutes=10)
    message = queued(contact, due_at=late, purpose="transactional")
    send_due(now=late)

    message.refresh_from_db()
    assert (message.state, message.reason, memory.outbox) == ("skipped", "suppressed", [])


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize("order", ["0123", "3210", "1302", "2031"])
@pytest.mark.parametrize(
    ("fates", "expected"),
    [
        pytest.param("FFFD", False, id="the last one arrived"),
        pytest.param("FDFF", False, id="one between arrived"),
        pytest.param("DFFF", True, id="the first one arrived"),
        pytest.param("FFFF", True, id="none arrived"),
    ],
)
def test_in_whatever_order_receipts_come_the_end_is_the_same(
    fates: str,
    expected: bool,
    order: str,
    together: bool,
    sent: Callable[..., list[Message]],
    now: datetime,
) -> None:
    messages = sent(4)
    told = [arrived(each) if fate == "D" else dead(each) for each, fate in zip(messages, fates, strict=True)]

    tell(*(told[int(place)] for place in order), now=now, together=together)

    assert is_held_back() is expected


def test_a_repeated_receipt_counts_once(sent: Callable[..., list[Message]], now: datetime) -> None:
    first, second = sent(2)

    tell(dead(first), dead(first), dead(second), dead(second), now=now)

    assert (is_held_back(), NumberFailure.objects.count()) == (False, 2)


def test_a_text_of_several_parts_fails_once(sent: Callable[..., list[Message]], now: datetime) -> None:
    [first] = sent(1)
    parts = [
        StatusEvent(
            reference=first.reference,
            status=ReceiptStatus.FAILED,
            part=part,
            outcome=Outcome.BAD_NUMBER,
            number=NUMBER,
        )
        for part in (1, 2, 3)
    ]

    tell(*parts, now=now)

    assert (is_held_back(), NumberFailure.objects.count()) == (False, 1)


def test_a_text_that_failed_and_arrived_after_all_does_not_count(
    sent: Callable[..., list[Message]], now: datetime
) -> None:
    first, second, third = sent(3)

    tell(dead(first), dead(second), dead(third), arrived(third), now=now)

    assert is_held_back() is False


def test_failures_that_may_pass_do_not_count(sent: Callable[..., list[Message]], now: datetime) -> None:
    tell(
        *(
            StatusEvent(reference=each.reference, status=ReceiptStatus.UNDELIVERED, code="30003")
            for each in sent(3)
        ),
        now=now,
    )

    assert (is_held_back(), NumberFailure.objects.count()) == (False, 0)


def test_what_is_refused_at_once_counts_as_well(
    contact: Contact, queued: Queued, sent: Callable[..., list[Message]], now: datetime
) -> None:
    tell(*map(dead, sent(2)), now=now)
    memory.answer(Outcome.BAD_NUMBER)
    late = now + timedelta(minutes=10)

    message = queued(contact, due_at=late)
    send_due(now=late)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("failed", "invalid_phone")
    assert is_held_back() is True


def test_nought_never_suppresses(sent: Callable[..., list[Message]], now: datetime, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "BAD_NUMBER_FAILURES": 0}

    tell(*map(dead, sent(5)), now=now)

    assert is_held_back() is False


def test_failures_of_a_number_that_somebody_had_before_do_not_count_for_the_new_one(
    contact: Contact, sent: Callable[..., list[Message]], now: datetime
) -> None:
    messages = sent(3)
    contacts.identify(Identity(phone="+447400999999", store="oscar", user_id="1"), now=now)
    tell(*map(dead, messages), now=now)

    assert (is_held_back(), is_held_back("+447400999999")) == (True, False)


def test_staff_let_a_number_be_texted_again_and_one_late_receipt_changes_nothing(
    contact: Contact, sent: Callable[..., list[Message]], now: datetime
) -> None:
    messages = sent(4)
    tell(*map(dead, messages[:3]), now=now)

    assert bad_numbers.text_again(contact.pk, now=now) is True
    tell(dead(messages[0]), dead(messages[3]), now=now)

    assert (is_held_back(), NumberFailure.objects.count()) == (False, 1)
    assert bad_numbers.text_again(contact.pk, now=now) is False


def test_to_text_again_never_undoes_a_stop(
    contact: Contact, sent: Callable[..., list[Message]], now: datetime
) -> None:
    tell(*map(dead, sent(3)), now=now)
    compliance.suppress(phone=NUMBER, scope="all", reason="stop_keyword", source="sms", now=now)

    assert bad_numbers.text_again(contact.pk, now=now) is False
    assert list(Suppression.objects.values_list("reason", "lifted_at")) == [("stop_keyword", None)]


def test_a_stop_stays_when_the_number_turns_out_to_work(
    sent: Callable[..., list[Message]], now: datetime
) -> None:
    messages = sent(4)
    tell(*map(dead, messages[:3]), now=now)
    compliance.suppress(phone=NUMBER, scope="all", reason="stop_keyword", source="sms", now=now)

    tell(arrived(messages[3]), now=now)

    assert list(Suppression.objects.values_list("reason", "lifted_at")) == [("stop_keyword", None)]


def test_failures_do_not_take_the_place_of_a_stop(sent: Callable[..., list[Message]], now: datetime) -> None:
    messages = sent(3)
    compliance.suppress(phone=NUMBER, scope="all", reason="stop_keyword", source="sms", now=now)

    tell(*map(dead, messages), now=now)

    assert list(Suppression.objects.values_list("reason", "lifted_at")) == [("stop_keyword", None)]


def test_who_texts_start_has_a_number_that_works(sent: Callable[..., list[Message]], now: datetime) -> None:
    tell(*map(dead, sent(3)), now=now)

    reach = senders.reach(gateway="default", to_number=SENDER)
    inbox.start(number=NUMBER, reach=reach, source="sms", wording="START", now=now)

    assert (is_held_back(), NumberFailure.objects.count()) == (False, 0)


def test_an_exact_stop_of_a_number_that_failed_is_a_stop(
    sent: Callable[..., list[Message]], now: datetime
) -> None:
    tell(*map(dead, sent(3)), now=now)

    inbound = InboundEvent(provider_id="1", from_number=NUMBER, to_number=SENDER, text="STOP", at=now)
    inbox.apply_stop_at_once(gateway="default", inbound=inbound, now=now)

    found = set(Suppression.objects.filter(lifted_at=None).values_list("scope", "reason"))
    assert ("sender", "stop_keyword") in found


@pytest.mark.parametrize("fate", [dead, arrived], ids=["failed", "arrived"])
def test_a_batch_of_receipts_takes_as_many_queries_as_one(
    fate: Callable[[Message], StatusEvent],
    customer: Customer,
    sent: Callable[..., list[Message]],
    now: datetime,
) -> None:
    counted = []
    for size, start in ((2, 100), (20, 200)):
        people = [customer(f"+447400{start + n:06}") for n in range(size)]
        messages = [message for each in people for message in sent(1, to=each)]
        events = [
            StatusEvent(reference=each.reference, status=fate(each).status, outcome=fate(each).outcome)
            for each in messages
        ]
        receipts.keep([("default", event) for event in events], now=now)
        with CaptureQueriesContext(connection) as queries:
            receipts.match_due(now=now)
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_a_setting_of_two_is_obeyed(sent: Callable[..., list[Message]], now: datetime, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "BAD_NUMBER_FAILURES": 2}

    tell(*map(dead, sent(2)), now=now)

    assert is_held_back() is True
