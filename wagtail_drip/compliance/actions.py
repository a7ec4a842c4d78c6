"""The only writers of suppressions and complaints."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from wagtail_drip.compliance.models import Complaint, StopReview, Suppression
from wagtail_drip.core import claims, keys
from wagtail_drip.core.among import Among

# What we found out ourselves: any other reason is stronger, and stands instead of it.
BAD_NUMBER = "bad_number"
# What we judged to be a stop, and staff may overturn: anything surer stands instead of it.
STOP_PHRASE = "stop_phrase"
# What somebody put on a list of numbers that are never to be texted. Each list has rows of its own, so that taking one
# back opens nothing that another list or the person closed.
LISTED = "list"
# How the source of what another number of theirs has said begins.
MERGE = "merge:"


def suppress(
    *, phone: str, scope: str, scope_value: str = "", reason: str, source: str, now: datetime
) -> bool:
    """
    Suppress a number, and return whether it was not suppressed before. Suppressing twice is harmless.

    Take the lock of the contact that answers for the number first (``core.claims.lock_in_order``), so that
    no hand-over that has read the old state can still commit.

    :param phone: E.164.
    :param scope: ``all``, ``sender`` or ``site``.
    :param scope_value: "gateway:address", or the site's id; '' for all.
    """
    return bool(
        suppress_all(
            phones=[phone], scope=scope, scope_value=scope_value, reason=reason, source=source, now=now
        )
    )


def suppress_all(
    *,
    phones: Collection[str],
    scope: str,
    scope_value: str = "",
    reason: str,
    source: str,
    now: datetime,
) -> int:
    """Suppress many numbers as ``suppress`` does one, and return how many were not suppressed before."""
    return suppress_hashes(
        number_hashes={keys.number_hash(phone) for phone in phones if phone},
        scope=scope,
        scope_value=scope_value,
        reason=reason,
        source=source,
        now=now,
    )


def suppress_hashes(
    *,
    number_hashes: Collection[str],
    scope: str,
    scope_value: str = "",
    reason: str,
    source: str,
    now: datetime,
) -> int:
    """Suppress numbers of which only the keyed hash is known, as ``suppress_all`` does."""
    hashes = set(number_hashes)
    rows = Suppression.objects.filter(number_hash__in=hashes, scope=scope, scope_value=scope_value)
    known = dict(rows.values_list("number_hash", "lifted_at"))
    lifted = [number_hash for number_hash, lifted_at in known.items() if lifted_at is not None]
    if lifted:
        rows.filter(number_hash__in=lifted).update(
            lifted_at=None, reason=reason, source=source, recorded_at=now
        )
    if reason != BAD_NUMBER and len(known) > len(lifted):
        # Else their stop would end when the number turns out to work, or when a merge is undone.
        weaker, carried = Q(reason=BAD_NUMBER), Q(source__startswith=MERGE)
        if reason == STOP_PHRASE:
            # What the other number said beyond doubt stays so, whatever staff say of this judgement.
            rows.filter(carried, lifted_at=None).update(source=source)
        else:
            weaker |= carried | Q(reason=STOP_PHRASE)
        rows.filter(weaker, lifted_at=None).update(reason=reason, source=source, recorded_at=now)
    claims.insert_new(
        [
            Suppression(
                number_hash=number_hash,
                scope=scope,
                scope_value=scope_value,
                reason=reason,
                source=source,
                recorded_at=now,
            )
            for number_hash in sorted(hashes - known.keys())
        ],
        unique=["number_hash", "scope", "scope_value"],
    )
    return len(lifted) + len(hashes - known.keys())


def suppress_listed(*, phones: Collection[str], list_id: int, now: datetime) -> int:
    """Suppress the numbers of a list for every sender and site; return how many of them this list had not yet."""
    return suppress_all(
        phones=phones,
        scope="all",
        scope_value=_list_value(list_id),
        reason=LISTED,
        source=f"import:{list_id}",
        now=now,
    )


def lift_listed(*, list_id: int, after: int = 0, limit: int, now: datetime) -> tuple[int, int | None]:
    """
    Take some of a list back, in the order of their ids, what a merge carried over too.

    A chunk at a time no lock is held for long, and all chunks together read the table once.

    :param after: behind which id, as the call before returned it.
    :return: how many suppressions there were, and behind which id the next ones are; None if these were the last.
    """
    rows = Suppression.objects.filter(scope="all", scope_value=_list_value(list_id), lifted_at=None)
    ids = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])
    lifted = rows.filter(Among("pk", ids)).update(lifted_at=now) if ids else 0
    return lifted, ids[-1] if len(ids) == limit else None


def _list_value(list_id: int) -> str:
    return f"{LISTED}:{list_id}"


def lift(*, phone: str, scope: str = "", scope_value: str = "", now: datetime) -> int:
    """
    Lift the suppressions of a number and return how many there were.

    :param scope: only these; '' lifts every one, whatever its scope.
    """
    rows = Suppression.objects.filter(number_hash__in=keys.number_hashes(phone), lifted_at=None)
    if scope:
        rows = rows.filter(scope=scope, scope_value=scope_value)
    return rows.update(lifted_at=now)


def lift_hashes(*, number_hashes: Collection[str], reason: str, now: datetime) -> int:
    """Lift what suppresses numbers for this one reason, and return how many suppressions there were."""
    if not number_hashes:
        return 0
    rows = Suppression.objects.filter(number_hash__in=number_hashes, reason=reason, lifted_at=None)
    return rows.update(lifted_at=now)


def carry_over(*, number: str, to: str, source: str, now: datetime) -> None:
    """
    Suppress a number wherever another one of the same person is.

    That a number does not work says nothing of the other one.

    :param source: begins with ``MERGE``.
    """
    beyond_doubt = Suppression.objects.filter(lifted_at=None).exclude(reason=BAD_NUMBER)
    # What suppresses the other one already stands: it is stronger.
    there = set(
        beyond_doubt.filter(number_hash__in=keys.number_hashes(to)).values_list("scope", "scope_value")
    )
    for row in beyond_doubt.filter(number_hash__in=keys.number_hashes(number)).order_by("pk"):
        if (row.scope, row.scope_value) not in there:
            suppress(
                phone=to,
                scope=row.scope,
                scope_value=row.scope_value,
                reason=row.reason,
                source=source,
                now=now,
            )


def lift_carried(*, number: str, source: str, now: datetime) -> int:
    """Lift what ``carry_over`` suppressed and nobody has said since; return how many suppressions there were."""
    rows = Suppression.objects.filter(
        number_hash__in=keys.number_hashes(number), source=source, lifted_at=None
    )
    return rows.update(lifted_at=now)


def write_stop_review(
    *,
    inbound_text_id: int,
    contact_id: int | None,
    decision: str,
    reason: str,
    staff_user_id: int | None,
    now: datetime,
) -> StopReview:
    """Add what staff decided of a text. By itself it changes nothing: ``inbox.judged`` does both under the lock."""
    return StopReview.objects.create(
        inbound_text_id=inbound_text_id,
        contact_id=contact_id,
        decision=decision,
        reason=reason,
        staff_user_id=staff_user_id,
        recorded_at=now,
    )


def write_complaint(
    *,
    contact_id: int,
    source: str,
    reason: str,
    inbound_text_id: int | None = None,
    staff_user_id: int | None = None,
    now: datetime,
) -> Complaint:
    """Add a complaint. By itself it stops nothing: ``inbox.complaints.note`` does both under the contact's lock."""
    return Complaint.objects.create(
        contact_id=contact_id,
        source=source,
        reason=reason,
        inbound_text_id=inbound_text_id,
        staff_user_id=staff_user_id,
        recorded_at=now,
    )
