"""The writers of what people choose for themselves: how often, when, in which language, and about what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from wagtail_drip.contacts import projection, querysets, recording
from wagtail_drip.contacts.consent import PermissionKey, allows
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, PurposeGroup, Wishes
from wagtail_drip.core import claims


@transaction.atomic
def wish(contact_id: int, wishes: Wishes, *, now: datetime) -> dict[str, Any]:
    """
    Note what a contact asks for, and return what of it is new, by the column's name.

    Whoever was merged or erased is nobody who could ask.

    :raises ValueError: for a limit below 1 or an hour that no day has.
    """
    _check(wishes)
    # A hand-over that has decided by the old wishes commits first.
    locked = claims.lock_in_order(querysets.alive().filter(pk=contact_id))
    if not locked:
        return {}
    new = {name: value for name, value in asdict(wishes).items() if getattr(locked[0], name) != value}
    if new:
        Contact.objects.filter(pk=contact_id).update(**new, changed_at=now)
    return new


def _check(wishes: Wishes) -> None:
    for limit in (wishes.most_per_week, wishes.most_per_month):
        if limit is not None and limit < 1:
            raise ValueError("A limit is at least 1: for no texts at all, withdraw the permission.")
    if wishes.not_before_hour is not None and not 0 <= wishes.not_before_hour <= 23:
        raise ValueError("not_before_hour is an hour of the day, 0 to 23.")
    if wishes.not_after_hour is not None and not 1 <= wishes.not_after_hour <= 24:
        raise ValueError("not_after_hour is an hour of the day, 1 to 24.")


def topics(contact_id: int, site_id: int) -> tuple[bool, dict[str, bool], set[str]]:
    """
    Return whether marketing in general is open, what was decided of topics, and which they may open themselves.

    They may open again what they once agreed to: no press of theirs makes an agreement that never was.
    """
    held = projection.standings_of({(contact_id, site_id)}).get((contact_id, site_id), {})
    marketing = {
        key.topic: standing.granted
        for key, standing in held.items()
        if key.group == PurposeGroup.MARKETING and key.channel == Channel.SMS
    }
    agreed = ConsentRecord.objects.filter(
        contact=contact_id,
        site=site_id,
        purpose_group=PurposeGroup.MARKETING,
        channel=Channel.SMS,
        granted=True,
    ).exclude(method=ConsentMethod.SEQUENCE)
    return marketing.pop("", False), marketing, set(agreed.values_list("topic", flat=True)) - {""}


@transaction.atomic
def choose_topics(
    contact_id: int, site_id: int, wanted: Mapping[str, bool], *, source: str, wording: str, now: datetime
) -> dict[str, bool]:
    """
    Open and close topics of a site for a contact, as they chose on their own page, and return which changed.

    What is so already takes no record, and what they never agreed to stays closed: see ``topics``.

    :param wording: what the page said above them.
    """
    claims.lock_in_order(Contact.objects.filter(pk=contact_id))
    in_general, decided, agreed = topics(contact_id, site_id)
    standing = {_key(""): in_general, **{_key(topic): granted for topic, granted in decided.items()}}
    changed = {
        topic: granted
        for topic, granted in sorted(wanted.items())
        if topic
        and allows(standing, _key(topic)) != granted
        and (not granted or in_general or topic in agreed)
    }
    answers = [
        (
            contact_id,
            site_id,
            Consent(
                group=PurposeGroup.MARKETING,
                granted=granted,
                source=source,
                method=ConsentMethod.PAGE,
                topic=topic,
                wording=wording,
            ),
        )
        for topic, granted in changed.items()
    ]
    if answers:
        recording.append_each(answers, now=now)
    return changed


def _key(topic: str) -> PermissionKey:
    return PermissionKey(PurposeGroup.MARKETING, Channel.SMS, topic)
