"""
Makes two contacts one person in every room, and undoes it: one short transaction, in the order of everybody's locks.

Runs first, then both contacts, as the gate and an advance take them: a text under way is decided before or after,
never between. Whoever withdraws meanwhile finds who speaks for them under the same locks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from wagtail.models import Site

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance import querysets as compliance_rows
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, querysets
from wagtail_drip.contacts.consent import COMPLAINT
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import claims
from wagtail_drip.enrolments import merging as runs
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.privacy import trail
from wagtail_drip.segments import merging as segments
from wagtail_drip.stores import interest_actions, tallies


def merge(contact_id: int, *, into: int, now: datetime, user: Any = None, by: str = "") -> ContactMerge:
    """
    Make a contact one person with another one, who stays and speaks for both.

    Nothing that one number agreed to counts for the other; every no, every wish and every suppression of either does.
    Of runs of the same sequence the further one goes on. It can be undone for ``KEEP_MERGE_DAYS`` days.

    :param by: who it was, for the log, where there is no *user*.
    :raises CannotMerge: with the reason; nothing has changed.
    """
    return claims.retried(lambda: _merge(contact_id, into=into, now=now, user=user, by=by))


def _merge(contact_id: int, *, into: int, now: datetime, user: Any, by: str = "") -> ContactMerge:
    runs.hold_runs(family([contact_id, into]))
    merged, stays = merging.lock_two(contact_id, into)
    theirs = family([merged.pk])
    complained_at = max(compliance_rows.last_complaints(theirs).values(), default=None)
    done = merging.merge(
        merged,
        stays,
        complained_at=complained_at,
        joined=segments.join(merged.pk, into=stays.pk, now=now),
        now=now,
        staff_user_id=user.pk if user else None,
    )
    if done.number and stays.active_phone:
        compliance.carry_over(
            number=done.number, to=stays.active_phone, source=merging.source_of(done), now=now
        )
    everybody = family([stays.pk])
    runs.end_doubles(everybody, head=stays.pk, now=now)
    messaging.ask_wishes_again_of(everybody, now=now)
    tallies.refresh(everybody)
    interest_actions.look_again_at(everybody, now=now)
    trail.note(stays.pk, trail.MERGED, user=user, by=by)
    return done


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """
    What a merge would do.

    :ivar fields: what would be filled or made stricter, by the column's name.
    :ivar refused: what would be closed, as (site's id, purpose group, topic).
    :ivar is_suppressed: whether the number that stays would be suppressed because the other one is.
    :ivar ended: the names of sequences in which both are, and one run of which would end.
    :ivar number: the number that would be texted no more; '' for none.
    """

    fields: Mapping[str, Any]
    attributes: Collection[str]
    tags: Collection[str]
    refused: Collection[tuple[int, str, str]]
    is_suppressed: bool
    ended: Collection[str]
    number: str


def foresee(contact_id: int, *, into: int, now: datetime) -> Foreseen:
    """
    Return what ``merge`` would do: by doing it and taking it back, so that no rule is written twice.

    :raises CannotMerge: as ``merge`` would.
    """

    def work() -> Foreseen:
        done = _merge(contact_id, into=into, now=now, user=None)
        found = _seen(done, now=now)
        transaction.set_rollback(True)
        return found

    return claims.retried(work)


def _seen(done: ContactMerge, *, now: datetime) -> Foreseen:
    closed = ConsentRecord.objects.filter(pk__in=done.changes["records"])
    ended = Enrolment.objects.filter(
        contact__in=family([done.into_id]), exit_reason=ExitReason.MERGED, ended_at=now
    )
    return Foreseen(
        fields={name: after for name, (_before, after) in done.changes["fields"].items()},
        attributes=sorted(done.changes["attributes"]),
        tags=done.changes["tags"],
        refused=sorted(set(closed.values_list("site_id", "purpose_group", "topic"))),
        is_suppressed=compliance_rows.is_carried(merging.source_of(done)),
        ended=sorted(ended.values_list("sequence__name", flat=True)),
        number=done.number,
    )


def undo(merge_id: int, *, now: datetime, user: Any = None, by: str = "") -> bool:
    """
    Make two people of one again, as far as nothing has changed since; return whether each has their number.

    A run that ended stays ended, and who refused something since has refused it for both.

    :param by: who it was, for the log, where there is no *user*.
    :raises CannotUndo: with the reason; nothing has changed.
    :raises ContactMerge.DoesNotExist: if there is no such merge.
    """
    return claims.retried(lambda: _undo(merge_id, now=now, user=user, by=by))


def _undo(merge_id: int, *, now: datetime, user: Any, by: str) -> bool:
    row = ContactMerge.objects.get(pk=merge_id)
    runs.hold_runs(family([row.into_id]))
    done, merged, stays = merging.lock_to_undo(merge_id, now=now)
    everybody = family([stays.pk])
    last = max(compliance_rows.last_complaints(everybody).values(), default=None)
    is_complained_of = last is not None and last >= done.at
    has_number = merging.undo(
        done,
        merged,
        stays,
        is_complained_of=is_complained_of,
        now=now,
        staff_user_id=user.pk if user else None,
    )
    segments.part(merged.pk, stays=stays.pk, joined=done.changes["segments"], merged_at=done.at, now=now)
    source = merging.source_of(done)
    if is_complained_of:
        # Nobody can tell who of the two it was.
        contacts.withdraw_marketing(
            contact_ids=[merged.pk, stays.pk],
            site_ids=list(Site.objects.values_list("pk", flat=True)),
            source=f"{COMPLAINT}{source}",
            method=ConsentMethod.STAFF,
            now=now,
        )
    elif stays.active_phone:
        compliance.lift_carried(number=stays.active_phone, source=source, now=now)
    messaging.ask_wishes_again_of(everybody, now=now)
    tallies.refresh([merged.pk, stays.pk])
    interest_actions.look_again_at(everybody, now=now)
    for pk in (merged.pk, stays.pk):
        trail.note(pk, trail.UNMERGED, user=user, by=by)
    return has_number


def family(contact_ids: Collection[int]) -> list[int]:
    """Return these contacts, everybody who was merged into them, and whoever speaks for them."""
    heads = set(querysets.resolve_merged(contact_ids).values())
    return sorted({*contact_ids, *heads, *querysets.merged_into(heads)})
