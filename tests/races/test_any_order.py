"""Transactions of the whole engine in any order: workers that claim, pass the gate, post and die, between them
people who stop, agree again, order, pay, are merged and erased, and an owner who pauses and publishes."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wagtail.models import Site

from tests import outbox
from tests.integration.enrolments.test_awaiting import happen
from tests.races.test_gate import opt_out
from tests.races.test_people import erase
from wagtail_drip.compliance.types import send
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock, keys
from wagtail_drip.core.caps import default_caps
from wagtail_drip.enrolments.match_events import match_due
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState
from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.events.models import Event
from wagtail_drip.gateways.types import Outcome, SendResult
from wagtail_drip.messaging import composing, gate
from wagtail_drip.messaging.calls import Finished
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.outcomes import Outcomes
from wagtail_drip.messaging.recovery import recover_due
from wagtail_drip.messaging.types import Ready
from wagtail_drip.privacy.merge import merge
from wagtail_drip.reports import watchdog
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

PEOPLE = 3
ZONE = ZoneInfo("Europe/London")
OPENS, CLOSES = 10, 18
WEEK = timedelta(days=7)

person = st.integers(0, PEOPLE - 1)
worker = st.integers(0, 3)
operations = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["order", "pay", "stop", "agree", "erase"]), person),
        st.tuples(st.just("join"), person, person),
        st.tuples(st.sampled_from(["claim", "pass_gate", "post", "die"]), worker),
        st.tuples(st.sampled_from(["match", "advance", "follow", "recover", "pause", "resume", "publish"])),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        # What workers do all day, so that stories get somewhere.
        st.tuples(st.just("work")),
    ),
    max_size=25,
)


@dataclass
class Hand:
    """What one worker holds: claimed and worded, or handed over and not yet posted."""

    token: str
    ready: list[Ready] = field(default_factory=list)
    passed: list[Ready] = field(default_factory=list)


class Town:
    def __init__(self) -> None:
        self.now: datetime = clock.now() + timedelta(seconds=1)
        self.site_id = Site.objects.get(is_default_site=True).pk
        hours = {str(day): [[f"{OPENS}:00", f"{CLOSES}:00"]] for day in range(7)}
        core.change_site_settings(
            self.site_id,
            zone=ZONE.key,
            region="GB",
            caps=default_caps(),
            windows=hours,
            sender_address="+447700900000",
        )
        core.open_site(self.site_id, account="memory", now=self.now)
        self.people = [reachable_contact() for _ in range(PEOPLE)]
        self.agreed = dict.fromkeys((each.pk for each in self.people), True)
        self.into: dict[int, int] = {}
        self.erased: set[int] = set()
        self.hands: dict[int, Hand] = {}
        self.sent: list[tuple[int, datetime, int]] = []  # head, when, message
        self.versions = 1
        self.sequence = live_sequence(
            purpose="promotional", reentry="always", goal="order_refunded", steps=self.steps(1)
        )

    def steps(self, version: int) -> list[tuple[str, dict[str, Any]]]:
        text = {"expires_hours": 24 * 10}
        return [
            ("send_message", {"text": f"One, version {version}", **text}),
            (
                "wait_for_event",
                {
                    "event": "order_paid",
                    "amount": 20,
                    "unit": "hours",
                    "happened": [("send_message", {"text": "Paid", **text})],
                    "timed_out": [("send_message", {"text": "Not paid", **text})],
                },
            ),
            ("wait_duration", {"amount": version, "unit": "days"}),
            ("send_message", {"text": "Last", **text}),
        ]

    def head(self, pk: int) -> int:
        while pk in self.into:
            pk = self.into[pk]
        return pk

    # People. --------------------------------------------------------------------------------------------------------

    def tick(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now

    def order(self, who: int) -> None:
        happen(self.people[who], "order_placed", at=self.tick())

    def pay(self, who: int) -> None:
        happen(self.people[who], "order_paid", at=self.tick())

    def stop(self, who: int) -> None:
        head = self.head(self.people[who].pk)
        opt_out(head, self.site_id, self.tick())
        self.agreed[head] = False

    def agree(self, who: int) -> None:
        head = self.head(self.people[who].pk)
        if head in self.erased:
            return
        consent = Consent(
            group=PurposeGroup.MARKETING,
            granted=True,
            source="test",
            method=ConsentMethod.WEB_FORM,
            wording="Yes.",
        )
        contacts.record_consent(contact_id=head, site_id=self.site_id, consent=consent, now=self.tick())
        self.agreed[head] = True

    def erase(self, who: int) -> None:
        head = self.head(self.people[who].pk)
        erase(head, self.tick())
        self.erased.add(head)

    def join(self, who: int, into: int) -> None:
        gone, survivor = self.head(self.people[who].pk), self.head(self.people[into].pk)
        if gone != survivor and not {gone, survivor} & self.erased:
            merge(gone, into=survivor, now=self.tick())
            self.into[gone] = survivor
            # A no of either is a no of both.
            self.agreed[survivor] &= self.agreed[gone]

    # The owner. -----------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        sequences.pause(self.sequence.pk, now=self.tick())

    def resume(self) -> None:
        sequences.resume(self.sequence.pk, now=self.tick())

    def publish(self) -> None:
        self.versions += 1
        raw = self.sequence.steps.get_prep_value()
        raw[2]["value"]["amount"] = self.versions
        self.sequence.steps = self.sequence.steps.stream_block.to_python(raw)
        sequences.publish(self.sequence, revision_id=None, now=self.tick())

    # Workers. -------------------------------------------------------------------------------------------------------

    def match(self) -> None:
        match_due(now=self.tick(), limit=2)

    def advance(self) -> None:
        run_due(now=self.tick(), limit=2)

    def follow(self) -> None:
        park_due(now=self.tick(), limit=2)

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def claim(self, number: int) -> None:
        if number not in self.hands:
            hand = Hand(keys.new_token())
            claimed = outbox.claim(token=hand.token, limit=2, now=self.tick())
            hand.ready = composing.prepare(claimed, token=hand.token, now=self.now)
            self.hands[number] = hand

    def pass_gate(self, number: int) -> None:
        hand = self.hands.get(number)
        if hand and hand.ready:
            hand.passed = gate.hand_over(hand.ready, token=hand.token, now=self.tick())
            hand.ready = []
            for each in hand.passed:
                self.judge(each)

    def post(self, number: int) -> None:
        hand = self.hands.get(number)
        if hand is None or hand.ready:
            return
        del self.hands[number]
        outcomes = Outcomes(token=hand.token)
        for each in hand.passed:
            reference = each.message.reference
            outcomes.keep(
                Finished(
                    [each], [SendResult(reference=reference, outcome=Outcome.ACCEPTED, provider_id=reference)]
                )
            )
        outcomes.flush(now=self.tick())

    def die(self, number: int) -> None:
        hand = self.hands.pop(number, None)
        if hand:
            long_ago = clock.lease_now() - timedelta(minutes=1)
            Message.objects.filter(lease_token=hand.token, lease_until__isnull=False).update(
                lease_until=long_ago
            )

    def recover(self) -> None:
        recover_due(now=self.tick())

    def work(self) -> None:
        match_due(now=self.tick())
        park_due(now=self.now)
        run_due(now=self.now)
        for number in range(9, 11):
            self.claim(number)
            self.pass_gate(number)
            self.post(number)

    def is_over(self) -> bool:
        return not (
            Enrolment.objects.filter(running=1).exists()
            or Message.objects.filter(state__in=["scheduled", "claimed", "handed_over"]).exists()
            or Event.objects.exclude(match_due_at=None).exists()
        )

    # The laws. ------------------------------------------------------------------------------------------------------

    def judge(self, ready: Ready) -> None:
        """What the gate lets through at this moment must be allowed at this moment, by our own books."""
        head = self.head(ready.message.contact_id)
        assert self.agreed[head], "a text to somebody who has said stop"
        assert head not in self.erased, "a text to somebody who is erased"
        assert ready.number == Contact.objects.get(pk=head).active_phone
        assert OPENS <= self.now.astimezone(ZONE).hour < CLOSES, "a text outside the window"
        assert ready.message.id not in {message for *_, message in self.sent}, "a text for the second time"
        self.sent.append((head, self.now, ready.message.id))
        of_week = [at for who, at, _ in self.sent if who == head and at > self.now - WEEK]
        assert len(of_week) <= default_caps()["week"], "more than the week allows"

    def check(self) -> None:
        assert not Enrolment.objects.filter(state=EnrolmentState.FAILED).exists()
        for row in Enrolment.objects.filter(state__in=RUNNING):
            assert row.running == 1
            assert (row.due_at is None) == (row.state == EnrolmentState.PAUSED)
        visits = Counter(StepVisit.objects.values_list("enrolment_id", "visit"))
        assert set(visits.values()) <= {1}
        texts = Counter(Message.objects.values_list("enrolment_id", "step_id"))
        assert set(texts.values()) <= {1}, "a step said its text twice"
        assert watchdog.ask(watchdog.DEEP, now=self.now) == {}


@settings(
    max_examples=int(os.environ.get("DRIP_LAWS", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations)
def test_the_promises_hold_in_any_order(story: list[tuple[Any, ...]]) -> None:
    assert connection.in_atomic_block
    with transaction.atomic():
        town = Town()
        for who in range(PEOPLE):
            town.order(who)
        for operation, *arguments in story:
            getattr(town, operation)(*arguments)
            town.check()
        for number in list(town.hands):
            town.die(number)
        town.resume()
        for _ in range(60):
            town.recover()
            town.work()
            town.check()
            if town.is_over():
                break
            town.now += timedelta(hours=9)
        assert town.is_over()
        transaction.set_rollback(True)


def test_a_gate_that_lets_everything_through_breaks_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: the books above notice what they are kept for."""
    decide = gate.decide

    def let_through(*args: Any) -> Any:
        return [(message, send()) for message, _ in decide(*args)]

    monkeypatch.setattr(gate, "decide", let_through)
    town = Town()
    town.now = town.now.astimezone(ZONE).replace(hour=12) + timedelta(days=1)
    town.order(0)
    town.match()
    town.advance()
    town.claim(0)
    town.stop(0)

    with pytest.raises(AssertionError, match="said stop"):
        town.pass_gate(0)
