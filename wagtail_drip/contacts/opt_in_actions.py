"""The only writers of opt-in requests: asked, confirmed once, or taken back by whoever says no."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.db import transaction

from wagtail_drip.contacts import cleaning, recording
from wagtail_drip.contacts.models import OptInRequest
from wagtail_drip.contacts.speaking import lock_present
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import claims, keys
from wagtail_drip.core.among import Among

WAITING, CONFIRMED, WITHDRAWN = "waiting", "confirmed", "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """
    What a form asked, and where.

    :param language: of the page, in which the text is written.
    :param interests: ids of those that were ticked.
    :param page_id: the page that showed the form, and its revision; None where it was no page of Wagtail's.
    """

    group: PurposeGroup
    topic: str
    is_double: bool
    source: str
    wording: str
    wording_version: str = ""
    page_id: int | None = None
    revision_id: int | None = None
    language: str = ""
    interests: tuple[int, ...] = ()
    ip: str | None = None


def network_of(ip: str | None) -> str:
    """Return what requests from an address are counted by: itself, or the /64 that is one customer's in IPv6."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    return str(mapped) if mapped.version == 4 else str(ip_network((mapped, 64), strict=False))


def add(*, contact_id: int, site_id: int, asked: Asked, now: datetime, expires_at: datetime) -> OptInRequest:
    """Note a request; the contact's lock is held by the caller, who has looked whether another one waits."""
    claims.require_transaction()
    return OptInRequest.objects.create(
        contact_id=contact_id,
        site_id=site_id,
        purpose_group=asked.group,
        topic=cleaning.clean(asked.topic, 64),
        is_double=asked.is_double,
        source=cleaning.clean(asked.source, 191),
        wording=asked.wording.replace("\x00", ""),
        wording_version=cleaning.clean(asked.wording_version, 64),
        page_id=asked.page_id,
        revision_id=asked.revision_id,
        language=cleaning.clean(asked.language, 16),
        interests=list(asked.interests) or None,
        ip=asked.ip,
        network=network_of(asked.ip),
        token=keys.short_token(16),
        requested_at=now,
        expires_at=expires_at,
    )


def add_interests(*, contact_id: int, site_id: int, interests: Collection[int], now: datetime) -> bool:
    """
    Add what was ticked in a form that asks nothing anew to the newest question of the site that is still open.

    The contact's lock is held by the caller.

    :return: whether there was one.
    """
    claims.require_transaction()
    waiting = OptInRequest.objects.filter(
        contact_id=contact_id, site_id=site_id, is_double=True, state=WAITING, expires_at__gt=now
    )
    request = waiting.order_by("-pk").first()
    if request is None:
        return False
    together = dict.fromkeys([*(request.interests or ()), *interests])
    return bool(waiting.filter(pk=request.pk).update(interests=list(together)))


@transaction.atomic
def confirm(
    requests: Sequence[OptInRequest], *, by: str, now: datetime, inbound_text_id: int | None = None
) -> list[OptInRequest]:
    """
    Record what the owner of the number agreed to, and return those requests that this confirmed.

    Each is confirmed once: whoever comes second, comes late, or comes after a no confirms nothing. The contacts
    are locked first, so that a stop has either closed the request already or follows what is recorded here.

    :param by: ``reply``, ``page`` or, where no confirmation was asked for, ``form``.
    """
    speakers = lock_present({each.contact_id for each in requests})
    heads = {pk: speaker.pk for pk, speaker in speakers.items()}
    mine = [
        each
        for each in sorted(requests, key=lambda each: each.pk)
        if each.contact_id in heads and _settle(each, by, now, inbound_text_id)
    ]
    if not mine:
        return []
    records = recording.append_each(
        [(heads[each.contact_id], each.site_id, _consent(each)) for each in mine], now=now
    )
    for request, record in zip(mine, records, strict=True):
        OptInRequest.objects.filter(pk=request.pk).update(record=record)
        request.record = record
    return mine


def _settle(request: OptInRequest, by: str, now: datetime, inbound_text_id: int | None) -> bool:
    """Mark a request as confirmed, unless somebody was there first; return whether this did it."""
    found = OptInRequest.objects.filter(pk=request.pk, state=WAITING, expires_at__gt=now).update(
        state=CONFIRMED, settled_at=now, confirmed_by=by, inbound_text_id=inbound_text_id
    )
    if found:
        # Another form may have added to them since the request was read, before the contact was locked.
        request.refresh_from_db(fields=["interests"])
    return bool(found)


def _consent(request: OptInRequest) -> Consent:
    return Consent(
        group=PurposeGroup(request.purpose_group),
        granted=True,
        source=request.source,
        method=ConsentMethod.DOUBLE_OPT_IN if request.is_double else ConsentMethod.WEB_FORM,
        topic=request.topic,
        wording=request.wording,
        wording_version=request.wording_version,
        page_id=request.page_id,
        revision_id=request.revision_id,
        ip=request.ip,
    )


def withdraw(
    *,
    contact_ids: Collection[int],
    site_ids: Collection[int] | None,
    now: datetime,
    group: PurposeGroup | None = None,
    topic: str = "",
) -> int:
    """
    Take back what these contacts have been asked and have not confirmed; return how many requests that closed.

    The contacts' locks are held by the caller.

    :param site_ids: None is every one.
    :param group: only of this group; None is every one.
    :param topic: only this topic; '' is every one.
    """
    rows = OptInRequest.objects.filter(Among("contact_id", contact_ids), state=WAITING)
    if site_ids is not None:
        rows = rows.filter(Among("site_id", site_ids))
    if group is not None:
        rows = rows.filter(purpose_group=group)
    if topic:
        rows = rows.filter(topic=topic)
    return rows.update(state=WITHDRAWN, settled_at=now)
