"""
Somebody typed a number into a form. Whose it is, only the number's owner can say: so they are asked, once, by text.

The text about a request is all that goes before they have confirmed it, and it goes at most once a day to a number,
whoever types it how often. What the form answers never tells whether we know the number, or whether anything went.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from wagtail_drip.compliance import keywords
from wagtail_drip.conf import settings
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import opt_in_actions as opt_ins
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.contacts.opt_in_actions import Asked
from wagtail_drip.contacts.types import Identity, Purpose
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.inbox import actions, responses
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.messaging.types import OPT_IN_LICENCE, MessageDraft
from wagtail_drip.stores import interest_actions

# A number is asked at most once in so long, whoever types it; a licence is good for as long.
REST = timedelta(hours=24)
# Who has said stop hears no question, so START answers a form only where it follows the form so soon that whoever
# filled it in must be who texts: anybody can type a number, and nobody knows when its owner will text START.
AT_ONCE = timedelta(hours=1)
# Whence interests are said to come, before the form's page.
FORM = "form:"


class TooManySignUps(WagtailDripError):
    """From this address came more sign-ups in an hour than people make; try again later."""


def sign_up(*, number: str, site_id: int, asked: Asked, now: datetime) -> None:
    """
    Ask the owner of *number* whether they want what the form offers; without a double opt-in, take it as agreed.

    Nothing tells the caller what was done: a number that was asked today, or has said stop, is answered alike.

    :param number: E.164.
    :raises TooManySignUps: for the address it came from, whatever the number; nothing was written.
    """
    _count(asked.ip, now=now)
    claims.retried(lambda: _sign_up(number=number, site_id=site_id, asked=asked, now=now))


def _count(ip: str | None, *, now: datetime) -> None:
    """:raises TooManySignUps: if the address has had its share of this hour."""
    most, network = settings.OPT_INS_PER_HOUR, opt_ins.network_of(ip)
    if not most or not network:
        return
    recent = OptInRequest.objects.filter(network=network, requested_at__gt=now - timedelta(hours=1))
    if recent.count() >= most:
        raise TooManySignUps("Too many sign-ups came from this address within an hour.")


@transaction.atomic
def _sign_up(*, number: str, site_id: int, asked: Asked, now: datetime) -> None:
    contact = contacts.identify(Identity(phone=number), now=now)
    # Two forms sent at once come one after the other from here on, and so does a stop.
    claims.lock_in_order(Contact.objects.filter(pk=contact.pk))
    if not asked.is_double and actions.complained([contact.pk]):
        # Anybody can fill in a form; after a complaint only the owner of the number agrees.
        asked = replace(asked, is_double=True)
    is_rested = not _asked_lately(contact.pk, now=now)
    if not is_rested and (asked.is_double or _is_open(contact.pk, site_id, asked)):
        _keep_ticks(contact.pk, site_id, asked, now=now)
        return
    request = opt_ins.add(
        contact_id=contact.pk,
        site_id=site_id,
        asked=asked,
        now=now,
        expires_at=now + timedelta(hours=settings.OPT_IN_HOURS),
    )
    if not asked.is_double:
        _welcome(opt_ins.confirm([request], by="form", now=now), now=now)
    if is_rested:
        _queue(request, contact, now=now)


def _keep_ticks(contact_id: int, site_id: int, asked: Asked, *, now: datetime) -> None:
    """Keep what was ticked in a form that asks nothing anew: with the question that is open, or where none is needed."""
    if not asked.interests:
        return
    if asked.is_double:
        opt_ins.add_interests(contact_id=contact_id, site_id=site_id, interests=asked.interests, now=now)
        return
    _state(contact_id, asked.interests, site_id=site_id, source=asked.source, now=now)


def _state(contact_id: int, interests: Collection[int], *, site_id: int, source: str, now: datetime) -> None:
    interest_actions.state(
        contact_id, dict.fromkeys(interests, True), site_id=site_id, source=f"{FORM}{source}", now=now
    )


def _asked_lately(contact_id: int, *, now: datetime) -> bool:
    """Tell whether a text about a request went to them within a day, or is about to; one that never went is none."""
    recent = OptInRequest.objects.filter(contact_id=contact_id, requested_at__gt=now - REST)
    names = [key_of(pk) for pk in recent.values_list("pk", flat=True)]
    if not names:
        return False
    went = Q(handed_over_at__isnull=False) | Q(state__in=PENDING)
    return Message.objects.filter(went, key__in=names).exists()


def _is_open(contact_id: int, site_id: int, asked: Asked) -> bool:
    held = querysets.permissions([contact_id], [site_id])
    return bool(held.get((contact_id, site_id, asked.group.value, "sms", asked.topic)))


def key_of(request_id: int) -> str:
    """Return the key, and the licence, of the one text about a request."""
    return f"{OPT_IN_LICENCE}{request_id}"


def _queue(request: OptInRequest, contact: Contact, *, now: datetime) -> None:
    site = core.site_settings(request.site_id)
    messaging.queue(
        [
            MessageDraft(
                key=key_of(request.pk),
                contact_id=contact.pk,
                site_id=request.site_id,
                purpose=Purpose.RESPONSE,
                licence=key_of(request.pk),
                body=responses.about_request(request, site=site, number=contact.phone),
                lane=0,
                due_at=now,
                track_links=False,
            )
        ],
        now=now,
    )


def confirm_by_reply(
    text: str,
    *,
    inbound_text_id: int,
    said_at: datetime,
    is_start: bool,
    has_started: bool,
    contact_id: int,
    site_ids: Collection[int],
    now: datetime,
) -> list[OptInRequest]:
    """
    Confirm what its author has been asked by a text of ours, if *text* says yes; return the requests it confirmed.

    The contact's lock is held by the caller.

    :param said_at: when the text came, however long it waited to be read.
    :param is_start: whether it is a keyword that starts: who is asked and texts JOIN has said yes as well.
    :param has_started: whether it undid a stop. To a number that has said stop no question goes, so START from that
        very phone is the answer to what a form asked for within the hour before.
    """
    if not is_start and not keywords.confirmation(text):
        return []
    waiting = OptInRequest.objects.filter(
        contact_id=contact_id, site_id__in=site_ids, is_double=True, state=opt_ins.WAITING, expires_at__gt=now
    )
    by_key = {key_of(request.pk): request for request in waiting}
    if not by_key:
        return []
    # A yes answers what was asked, so it cannot have come before the question went.
    went = set(
        Message.objects.filter(key__in=by_key, handed_over_at__isnull=False).values_list("key", flat=True)
    )
    confirmed = opt_ins.confirm(
        [
            request
            for key, request in by_key.items()
            if key in went or (has_started and said_at - AT_ONCE <= request.requested_at <= said_at)
        ],
        by="reply",
        now=now,
        inbound_text_id=inbound_text_id,
    )
    _note_choices(confirmed, now=now)
    return confirmed


def _note_choices(confirmed: Collection[OptInRequest], *, now: datetime) -> None:
    """
    Keep what was chosen with the form: only now is it the owner of the number who chose it.

    Its language counts where we know none; what was ticked is added to what they are interested in.
    """
    for request in confirmed:
        contact = request.record.contact if request.record else None
        if contact is None:
            continue
        if request.language and not contact.language:
            contacts.update_contacts({contact.pk: {"language": request.language}}, now=now)
        if request.interests:
            _state(contact.pk, request.interests, site_id=request.site_id, source=request.source, now=now)


def find(token: str) -> OptInRequest | None:
    """Return the request that a page is about; None where there is none, or its person was erased."""
    return OptInRequest.objects.filter(token=token, is_double=True, contact__erased_at=None).first()


def confirm_by_page(token: str, *, now: datetime) -> bool:
    """Confirm a request by the page behind its link; return whether it is confirmed now, by whatever way."""

    def work() -> bool:
        request = find(token)
        if request is None:
            return False
        _welcome(opt_ins.confirm([request], by="page", now=now), now=now)
        request.refresh_from_db()
        return request.state == opt_ins.CONFIRMED

    return claims.retried(work)


def _welcome(confirmed: Collection[OptInRequest], *, now: datetime) -> None:
    """Leave the event for whoever waits for it; a reply's is left by whoever reads the reply."""
    _note_choices(confirmed, now=now)
    events.record_events(
        [
            EventDraft(
                name="opted_in",
                key=key_of(request.pk),
                store=OUR_STORE,
                site_id=request.site_id,
                contact_id=request.record.contact_id if request.record else request.contact_id,
                source="page",
                occurred_at=now,
                recorded_at=now,
                properties={
                    "purpose_group": request.purpose_group,
                    "topic": request.topic,
                    "source": "sign_up",
                },
            )
            for request in confirmed
        ]
    )
