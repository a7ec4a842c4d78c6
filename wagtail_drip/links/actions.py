"""The only writers of links and clicks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse

from wagtail_drip.conf import settings
from wagtail_drip.contacts.speaking import lock_present
from wagtail_drip.core import claims, keys
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.links import crawlers, personal
from wagtail_drip.links.models import Click, Link
from wagtail_drip.links.types import LinkSpec


class NoShortLink(WagtailDripError):
    """No free short address was found; try again."""


def short_url(token: str) -> str:
    """Return the public address of a short link, on the site's own domain."""
    return settings.PUBLIC_BASE_URL.rstrip("/") + reverse("wagtail_drip:short_link", args=[token])


def make_links(specs: Sequence[LinkSpec], *, now: datetime) -> dict[tuple[str, int], str]:
    """
    Return the short address for each (message_key, position), set-wise.

    Called again it returns the same ones; where the address behind one has changed since and nobody has
    followed it, the short one leads to the new address.

    :raises NoShortLink: if random tokens collided again and again.
    """
    if not specs:
        return {}
    wanted = {(spec.message_key, spec.position): spec for spec in specs}
    found = _existing(wanted)
    for _ in range(3):
        missing = [spec for key, spec in sorted(wanted.items()) if key not in found]
        if not missing:
            break
        claims.insert_new([_row(spec, now=now) for spec in missing], unique=["message_key", "position"])
        found = _existing(wanted)
    else:
        raise NoShortLink(f"{len(set(wanted) - set(found))} links found no free short address.")
    for key, link in found.items():
        if link.url != wanted[key].url:
            Link.objects.filter(pk=link.pk, clicks=0).update(url=wanted[key].url)
    return {key: short_url(link.token) for key, link in found.items()}


def _row(spec: LinkSpec, *, now: datetime) -> Link:
    return Link(
        token=keys.short_token(),
        message_key=spec.message_key,
        position=spec.position,
        url=spec.url,
        contact_id=spec.contact_id,
        site_id=spec.site_id,
        sequence_id=spec.sequence_id,
        step_id=spec.step_id,
        created_at=now,
    )


def _existing(wanted: dict[tuple[str, int], LinkSpec]) -> dict[tuple[str, int], Link]:
    rows = Link.objects.filter(message_key__in={message_key for message_key, _ in wanted})
    return {(row.message_key, row.position): row for row in rows if (row.message_key, row.position) in wanted}


def record_click(
    token: str, *, user_agent: str, address: str, now: datetime, is_prefetch: bool = False
) -> str | None:
    """
    Record that somebody asked for a short link, and return where it leads; None for an unknown token.

    Every request leaves a Click. Only a person's counts on the link and becomes the event ``link_clicked``:
    previews and scanners follow a link in a text before its reader does. Takes the contact's lock, as the
    gate does, so that a click is before or after a hand-over and never between.

    :param address: the caller's network address; only its keyed hash is kept.
    """
    link = Link.objects.filter(token=token).first()
    if link is None:
        return None
    is_person = not (is_prefetch or crawlers.is_machine(user_agent))
    claims.retried(
        lambda: _record(link, user_agent=user_agent, address=address, is_person=is_person, now=now)
    )
    return link.url


def _record(link: Link, *, user_agent: str, address: str, is_person: bool, now: datetime) -> None:
    speaker = lock_present([link.contact_id]).get(link.contact_id) if is_person else None
    click = Click.objects.create(
        link=link,
        recorded_at=now,
        user_agent=user_agent.replace("\x00", "")[:255],
        address_hash=keys.number_hash(address) if address else "",
    )
    if not is_person:
        return
    Link.objects.filter(pk=link.pk).update(
        clicks=F("clicks") + 1, first_click_at=Coalesce(F("first_click_at"), now)
    )
    if speaker is None:  # erased: nothing of theirs is written any more
        return
    events.record_events(
        [
            EventDraft(
                name="link_clicked",
                key=f"click:{click.pk}",
                store=OUR_STORE,
                site_id=link.site_id,
                contact_id=speaker.pk,
                source="link",
                occurred_at=now,
                recorded_at=now,
                properties={
                    "link_id": link.pk,
                    "url": personal.without_token(link.url),
                    "message_key": link.message_key,
                    "sequence_id": link.sequence_id,
                    "step_id": link.step_id,
                },
            )
        ]
    )
