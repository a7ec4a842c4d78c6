"""Between the rows and the pure rules of consent: records in, permissions out, and where the two differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from wagtail_drip.contacts.consent import COMPLAINT, PermissionKey, Recorded, Standing, standings
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import ConsentMethod

_CHUNK = 500  # contacts recomputed at a time, so that memory does not grow with their number


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A row of the projection that is not what the records say. None where there is or should be no row."""

    contact_id: int
    site_id: int
    key: PermissionKey
    is_now: bool | None
    should_be: Standing | None


def recorded(record: ConsentRecord) -> Recorded:
    return Recorded(
        id=record.pk,
        key=PermissionKey(record.purpose_group, record.channel, record.topic),
        granted=record.granted,
        at=record.at,
        recorded_at=record.recorded_at,
        method=record.method,
        is_complaint=_is_complaint(record),
    )


def _is_complaint(record: ConsentRecord) -> bool:
    return not record.granted and record.source.startswith(COMPLAINT)


def rows(contact_id: int, site_id: int, found: Mapping[PermissionKey, Standing]) -> list[Permission]:
    """Return unsaved rows of the projection."""
    return [
        Permission(
            contact_id=contact_id,
            site_id=site_id,
            group=key.group,
            channel=key.channel,
            topic=key.topic,
            granted=standing.granted,
            since=standing.since,
            record_id=standing.record_id,
        )
        for key, standing in found.items()
    ]


def standings_of(
    pairs: Collection[tuple[int, int]],
) -> dict[tuple[int, int], dict[PermissionKey, Standing]]:
    """Return what the projection holds for each (contact, site), in one query."""
    found: defaultdict[tuple[int, int], dict[PermissionKey, Standing]] = defaultdict(dict)
    held = Permission.objects.filter(
        contact_id__in={contact_id for contact_id, _ in pairs}, site_id__in={site_id for _, site_id in pairs}
    ).select_related("record")
    for row in held:
        found[row.contact_id, row.site_id][_key(row)] = Standing(
            granted=row.granted,
            record_id=row.record_id,
            since=row.since,
            at=row.record.at,
            method=row.record.method,
            is_complaint=_is_complaint(row.record),
        )
    return found


def standings_before(
    contact_id: int, site_id: int, record_id: int, *, with_judged: bool = False
) -> dict[PermissionKey, Standing]:
    """
    Return what held just before this record, by all but our own judgements that it confirmed.

    :param with_judged: by these, too: the record was somebody else's word, and confirmed none of them.
    """
    earlier = ConsentRecord.objects.filter(contact_id=contact_id, site_id=site_id, pk__lt=record_id)
    if not with_judged:
        earlier = earlier.exclude(method=ConsentMethod.PHRASE, granted=False)
    return standings(recorded(record) for record in earlier)


def differences(contact_ids: Collection[int] | None = None) -> list[Difference]:
    """Recompute the projection of these contacts, or of all, and return where it differs, changing nothing."""
    if contact_ids is not None:
        return _differences_of(contact_ids)
    found: list[Difference] = []
    last = 0
    while chunk := list(
        Contact.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_CHUNK]
    ):
        found += _differences_of(chunk)
        last = chunk[-1]
    return found


def _differences_of(contact_ids: Collection[int]) -> list[Difference]:
    by_pair: defaultdict[tuple[int, int], list[Recorded]] = defaultdict(list)
    for record in ConsentRecord.objects.filter(contact_id__in=contact_ids):
        by_pair[record.contact_id, record.site_id].append(recorded(record))
    should = {
        (pair, key): standing for pair, found in by_pair.items() for key, standing in standings(found).items()
    }
    is_now = {
        ((row.contact_id, row.site_id), _key(row)): row
        for row in Permission.objects.filter(contact_id__in=contact_ids)
    }
    return [
        Difference(
            contact_id=pair[0],
            site_id=pair[1],
            key=key,
            is_now=row.granted if row is not None else None,
            should_be=standing,
        )
        for pair, key in sorted({*should, *is_now})
        for row, standing in [(is_now.get((pair, key)), should.get((pair, key)))]
        if row is None
        or standing is None
        or (row.granted, row.record_id) != (standing.granted, standing.record_id)
    ]


def row_of(difference: Difference) -> QuerySet[Permission]:
    """Return the row that *difference* is about."""
    return Permission.objects.filter(
        contact_id=difference.contact_id,
        site_id=difference.site_id,
        group=difference.key.group,
        channel=difference.key.channel,
        topic=difference.key.topic,
    )


def _key(row: Permission) -> PermissionKey:
    return PermissionKey(row.group, row.channel, row.topic)
