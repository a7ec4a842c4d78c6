"""The only writers of legal hours and blackout dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from wagtail_drip.compliance import jurisdictions, rulebook
from wagtail_drip.compliance.jurisdictions import Rule, Standing
from wagtail_drip.compliance.models import BlackoutDate, LegalHours
from wagtail_drip.exceptions import WagtailDripError


class LooserNeedsReading(WagtailDripError):
    """
    Somebody lets texts go when the shipped hours hold them back, and has read nothing that shows these out of date.

    Name another source, read on the day on which we read ours or later; or ours, read anew after that day. Say in
    ``reason`` what has changed.
    """


@dataclass(frozen=True, kw_only=True)
class LegalHoursDraft:
    """
    What an owner says of a place.

    :param week: as a site's sending times: ``{"0": [["09:00", "20:00"]], …}``.
    :param source: the law's name, or who says it; of looser hours what was read, with *url* where it is on the web.
    :param read_on: the day on which it was read; of looser hours no earlier than ours, and not to come.
    :param reason: what has changed since we read our source; needed if it is looser than what is shipped.
    """

    country: str
    subdivision: str = ""
    week: Mapping[str, Any]
    holidays: str = "usual"
    kind: str = "law"
    has_marketing_only: bool = False
    source: str
    url: str = ""
    read_on: date
    reason: str = ""


def rule_of_draft(draft: LegalHoursDraft) -> Rule:
    """
    Return the rule that *draft* says, for ``jurisdictions.standing`` to be asked about.

    :raises ValueError: if its week cannot be read.
    """
    return rulebook.rule_of_fields(
        place=f"{draft.country}-{draft.subdivision}" if draft.subdivision else draft.country,
        week=draft.week,
        holidays=draft.holidays,
        kind=draft.kind,
        has_marketing_only=draft.has_marketing_only,
        source=draft.source,
        url=draft.url,
        read_on=draft.read_on,
    )


@transaction.atomic
def change_legal_hours(draft: LegalHoursDraft, *, by: str, now: datetime) -> LegalHours:
    """
    Let *draft* stand instead of the shipped hours of its place.

    These are the floor. Stricter hours are the owner's own affair; looser ones stand only where the shipped row is out
    of date, by a reading that is the owner's.

    :raises LooserNeedsReading: if it is looser than they are, and rests on no such reading or does not say what changed.
    """
    standing = jurisdictions.standing(rule_of_draft(draft))
    is_shown = standing is Standing.LOOSER and draft.reason.strip() and draft.read_on <= localdate(now)
    if standing is not Standing.NO_LOOSER and not is_shown:
        raise LooserNeedsReading(
            f"The hours of {draft.country} {draft.subdivision} are looser than the shipped ones: give a source of your "
            "own, read no earlier than ours, and say in reason what has changed."
        )
    fields = {
        "week": dict(draft.week),
        "holidays": draft.holidays,
        "kind": draft.kind,
        "has_marketing_only": draft.has_marketing_only,
        "source": draft.source,
        "url": draft.url,
        "read_on": draft.read_on,
        "reason": draft.reason.strip(),
        "edited_by": by,
        "edited_at": now,
    }
    row, _made = LegalHours.objects.update_or_create(
        country=draft.country, subdivision=draft.subdivision, defaults=fields
    )
    return row


def restore_legal_hours(country: str, subdivision: str = "") -> bool:
    """Go back to what is shipped for a place, and return whether anything was changed there."""
    deleted, _ = LegalHours.objects.filter(country=country, subdivision=subdivision).delete()
    return bool(deleted)


def save_blackout(
    *,
    name: str,
    begins_on: date,
    ends_on: date,
    site_id: int | None = None,
    purposes: Collection[str] = (),
    sequences: Collection[int] = (),
    pk: int | None = None,
) -> BlackoutDate:
    """
    Add days without texts, or change them.

    :param site_id: None is every site.
    :param purposes: only these; empty is every marketing purpose.
    :param sequences: ids, only these; empty is every message.
    :raises ValueError: if they end before they begin.
    """
    if ends_on < begins_on:
        raise ValueError("ends_on is before begins_on: give the last day, which may be the first.")
    fields = {
        "name": name,
        "begins_on": begins_on,
        "ends_on": ends_on,
        "site_id": site_id,
        "purposes": sorted(purposes),
        "sequences": sorted(sequences),
    }
    if pk is None:
        return BlackoutDate.objects.create(**fields)
    BlackoutDate.objects.filter(pk=pk).update(**fields)
    return BlackoutDate.objects.get(pk=pk)


def delete_blackout(pk: int) -> bool:
    """Take days without texts away, and return whether they were there."""
    deleted, _ = BlackoutDate.objects.filter(pk=pk).delete()
    return bool(deleted)
