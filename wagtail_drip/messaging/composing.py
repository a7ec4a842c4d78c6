"""From claimed messages to texts: decide what need not be written, compose the rest, charge the senders."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from wagtail_drip.compliance import policy, rulebook
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.compliance.types import Decision, Verdict
from wagtail_drip.content.compose import Composed, TextToCompose, compose
from wagtail_drip.content.types import Addressee
from wagtail_drip.core import claims, traces
from wagtail_drip.gateways import encoding
from wagtail_drip.messaging import budget, facts, fenced, settling
from wagtail_drip.messaging.states import DeferReason, MessageState, SkipReason
from wagtail_drip.messaging.types import Claimed, People, Ready

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 60
_RATE_LIMIT_SECONDS = 1


def prepare(
    messages: Sequence[Claimed], *, token: str, now: datetime, rules: TimeRules | None = None
) -> list[Ready]:
    """
    Return the texts of those of *messages* that may go as things stand; the gate asks again.

    The others are settled: skipped, put off, expired, or back in the queue because their sender's bucket is
    empty or their text cannot be composed.

    :param rules: the pass's rules of time; read here where there are none.
    """
    if not messages:
        return []
    people = facts.read_people({message.contact_id for message in messages})
    known = [message for message in messages if message.contact_id in people]
    asked = facts.questions(known, people, now=now, rules=rules or rulebook.read(now.date()))
    # Messages of one contact are not counted against each other yet: who knows which of them can be composed.
    decided = [
        (message, policy.decide(question, now=now)) for message, question in zip(known, asked, strict=True)
    ]
    refused = [pair for pair in decided if pair[1].verdict is not Verdict.SEND]
    stray = [message for message in messages if message.contact_id not in people]
    if refused or stray:
        claims.retried(lambda: _refuse(refused, stray, token=token, now=now))
    going = [message for message, decision in decided if decision.verdict is Verdict.SEND]
    ready, missing, broken = sort_out(going, people, _compose(going, people, now))
    if missing or broken:
        claims.retried(lambda: _settle(missing, broken, token=token, now=now))
    affordable, too_many = charge(ready)
    if too_many:
        later = now + timedelta(seconds=_RATE_LIMIT_SECONDS)
        claims.retried(
            lambda: settling.give_back(
                too_many, token=token, now=now, reason=DeferReason.RATE_LIMIT, due_at=later
            )
        )
    return affordable


def _refuse(
    refused: Sequence[tuple[Claimed, Decision]], stray: Sequence[Claimed], *, token: str, now: datetime
) -> None:
    settling.refuse(refused, token=token, now=now)
    settling.give_back(stray, token=token, now=now)


def sort_out(
    messages: Sequence[Claimed], people: People, composed: Mapping[str, Composed]
) -> tuple[list[Ready], list[tuple[Claimed, str]], list[tuple[Claimed, str]]]:
    """Return the finished texts, those that lack a value with its name, and those that cannot be worded with why."""
    ready = []
    missing: list[tuple[Claimed, str]] = []
    broken: list[tuple[Claimed, str]] = []
    for message in messages:
        text = composed.get(message.key)
        if message.pinned_text_id is None:
            counted = encoding.count(message.body)
            ready.append(_ready(message, people, message.body, counted.segments, counted.encoding))
        elif text is None or text.error:
            broken.append((message, text.error if text else "The text was not composed."))
        elif text.missing:
            missing.append((message, ", ".join(text.missing)))
        else:
            ready.append(_ready(message, people, text.body, text.segments, text.encoding))
    return ready, missing, broken


def _ready(message: Claimed, people: People, body: str, segments: int, encoded: str) -> Ready:
    person = people[message.contact_id]
    return Ready(message, person.id, person.active_phone or "", body, segments, encoded)


def worded(
    messages: Sequence[Claimed],
    people: People,
    now: datetime,
    known: Mapping[int, Addressee] | None = None,
) -> Mapping[str, Composed]:
    """
    Compose the batch; raises whatever one of its messages raises.

    :param known: contacts that were read already, by their ids.
    """
    texts = [_text(message, people) for message in messages if message.pinned_text_id is not None]
    return compose(texts, now=now, known=known) if texts else {}


def _compose(messages: Sequence[Claimed], people: People, now: datetime) -> Mapping[str, Composed]:
    """Compose the batch; if that raises, halve it until the message that cannot be composed is alone."""
    texts = [message for message in messages if message.pinned_text_id is not None]
    try:
        return worded(texts, people, now)
    except Exception as error:  # noqa: BLE001 -- one message's data must not stop its neighbours
        if len(texts) == 1:
            logger.error("Message %s cannot be composed.\n%s", texts[0].id, traces.trace_of(error))
            return {
                texts[0].key: Composed(
                    body="", segments=0, encoding="", missing=(), error=type(error).__name__
                )
            }
        half = len(texts) // 2
        return {**_compose(texts[:half], people, now), **_compose(texts[half:], people, now)}


def _text(message: Claimed, people: People) -> TextToCompose:
    return TextToCompose(
        message_key=message.key,
        contact_id=people[message.contact_id].id,
        site_id=message.site_id,
        pinned_text_id=message.pinned_text_id,
        variables=message.variables,
        sequence_id=message.sequence_id,
        step_id=message.step_id,
        track_links=message.track_links,
    )


def _settle(
    missing: Sequence[tuple[Claimed, str]],
    broken: Sequence[tuple[Claimed, str]],
    *,
    token: str,
    now: datetime,
) -> None:
    if missing:
        settling.skip(
            [message for message, _ in missing],
            reason=SkipReason.MISSING_VARIABLE,
            details=[names for _, names in missing],
            token=token,
            now=now,
        )
    for after in (MessageState.SCHEDULED, MessageState.FAILED):
        is_last = after is MessageState.FAILED
        rows = [pair for pair in broken if (pair[0].attempts + 1 >= settling.MOST_ATTEMPTS) is is_last]
        fenced.move(
            [message for message, _ in rows],
            token=token,
            before=MessageState.CLAIMED,
            after=after,
            now=now,
            per_row={
                "detail": [error[:255] for _, error in rows],
                "attempts": [message.attempts + 1 for message, _ in rows],
                "due_at": [None if is_last else _pause(message, now) for message, _ in rows],
            },
            reason="compose_error" if is_last else "",
            settled_at=now if is_last else None,
            lease_until=None,
        )


def _pause(message: Claimed, now: datetime) -> datetime:
    return now + timedelta(seconds=_FIRST_PAUSE_SECONDS * 4**message.attempts)


def charge(ready: Sequence[Ready]) -> tuple[list[Ready], list[Claimed]]:
    """Charge each sender for its texts, and return those that its bucket holds and those that it does not."""
    by_sender: defaultdict[str, list[Ready]] = defaultdict(list)
    for each in ready:
        by_sender[each.message.sender_key].append(each)
    going: list[Ready] = []
    too_many: list[Claimed] = []
    for sender, texts in by_sender.items():
        left = budget.charge(sender, segments=sum(text.segments for text in texts), least=texts[0].segments)
        for text in texts:
            if text.segments <= left:
                left -= text.segments
                going.append(text)
            else:
                too_many.append(text.message)
        budget.put_back(sender, left)
    return going, too_many


def refund(ready: Sequence[Ready]) -> None:
    """Give the senders back what was charged for texts that were not handed over."""
    for sender in {each.message.sender_key for each in ready}:
        budget.put_back(sender, sum(each.segments for each in ready if each.message.sender_key == sender))
