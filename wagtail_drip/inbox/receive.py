"""Reads what people text: who it is, what they want, the one answer, and the event that wakes who waits."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from wagtail_drip import signals
from wagtail_drip.compliance import keywords, own_keywords
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import phone
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.contacts.types import Identity, Purpose, PurposeGroup
from wagtail_drip.core import claims, clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.inbox import actions, responses, senders, sign_ups
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import inbound_texts
from wagtail_drip.messaging.models import InboundText, Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.messaging.types import MessageDraft

logger = logging.getLogger(__name__)

_EVENTS = {"stop": "opted_out", "start": "opted_in", "confirm": "opted_in", "reply": "message_replied"}
_BATCH = 100
_MOST_ATTEMPTS = 5
# Somebody is told at most once in so long how to get help, whatever they text.
_HELP_REST = timedelta(hours=24)


def receive_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """
    Read at most *limit* texts that wait, each in its own transaction, and return how many.

    A text that cannot be read is tried again later, and parked after five attempts; the others go on.
    """
    moment = clock.now() if now is None else now
    done, own = 0, compliance.keywords_once()
    for _ in range(limit or _BATCH):
        if not _receive_one(moment, own):
            break
        done += 1
    return done


def _receive_one(now: datetime, own: own_keywords.Read) -> bool:
    """Read the next text; return whether there was one."""
    held: list[InboundText] = []

    def work() -> None:
        held.clear()
        text = inbound_texts.claim_one(now=now)
        if text is not None:
            held.append(text)
            _receive(text, own=own, now=now)

    try:
        claims.retried(work)
    except Exception as error:
        # Whatever one text meets must not stop the others.
        if not held:
            raise
        logger.error("Inbound text %s could not be read: %s.", held[0].pk, type(error).__name__)
        _put_off(held[0], error, now=now)
    return bool(held)


def _put_off(text: InboundText, error: Exception, *, now: datetime) -> None:
    attempts = text.attempts + 1
    # Where and what, but not the message: a database names the number that it refuses.
    where = "".join(traceback.format_tb(error.__traceback__)[-3:])
    inbound_texts.put_off(
        text.pk,
        attempts=attempts,
        error=f"{where}{type(error).__name__}",
        due_at=now + timedelta(minutes=2**attempts) if attempts < _MOST_ATTEMPTS else None,
    )


def _receive(text: InboundText, *, own: own_keywords.Read, now: datetime) -> None:
    reach = senders.reach(gateway=text.gateway, to_number=text.to_number)
    number = senders.read_number(text.from_number, region=reach.region)
    region = phone.region_of(number)
    verdict = own_keywords.understand(text.text, region=region, own=own)
    if text.opted_out and (
        verdict.kind != "stop" or verdict.phrase
    ):  # the provider is surer than our patterns
        verdict = keywords.Verdict(kind="stop")
    contact = None
    if senders.is_number(number):  # a short code or a name is nobody whom we could answer
        contact = contacts.identify(Identity(phone=number), now=now)
        claims.lock_in_order(Contact.objects.filter(pk=contact.pk))
    confirms = _is_first_of_its_kind(verdict, text, contact)
    has_effect = _act(verdict, text=text, number=number, reach=reach, now=now)
    confirmed: list[OptInRequest] = []
    if contact is not None and verdict.kind in ("start", "reply"):
        confirmed = sign_ups.confirm_by_reply(
            text.text,
            inbound_text_id=text.pk,
            said_at=text.recorded_at,
            is_start=verdict.kind == "start",
            has_started=verdict.kind == "start" and has_effect,
            contact_id=contact.pk,
            site_ids=reach.site_ids,
            now=now,
        )
    if confirmed and contact is not None:
        # The form has told their language meanwhile, in which they are answered.
        contact.refresh_from_db(fields=["language"])
        word = verdict.keyword or keywords.confirmation(text.text)
        verdict = keywords.Verdict(kind="confirm", keyword=word)
        confirms = True
    elif verdict.kind == "start" and not has_effect:
        # Who never stopped and says "start" has answered something.
        verdict = keywords.Verdict(kind="reply")
    inbound_texts.settle(
        text,
        number=number,
        contact_id=contact.pk if contact is not None else None,
        verdict=verdict.kind,
        phrase=verdict.phrase,
    )
    if verdict.kind == "reply":
        _tell(text.pk, contact.pk if contact is not None else None)
    if contact is None or not reach.sites:
        return
    last = _last_message(contact, reach)
    asked_by = confirmed[0].site_id if confirmed else last.site_id if last is not None else None
    site = next((row for row in reach.sites if row.site_id == asked_by), reach.sites[0])
    _record(text, verdict, contact=contact, site=site, last=last, now=now, confirmed=confirmed)
    if confirms and verdict.kind != "reply":
        _answer(text, verdict, contact=contact, site=site, now=now)


def _tell(inbound_text_id: int, contact_id: int | None) -> None:
    """Tell site code, once this transaction has committed; what it raises is logged and stops nothing."""
    transaction.on_commit(
        lambda: signals.reply_received.send_robust(
            sender=InboundText, inbound_text_id=inbound_text_id, contact_id=contact_id
        )
    )


def _act(
    verdict: keywords.Verdict, *, text: InboundText, number: str, reach: senders.Reach, now: datetime
) -> bool:
    """Do what the keyword says; return whether it changed anything."""
    source = actions.source_of(text.gateway, text.to_number)
    if verdict.kind == "stop":
        actions.stop(
            number=number,
            reach=reach,
            source=source,
            wording=text.text,
            method=actions.method_of(verdict),
            now=now,
        )
        return True
    if verdict.kind == "start":
        return actions.start(number=number, reach=reach, source=source, wording=text.text, now=now)
    return False


def _is_first_of_its_kind(verdict: keywords.Verdict, text: InboundText, contact: Contact | None) -> bool:
    """
    Tell whether an answer is due: to a STOP only one, until a START; to a HELP one a day.

    None where the provider gave it.
    """
    if verdict.kind == "help" and contact is not None:
        return not _helped_lately(text, contact)
    if verdict.kind != "stop" or contact is None:
        return verdict.kind != "reply"
    if text.opted_out:
        return False
    last = (
        InboundText.objects.filter(
            contact=contact, gateway=text.gateway, to_number=text.to_number, verdict__in=("stop", "start")
        )
        .exclude(pk=text.pk)
        .order_by("-recorded_at", "-pk")
        .values_list("verdict", flat=True)
        .first()
    )
    return last != "stop"


def _helped_lately(text: InboundText, contact: Contact) -> bool:
    """Tell whether help went to them within a day, or is about to; what never went is none."""
    asked = InboundText.objects.filter(
        contact=contact, verdict="help", recorded_at__gt=text.recorded_at - _HELP_REST
    ).exclude(pk=text.pk)
    names = [f"re:{pk}" for pk in asked.values_list("pk", flat=True)]
    went = Q(handed_over_at__isnull=False) | Q(state__in=PENDING)
    return bool(names) and Message.objects.filter(went, key__in=names).exists()


def _last_message(contact: Contact, reach: senders.Reach) -> Message | None:
    """Return what the text most likely answers: the last that this sender handed over to its author."""
    return (
        Message.objects.filter(contact=contact, site_id__in=reach.site_ids, handed_over_at__isnull=False)
        .exclude(purpose=Purpose.RESPONSE)
        .order_by("-handed_over_at", "-pk")
        .first()
    )


def _record(
    text: InboundText,
    verdict: keywords.Verdict,
    *,
    contact: Contact,
    site: SiteSettings,
    last: Message | None,
    now: datetime,
    confirmed: Sequence[OptInRequest] = (),
) -> None:
    name = _EVENTS.get(verdict.kind)
    if name is None:
        return
    properties: dict[str, object] = {"inbound_text_id": text.pk}
    if verdict.kind == "reply":
        properties["text"] = text.text
        # What a keyword's trigger compares; a text of many words is none.
        properties["word"] = keywords.plain(text.text)[: keywords.LONGEST]
    else:
        properties |= {
            "keyword": verdict.keyword or verdict.phrase,
            "purpose_group": PurposeGroup.MARKETING.value,
            "source": "keyword" if verdict.keyword else "phrase" if verdict.phrase else "provider",
        }
    if confirmed:
        properties |= {
            "purpose_group": confirmed[0].purpose_group,
            "topic": confirmed[0].topic,
            "source": "sign_up",
        }
    if last is not None:
        properties |= {
            "message_key": last.key,
            "sequence_id": last.sequence_id,
            "step_id": last.step_id,
        }
    events.record_events(
        [
            EventDraft(
                name=name,
                key=f"inbound:{text.pk}",
                store=OUR_STORE,
                site_id=site.site_id,
                contact_id=contact.pk,
                source="inbox",
                occurred_at=text.at,
                recorded_at=now,
                properties=properties,
            )
        ]
    )


def _answer(
    text: InboundText, verdict: keywords.Verdict, *, contact: Contact, site: SiteSettings, now: datetime
) -> None:
    """Queue the one automatic answer; the text's own id in its key keeps it the only one."""
    has_own_words = verdict.kind == "help" and site.help_text
    is_known = verdict.kind != "confirm"  # no provider knows what was asked
    if is_known and inbound_texts.gateway_answers_stops(text.gateway) and not has_own_words:
        return
    body = responses.wording(verdict.kind, contact=contact, site=site)
    messaging.queue(
        [
            MessageDraft(
                key=f"re:{text.pk}",
                contact_id=contact.pk,
                site_id=site.site_id,
                purpose=Purpose.RESPONSE,
                licence=f"inbound:{text.pk}",
                body=body,
                lane=0,
                due_at=now,
                track_links=False,
            )
        ],
        now=now,
    )
