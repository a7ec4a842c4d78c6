"""Does what the walks of a batch want done, set-wise: contacts, texts taken back, texts into the outbox.

Locks in the house's order: the enrolments are claimed already, then contacts by primary key, then the rest.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import attributes, subscriptions, tags
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.contacts.wishes import Wanted
from wagtail_drip.core import claims
from wagtail_drip.enrolments.advanced import Advanced
from wagtail_drip.enrolments.effects import (
    CallOutside,
    CancelPending,
    ChangeTag,
    SendMessage,
    SetSubscription,
    UpdateContact,
)
from wagtail_drip.enrolments.facts import WEBHOOK, Facts, Seen
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.events.conditions import EventTest, test_to_json
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.states import SkipReason
from wagtail_drip.messaging.types import EXPIRES_AFTER, LANE_SEND_ONCE, LANE_TRIGGERED, MessageDraft
from wagtail_drip.sequences.flow import Flow

logger = logging.getLogger(__name__)


def carry_out(batch: Sequence[Advanced], *, now: datetime) -> None:
    """Carry out every effect of the batch, in a number of statements that does not grow with it."""
    changes = _changes(batch)
    ending = defaultdict(list)
    people: set[int] = set()
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, CancelPending):
                ending[why_cancelled(effect.reason)].append(advanced.enrolment.pk)
            if not isinstance(effect, SendMessage):
                people.add(contact_of(advanced))
    if people:
        # Who ends a run takes the same lock as the gate, so a text either has gone or never will.
        claims.lock_in_order(Contact.objects.filter(pk__in=people))
    if changes:
        contacts.update_contacts(changes, now=now)
    _about_people(batch, now=now)
    for reason, enrolment_ids in sorted(ending.items()):
        messaging.cancel_pending(enrolment_ids=enrolment_ids, reason=reason, now=now)
    texts = sorted(drafts(batch, now), key=lambda draft: (draft.contact_id, draft.key))
    if texts:
        messaging.queue(texts, now=now)
    claims.insert_new(sorted(_calls(batch, now), key=lambda call: call.key), unique=["key"])


def _about_people(batch: Sequence[Advanced], *, now: datetime) -> None:
    """Tags and subscriptions, in the order of the walks; the contacts are locked."""
    last: dict[tuple[int, str], bool] = {}
    wanted: list[Wanted] = []
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, ChangeTag):
                last[contact_of(advanced), effect.tag] = effect.add
            elif isinstance(effect, SetSubscription):
                wanted.append(
                    Wanted(
                        contact_id=contact_of(advanced),
                        site_id=advanced.enrolment.site_id,
                        group=PurposeGroup(effect.group),
                        topic=effect.topic,
                        granted=effect.granted,
                        source=f"sequence:{advanced.enrolment.sequence_id}:{effect.step_id}",
                    )
                )
    if last:
        tags.change_tags(
            add=[pair for pair, add in last.items() if add],
            remove=[pair for pair, add in last.items() if not add],
            now=now,
        )
    if wanted:
        subscriptions.set_subscriptions(wanted, now=now)


def why_cancelled(exit_reason: str) -> str:
    """Return a message's reason for what ended its enrolment."""
    return SkipReason.GOAL_ALREADY_MET.value if exit_reason == ExitReason.GOAL_MET else exit_reason


def message_key(enrolment_id: int, visit: int) -> str:
    """Return the key that lets one visit text once and never again."""
    return f"enr:{enrolment_id}:{visit}"


def contact_of(advanced: Advanced) -> int:
    return advanced.facts.contact_id if advanced.facts else advanced.enrolment.contact_id


def _changes(batch: Sequence[Advanced]) -> dict[int, dict[str, Any]]:
    changes: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, UpdateContact):
                change = changes[contact_of(advanced)]
                if effect.attribute:
                    try:
                        # Contacts takes an attribute of None away.
                        value = attributes.clean(effect.attribute, effect.value or None)
                    except attributes.InvalidAttribute:
                        # The type was declared after the sequence was published; the person's run goes on.
                        logger.warning("A step sets %s to what it cannot be.", effect.attribute)
                        continue
                    change.setdefault("attributes", {})[effect.attribute] = value
                else:
                    change[effect.field] = effect.value
    return dict(changes)


