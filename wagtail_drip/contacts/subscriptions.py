"""Closes and opens what people are subscribed to, for steps of sequences: never beyond the person's own answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.consent import NOTHING_AGREED, PermissionKey
from wagtail_drip.contacts.recording import append_each
from wagtail_drip.contacts.speaking import lock_present
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod
from wagtail_drip.contacts.wishes import Wanted


@transaction.atomic
def set_subscriptions(wanted: Sequence[Wanted], *, now: datetime) -> int:
    """
    Close what these contacts are subscribed to, or open it again, and return how many records that took.

    Nothing is opened that the person's own records do not allow; what is as it should be already takes no
    record. Contacts are locked first, in primary-key order.
    """
    speakers = lock_present({each.contact_id for each in wanted})
    heads = {pk: speaker.pk for pk, speaker in speakers.items()}
    known = querysets.subscriptions(
        {(heads[each.contact_id], each.site_id) for each in wanted if each.contact_id in heads}
    )
    answers: dict[tuple[int, int, PermissionKey], Consent] = {}
    for each in wanted:
        if each.contact_id not in heads:
            continue
        contact_id, key = heads[each.contact_id], PermissionKey(each.group, Channel.SMS, each.topic)
        if not each.would_change(known.get((contact_id, each.site_id)) or NOTHING_AGREED):
            continue
        answers[contact_id, each.site_id, key] = Consent(
            group=each.group,
            granted=each.granted,
            source=each.source,
            method=ConsentMethod.SEQUENCE,
            topic=each.topic,
        )
    ordered = sorted(answers.items(), key=lambda item: item[0])
    return (
        len(append_each([(pk, site, consent) for (pk, site, _), consent in ordered], now=now))
        if ordered
        else 0
    )
