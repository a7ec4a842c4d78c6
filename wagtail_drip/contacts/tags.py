"""Writes the tags of contacts, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts import cleaning, querysets
from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.core import claims


@transaction.atomic
def change_tags(
    *, add: Collection[tuple[int, str]] = (), remove: Collection[tuple[int, str]] = (), now: datetime
) -> None:
    """
    Take tags away from contacts and give them tags, as (contact, tag), in that order.

    Contacts are locked first, in primary-key order; erased ones get none, merged ones give and get through
    the one that speaks for them.
    """
    heads = querysets.resolve_merged({contact_id for contact_id, _ in (*add, *remove)})
    alive = claims.lock_in_order(Contact.objects.filter(pk__in=set(heads.values()), erased_at=None))
    present = {contact.pk for contact in alive}
    by_tag: defaultdict[str, set[int]] = defaultdict(set)
    for contact_id, tag in remove:
        by_tag[cleaning.tag(tag)].add(heads[contact_id])
    for tag, contact_ids in sorted(by_tag.items()):
        ContactTag.objects.filter(tag=tag, contact_id__in=contact_ids).delete()
    new = {(heads[contact_id], cleaning.tag(tag)) for contact_id, tag in add}
    claims.insert_new(
        [
            ContactTag(contact_id=contact_id, tag=tag, at=now)
            for contact_id, tag in sorted(new)
            if contact_id in present and tag
        ],
        unique=["contact", "tag"],
    )
