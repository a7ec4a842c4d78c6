"""Who speaks for somebody, found and locked as one: else a merge in between leaves a stop with a row nobody reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among


def lock_speakers(contact_ids: Iterable[int]) -> dict[int, Contact]:
    """
    Lock these contacts and whoever speaks for each now, in primary-key order; return the latter by the former's id.

    Erased contacts are among them; ids that no contact has are left out. Whoever merges, or undoes it, holds both
    rows, so what is returned stays true until the transaction ends.
    """
    ids = set(contact_ids)
    return _locked(ids, {*ids, *querysets.resolve_merged(ids).values()})


def lock_present(contact_ids: Iterable[int]) -> dict[int, Contact]:
    """Lock as ``lock_speakers`` does, and leave out for whom somebody speaks who was erased."""
    return {pk: speaker for pk, speaker in lock_speakers(contact_ids).items() if speaker.erased_at is None}


def _locked(ids: Collection[int], wanted: Collection[int]) -> dict[int, Contact]:
    rows: dict[int, Contact] = {}
    missing = set(wanted)
    # The rows tell what holds under the lock; only if somebody merged since we resolved is there another round.
    while missing:
        found = claims.lock_in_order(Contact.objects.filter(Among("pk", missing)))
        rows.update((row.pk, row) for row in found)
        missing = {row.merged_into_id for row in found if row.merged_into_id is not None} - rows.keys()
    return {pk: _speaker(rows[pk], rows) for pk in ids if pk in rows}


def _speaker(row: Contact, rows: dict[int, Contact]) -> Contact:
    while row.merged_into_id is not None:
        row = rows[row.merged_into_id]
    return row
