"""Reading contacts, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Contains

from wagtail_drip.contacts import consent, projection
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, Permission
from wagtail_drip.contacts.types import Channel, ConsentMethod, group_of
from wagtail_drip.core.among import Among
from wagtail_drip.core.prepared import prepared

# Merges of merges are followed this far; a ring, which nothing of ours can make, ends here too.
_DEEPEST_MERGE = 10


class PermissionOf(NamedTuple):
    """Names one row of the projection."""

    contact_id: int
    site_id: int
    group: str
    channel: str
    topic: str


def permissions(
    contact_ids: Collection[int], site_ids: Collection[int]
) -> dict[tuple[int, int, str, str, str], bool]:
    """Return every decided permission of these contacts on these sites, in one query."""
    return {
        PermissionOf(contact_id, site_id, group, channel, topic): granted
        for contact_id, site_id, group, channel, topic, granted in _permissions(contact_ids, site_ids)
    }


@prepared
def _permissions(contact_ids: Collection[int], site_ids: Collection[int]) -> QuerySet[Any]:
    rows = Permission.objects.filter(Among("contact_id", contact_ids), Among("site_id", site_ids))
    return rows.values_list("contact_id", "site_id", "group", "channel", "topic", "granted")


def is_permitted(
    held: Mapping[tuple[int, int, str, str, str], bool],
    *,
    contact_id: int,
    site_id: int,
    purpose: str,
    topic: str = "",
    channel: str = Channel.SMS,
) -> bool:
    """Tell, from what ``permissions`` returned, whether a message of this purpose and topic is permitted."""
    group = group_of(purpose).value
    decided = {
        consent.PermissionKey(group, channel, each): held[contact_id, site_id, group, channel, each]
        for each in {topic, ""}
        if (contact_id, site_id, group, channel, each) in held
    }
    return consent.allows(decided, consent.PermissionKey(group, channel, topic))


def subscriptions(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], consent.Subscriptions]:
    """Return what the records of each (contact, site) come to, in one query; nothing for those without any."""
    if not pairs:
        return {}
    records: defaultdict[tuple[int, int], list[ConsentRecord]] = defaultdict(list)
    rows = ConsentRecord.objects.filter(
        Among("contact_id", {contact_id for contact_id, _ in pairs}), site_id__in={site for _, site in pairs}
    )
    for row in rows:
        records[row.contact_id, row.site_id].append(row)
    return {
        pair: consent.Subscriptions(
            held=_standing(found),
            agreed=_standing(row for row in found if row.method != ConsentMethod.SEQUENCE),
        )
        for pair, found in records.items()
    }


def _standing(records: Iterable[ConsentRecord]) -> dict[consent.PermissionKey, bool]:
    found = consent.standings(projection.recorded(record) for record in records)
    return {key: standing.granted for key, standing in found.items()}


def tags(contact_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the tags of each contact that has any, in one query."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = ContactTag.objects.filter(Among("contact_id", contact_ids))
    for contact_id, tag in rows.values_list("contact_id", "tag"):
        found[contact_id].add(tag)
    return {contact_id: frozenset(theirs) for contact_id, theirs in found.items()}


def alive() -> QuerySet[Contact]:
    """Return those who speak for themselves: neither merged into somebody nor erased."""
    return Contact.objects.filter(merged_into=None, erased_at=None)


def resolve_merged(contact_ids: Iterable[int]) -> dict[int, int]:
    """Return, for each contact, the one that speaks for it now: itself unless it was merged."""
    found = {pk: pk for pk in contact_ids}
    for _ in range(_DEEPEST_MERGE):
        heads = set(found.values())
        merged = dict(
            Contact.objects.filter(Among("pk", heads), merged_into__isnull=False).values_list(
                "pk", "merged_into_id"
            )
        )
        if not merged:
            break
        found = {pk: merged.get(head) or head for pk, head in found.items()}
    return found


def merged_into(heads: Iterable[int]) -> dict[int, int]:
    """Return everybody who was merged into one of *heads*, directly or through others, and into whom."""
    found: dict[int, int] = {}
    into = {head: head for head in heads}
    for _ in range(_DEEPEST_MERGE):
        rows = Contact.objects.filter(Among("merged_into_id", into)).values_list("pk", "merged_into_id")
        into = {merged: into[head or 0] for merged, head in rows}
        if not into:
            break
        found.update(into)
    return found


def speakers(heads: Collection[int]) -> dict[int, int]:
    """Return who speaks for each of *heads*, who speak for themselves, and for everybody merged into one of them."""
    return {**{head: head for head in heads}, **merged_into(heads)}


def by_phone(numbers: Collection[str]) -> dict[str, Contact]:
    """Return the contacts that answer for these numbers (E.164), by number."""
    rows = Contact.objects.filter(active_phone__in=set(numbers) - {""})
    return {row.active_phone: row for row in rows if row.active_phone}


def countries() -> dict[str, int]:
    """Return how many contacts with a number each country (ISO 3166) has, most first; '' where it is not known."""
    rows = (
        Contact.objects.filter(active_phone__isnull=False)
        .order_by()
        .values_list("region")
        .annotate(people=Count("pk"))
    )
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


def said_by(text: str, *columns: str) -> Q:
    """
    Return the condition that one of these columns has *text* in it, whatever its capitals.

    Not icontains: what that thinks of capitals is MariaDB's collation.
    """
    found = Q(pk__in=[])
    for column in columns:
        found |= Q(Contains(Lower(F(column)), text.lower()))
    return found
