"""What somebody does on their own page: the same as by text, under the same locks, harmless twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import preference_actions as preferences
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.speaking import lock_present
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup, Wishes
from wagtail_drip.core import claims, keys
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.inbox import actions, senders
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.stores import interest_actions

# What the event says where a wish was taken back.
NONE = "none"


def stop(*, contact_id: int, site_id: int, source: str, wording: str, now: datetime) -> bool:
    """
    Do what a texted STOP to the site's sender does, and return whether that changed anything.

    Somebody without a number of their own has nothing to suppress, and withdraws all the same.

    :param wording: what the page said.
    """
    return claims.retried(
        lambda: _stop(contact_id=contact_id, site_id=site_id, source=source, wording=wording, now=now)
    )


def start(*, contact_id: int, site_id: int, source: str, wording: str, now: datetime) -> bool:
    """Do what a texted START does: undo a stop of theirs and nothing else; return whether there was one."""
    return claims.retried(
        lambda: _start(contact_id=contact_id, site_id=site_id, source=source, wording=wording, now=now)
    )


def choose(
    *,
    contact_id: int,
    site_id: int,
    wishes: Wishes,
    topics: Mapping[str, bool],
    interests: Mapping[int, bool] = MappingProxyType({}),
    source: str,
    wording: str,
    now: datetime,
) -> dict[str, Any]:
    """
    Note what they ask for, obeyed from the next hand-over on, and return what of it is new.

    What an older wish had put off is asked about again at once.

    :param topics: which of those that the page showed they want.
    :param interests: which of those that the page showed are theirs, by id.
    :param wording: what the page said of topics.
    """
    return claims.retried(
        lambda: _choose(
            contact_id=contact_id,
            site_id=site_id,
            wishes=wishes,
            topics=topics,
            interests=interests,
            source=source,
            wording=wording,
            now=now,
        )
    )


@transaction.atomic
def _choose(
    *,
    contact_id: int,
    site_id: int,
    wishes: Wishes,
    topics: Mapping[str, bool],
    interests: Mapping[int, bool],
    source: str,
    wording: str,
    now: datetime,
) -> dict[str, Any]:
    person = lock(contact_id)
    if person is None:
        return {}
    new = preferences.wish(person.pk, wishes, now=now)
    chosen = preferences.choose_topics(person.pk, site_id, topics, source=source, wording=wording, now=now)
    if new:
        told = {name: NONE if value in (None, "") else _told(value) for name, value in new.items()}
        record("preferences_changed", person.pk, site_id, now=now, properties=told)
        everybody = {person.pk, *querysets.merged_into([person.pk])}
        messaging.ask_wishes_again_of(everybody, now=now)
    said = interest_actions.state(person.pk, interests, site_id=site_id, source=source, now=now)
    return {
        **new,
        **({"topics": chosen} if chosen else {}),
        **({"interests": said} if said else {}),
    }


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


@transaction.atomic
def _stop(*, contact_id: int, site_id: int, source: str, wording: str, now: datetime) -> bool:
    person = lock(contact_id)
    if person is None:
        return False
    reach = senders.reach_of_site(site_id)
    if person.active_phone:
        has_changed = actions.stop(
            number=person.active_phone,
            reach=reach,
            source=source,
            wording=wording,
            method=ConsentMethod.PAGE,
            now=now,
        )
    else:
        has_changed = bool(
            contacts.withdraw_marketing(
                contact_ids=[person.pk],
                site_ids=reach.site_ids,
                source=source,
                method=ConsentMethod.PAGE,
                wording=wording,
                now=now,
            )
        )
        messaging.cancel_for_contacts(
            contact_ids=[person.pk], reason="suppressed", now=now, site_ids=reach.site_ids
        )
    if has_changed:
        record("opted_out", person.pk, site_id, now=now)
    return has_changed


@transaction.atomic
def _start(*, contact_id: int, site_id: int, source: str, wording: str, now: datetime) -> bool:
    person = lock(contact_id)
    if person is None:
        return False
    reach = senders.reach_of_site(site_id)
    if person.active_phone:
        has_changed = actions.start(
            number=person.active_phone,
            reach=reach,
            source=source,
            wording=wording,
            method=ConsentMethod.PAGE,
            now=now,
        )
    else:
        has_changed = bool(
            contacts.restore_marketing(
                contact_ids=[person.pk],
                complained_at=actions.complained([person.pk]),
                site_ids=reach.site_ids,
                withdrawn_by=actions.BY_THEMSELVES,
                method=ConsentMethod.PAGE,
                source=source,
                wording=wording,
                now=now,
            )
        )
    if has_changed:
        record("opted_in", person.pk, site_id, now=now)
    return has_changed


def lock(contact_id: int) -> Contact | None:
    """Lock who speaks for the contact now, as the gate does, and return them; None where they were erased."""
    return lock_present([contact_id]).get(contact_id)


def record(
    name: str,
    contact_id: int,
    site_id: int,
    *,
    now: datetime,
    properties: Mapping[str, Any] = MappingProxyType(
        {"purpose_group": PurposeGroup.MARKETING.value, "source": "page"}
    ),
) -> None:
    """Leave the event for whoever waits for it; a second press changed nothing and leaves none."""
    events.record_events(
        [
            EventDraft(
                name=name,
                key=f"page:{keys.new_token()}",
                store=OUR_STORE,
                site_id=site_id,
                contact_id=contact_id,
                source="page",
                occurred_at=now,
                recorded_at=now,
                properties=dict(properties),
            )
        ]
    )
