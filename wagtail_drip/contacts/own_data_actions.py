"""The writers of what somebody does with their own data: ask for it by a code, restrict it, object to conclusions."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact, DataRequest
from wagtail_drip.core import claims

WAITING, OPENED, CLOSED = "waiting", "opened", "closed"
# So long a code is good, and so long what it opened stays open.
GOOD_FOR = timedelta(minutes=30)
# Whoever has the page's address can make the phone ring; not often.
REST = timedelta(minutes=10)
MOST_A_DAY = 4
# Of a million codes.
MOST_ATTEMPTS = 5


def ask(*, contact_id: int, site_id: int, now: datetime) -> tuple[DataRequest, str] | None:
    """
    Note that somebody asks for their data; return it with its code, or None where they asked too lately or too often.

    The contact's lock is held by the caller. An older code is good no more.
    """
    claims.require_transaction()
    theirs = DataRequest.objects.filter(contact_id=contact_id)
    if theirs.filter(requested_at__gt=now - REST).exists():
        return None
    if theirs.filter(requested_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        return None
    theirs.filter(state=WAITING).update(state=CLOSED)
    code = f"{secrets.randbelow(1_000_000):06d}"
    request = DataRequest.objects.create(
        contact_id=contact_id,
        site_id=site_id,
        code_hash="",
        requested_at=now,
        expires_at=now + GOOD_FOR,
    )
    DataRequest.objects.filter(pk=request.pk).update(code_hash=_hash(request.pk, code))
    return request, code


def open_with(*, contact_id: int, site_id: int, code: str, now: datetime) -> DataRequest | None:
    """Return the request that the code opens, or None; every try counts, and so does every wrong one."""
    request = (
        DataRequest.objects.filter(contact_id=contact_id, site_id=site_id, state=WAITING, expires_at__gt=now)
        .order_by("-pk")
        .first()
    )
    if request is None or not _is_right(request, code):
        return None
    opened = DataRequest.objects.filter(pk=request.pk, state=WAITING).update(
        state=OPENED, attempts=0, expires_at=now + GOOD_FOR
    )
    if not opened:
        return None
    request.refresh_from_db()
    return request


def confirm_with(request: DataRequest, *, code: str) -> bool:
    """Tell whether this is the code that opened the request: whoever has only the open page's address has it not."""
    return _is_right(request, code)


def close(request: DataRequest) -> None:
    """Close what a code opened."""
    DataRequest.objects.filter(pk=request.pk).update(state=CLOSED)


def close_all(contact_ids: Collection[int]) -> None:
    """Close what these contacts have asked for or opened: who they are has changed."""
    DataRequest.objects.filter(contact__in=contact_ids).exclude(state=CLOSED).update(state=CLOSED)


def _is_right(request: DataRequest, code: str) -> bool:
    # Counted before it is compared, in one statement: guessing on many connections gains nothing.
    counted = DataRequest.objects.filter(pk=request.pk, attempts__lt=MOST_ATTEMPTS).exclude(state=CLOSED)
    if not counted.update(attempts=F("attempts") + 1):
        return False
    digits = "".join(each for each in code if each.isascii() and each.isdecimal())
    return len(digits) == 6 and constant_time_compare(request.code_hash, _hash(request.pk, digits))


def _hash(pk: int, code: str) -> str:
    return salted_hmac("wagtail_drip.own_data", f"{pk}:{code}", algorithm="sha256").hexdigest()


@transaction.atomic
def restrict(contact_id: int, *, is_restricted: bool, now: datetime) -> bool:
    """Keep their data and do nothing with it, or again as before; return whether that is new. Obeyed by the gate."""
    return _note(contact_id, "restricted_at", is_restricted, now=now)


@transaction.atomic
def object_to_profiling(contact_id: int, *, objects: bool, now: datetime) -> bool:
    """Conclude nothing from what they do, or again as before; return whether that is new."""
    return _note(contact_id, "objected_at", objects, now=now)


def _note(contact_id: int, column: str, is_wanted: bool, *, now: datetime) -> bool:
    _lock(contact_id)
    rows = querysets.alive().filter(pk=contact_id, **{f"{column}__isnull": is_wanted})
    return bool(rows.update(**{column: now if is_wanted else None}, changed_at=now))


def _lock(contact_id: int) -> None:
    """Wait for a hand-over that has read the contact, as the gate's own lock does: nothing goes after."""
    claims.lock_in_order(Contact.objects.filter(pk=contact_id))
