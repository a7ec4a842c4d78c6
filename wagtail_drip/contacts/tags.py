"""Writes the tags of contacts, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts import cleaning
from wagtail_drip.contacts.models import ContactTag
from wagtail_drip.contacts.speaking import lock_present
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
    speakers = lock_present({contact_id for contact_id, _ in (*add, *remove)})
    heads = {pk: speaker.pk for pk, speaker in speakers.items()}
    by_tag: defaultdict[str, set[int]] = defaultdict(set)
    for contact_id, tag in remove:
        if contact_id in heads:
            by_tag[cleaning.tag(tag)].add(heads[contact_id])
    for tag, contact_ids in sorted(by_tag.items()):
        ContactTag.objects.filter(tag=tag, contact_id__in=contact_ids).delete()
    new = {(heads[contact_id], cleaning.tag(tag)) for contact_id, tag in add if contact_id in heads}
    claims.insert_new(
        [ContactTag(contact_id=contact_id, tag=tag, at=now) for contact_id, tag in sorted(new) if tag],
        unique=["contact", "tag"],
    )