def _calls(batch: Sequence[Advanced], now: datetime) -> Iterator[OutsideCall]:
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, CallOutside):
                yield OutsideCall(
                    enrolment_id=advanced.enrolment.pk,
                    sequence_id=advanced.enrolment.sequence_id,
                    visit=effect.visit,
                    step_id=effect.step_id,
                    kind=effect.kind,
                    name=effect.name,
                    key=message_key(advanced.enrolment.pk, effect.visit),
                    payload=dict(effect.payload),
                    due_at=now,
                    created_at=now,
                )


def drafts(batch: Sequence[Advanced], now: datetime) -> Iterator[MessageDraft]:
    """Yield every text that the walks of a batch ask for; whoever only wants to know queues none of them."""
    for advanced in batch:
        for effect in advanced.walked.effects:
            if isinstance(effect, SendMessage) and advanced.flow and advanced.facts:
                yield _draft(advanced, advanced.flow, effect, now)


def _draft(advanced: Advanced, flow: Flow, send: SendMessage, now: datetime) -> MessageDraft:
    enrolment = advanced.enrolment
    trigger = advanced.facts.trigger if advanced.facts else None
    purpose = send.purpose or flow.purpose
    # Where the workers were down, or the sequence paused, it was wanted long ago, and may be stale by now.
    wanted_at = min(advanced.walked.was_due_at or enrolment.due_at or now, now)
    life = timedelta(hours=send.expires_hours) if send.expires_hours else EXPIRES_AFTER[purpose]
    return MessageDraft(
        key=message_key(enrolment.pk, send.visit),
        contact_id=contact_of(advanced),
        site_id=enrolment.site_id,
        purpose=purpose,
        topic=send.topic or flow.topic,
        pinned_text_id=send.text_id,
        variables=_variables(advanced.facts, flow),
        guards=guards_of(flow, trigger, since=enrolment.since),
        sequence_id=enrolment.sequence_id,
        version_id=enrolment.version_id,
        step_id=send.step_id,
        enrolment_id=enrolment.pk,
        event_id=enrolment.event_id,
        due_at=now,
        expires_at=wanted_at + life,
        track_links=send.track_links,
        ignores_windows=send.ignores_windows,
        lane=LANE_SEND_ONCE if flow.is_sent_once else LANE_TRIGGERED,
        priority=flow.priority,
    )


def _variables(facts: Facts | None, flow: Flow) -> dict[str, Any]:
    """Return what only this run knows: its event, as it stands after what moved it, and what webhooks answered."""
    known: dict[str, Any] = {}
    if facts and facts.trigger:
        known["event"] = dict(facts.trigger.properties)
        for follow in flow.follows:
            for seen in facts.about_the_same(follow):
                known["event"] |= seen.properties
    if facts and facts.answers:
        known[WEBHOOK] = facts.answered()
    return known


def guards_of(flow: Flow, trigger: Seen | None, *, since: datetime) -> list[dict[str, Any]]:
    """Return what the gate must still find true before a text of this run leaves."""
    tests = [test for test in (flow.goal, *flow.exits) if test is not None]
    guards = [_event_guard(test, since) for test in tests]
    # A text that tells a date waits until what moves the date has reached it: see moved_dates.
    moved = sorted({name for each in flow.follows for name in each.get("moved", ())})
    guards += [{"kind": "news", "event": name, "since": since.isoformat()} for name in moved]
    # An order knows the cart it was made from, which is closed for good: only a run about a cart guards it.
    cart_id = trigger.properties.get("cart_id") if trigger else None
    if trigger and cart_id and not trigger.properties.get("order_id"):
        guards.append(
            {"kind": "cart", "store": trigger.store, "cart_id": str(cart_id), "since": since.isoformat()}
        )
    return guards


def _event_guard(test: EventTest, since: datetime) -> dict[str, Any]:
    return {"kind": "event", **(test_to_json(test) or {}), "since": since.isoformat()}
