"""Appends consent records and projects them, set-wise; whoever calls holds the contacts' locks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.contacts import cleaning, projection, sealing
from wagtail_drip.contacts.consent import changes
from wagtail_drip.contacts.models import ConsentRecord, Permission
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core.among import Among
from wagtail_drip.core.upserts import upsert


def append(
    of: Collection[tuple[int, int]], consent: Consent, *, now: datetime, staff_user_id: int | None = None
) -> list[ConsentRecord]:
    """Append one record for each (contact, site) and project it; the contacts' locks are held by the caller."""
    return append_each(
        [(contact_id, site_id, consent) for contact_id, site_id in sorted(of)],
        now=now,
        staff_user_id=staff_user_id,
    )


def append_each(
    answers: Sequence[tuple[int, int, Consent]], *, now: datetime, staff_user_id: int | None = None
) -> list[ConsentRecord]:
    """Append a record for each (contact, site, answer), in this order, and project them, in four statements."""
    pairs = {(contact_id, site_id) for contact_id, site_id, _ in answers}
    held = projection.standings_of(pairs)
    heads = sealing.heads(pairs)
    # In one statement their numbers rise in the order given, on all three databases.
    records = ConsentRecord.objects.bulk_create(
        sealing.sealed(
            [
                ConsentRecord(
                    contact_id=contact_id,
                    site_id=site_id,
                    purpose_group=consent.group,
                    channel=consent.channel,
                    topic=consent.topic,
                    granted=consent.granted,
                    source=cleaning.clean(consent.source, 191),
                    method=consent.method,
                    wording=consent.wording.replace("\x00", ""),
                    wording_version=cleaning.clean(consent.wording_version, 64),
                    page_id=consent.page_id,
                    revision_id=consent.revision_id,
                    ip=consent.ip,
                    staff_user_id=staff_user_id,
                    # A clock ahead of ours must not outlive a stop that comes meanwhile.
                    at=min(consent.at or now, now),
                    recorded_at=now,
                )
                for contact_id, site_id, consent in answers
            ],
            heads,
        )
    )
    changed: dict[tuple[Any, ...], Permission] = {}
    for record in records:
        pair = (record.contact_id, record.site_id)
        new = changes(projection.recorded(record), held.get(pair, {}))
        held.setdefault(pair, {}).update(new)
        changed.update(
            {(*pair, *key): row for key, row in zip(new, projection.rows(*pair, new), strict=True)}
        )
    project(changed.values())
    return records


def close_all(
    contact_ids: Collection[int],
    *,
    source: str,
    method: ConsentMethod,
    wording: str = "",
    before: datetime | None = None,
    now: datetime,
    staff_user_id: int | None = None,
) -> None:
    """
    Close whatever these contacts agreed to, on every site; their locks are held by the caller.

    On record like every other change, so that the projection stays what the records say.

    :param before: only what they agreed to before.
    """
    agreed = Permission.objects.filter(Among("contact_id", contact_ids), granted=True)
    if before is not None:
        agreed = agreed.filter(record__at__lt=before)
    append_each(
        [
            (
                row.contact_id,
                row.site_id,
                Consent(
                    group=PurposeGroup(row.group),
                    granted=False,
                    source=source,
                    method=method,
                    wording=wording,
                    channel=Channel(row.channel),
                    topic=row.topic,
                ),
            )
            for row in agreed.order_by("contact_id", "site_id", "group", "channel", "topic")
        ],
        now=now,
        staff_user_id=staff_user_id,
    )


def project(rows: Iterable[Permission]) -> None:
    """Upsert rows of the projection, in the order of their key; the contacts' locks are held."""
    upsert(
        sorted(rows, key=lambda each: (each.contact_id, each.site_id, each.group, each.channel, each.topic)),
        unique=["contact", "site", "group", "channel", "topic"],
        update=["granted", "since", "record"],
    )
