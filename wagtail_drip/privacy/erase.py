"""
Erases a person: at once what could still reach them, and the rest in chunks.

``begin`` is one short transaction under the contact's lock, which the gate takes too: once it has committed,
nothing goes out. What hangs on the contact follows in passes of ``erase_due``, a few hundred rows at a time, each
pass as often as it likes. Ten minutes later everything is looked through once more, for whoever had read the
contact before it was blank may have written after.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import erasing
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import claims, clock
from wagtail_drip.core.personal_data import Erasing, Held, Person, forget
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.privacy import inventory, people, trail
from wagtail_drip.privacy.erasure_models import Erasure

logger = logging.getLogger(__name__)

CHUNK = 500
CHUNKS_AT_ONCE = 10
SECOND_LOOK_AFTER = timedelta(minutes=10)
LONGEST_PAUSE_SECONDS = 3600
REASON = inbox.ERASED
# What is read later and would bring them back: it is emptied before the contact is.
_UNREAD = ("Callback", "Notice", "InboundText")


def begin(
    contact_id: int, *, now: datetime, user: Any = None, by: str = "", may_return: bool = False
) -> Erasure:
    """
    Blank a contact and everybody who was merged into it, and leave the rest to the workers.

    Their runs end, what waits in the outbox is cancelled, and their numbers are suppressed by keyed hash: whoever
    brings one again is told so. A second call while the first is under way returns that one.

    :param by: who it was at the command line, where there is no *user*.
    :param may_return: do not suppress the numbers; a stop that they have said stays all the same.
    """
    return claims.retried(lambda: _begin(contact_id, now=now, user=user, by=by, may_return=may_return))


def _begin(contact_id: int, *, now: datetime, user: Any, by: str, may_return: bool) -> Erasure:
    person = people.person(contact_id, until=now)
    _empty_what_is_unread(person)
    for each in person.contact_ids:
        enrolments.exit(contact_id=each, reason=ExitReason.ERASED, now=now)
    claims.lock_in_order(Contact.objects.filter(pk__in=person.contact_ids))
    # Read again under the lock: a number, a key, a run may have come since.
    person = people.person(contact_id, until=now)
    under_way = Erasure.objects.filter(contact__in=person.contact_ids, done_at=None).order_by("pk").first()
    if under_way is not None:
        return under_way
    for each in person.contact_ids:
        enrolments.exit(contact_id=each, reason=ExitReason.ERASED, now=now)
    messaging.cancel_for_contacts(contact_ids=person.contact_ids, reason=REASON, now=now, with_answers=True)
    if person.numbers and not may_return:
        compliance.suppress_all(phones=person.numbers, scope="all", reason=REASON, source=REASON, now=now)
    hashes = person.number_hashes
    erasing.blank(person.contact_ids, now=now)
    trail.forget(person.contact_ids)
    trail.note(person.contact_ids[0], trail.ERASED, user=user, by=by)
    return Erasure.objects.create(
        contact_id=contact_id,
        number_hashes=hashes,
        person=_stored(person),
        due_at=now,
        requested_at=now,
        requested_by=user,
    )


def _empty_what_is_unread(person: Person) -> None:
    for each in inventory.of_people():
        if each.name in _UNREAD and each.rows is not None:
            rows = claims.lock_in_order(each.rows(person).exclude(due_at=None))
            forget(each, [row.pk for row in rows], person)


def erase_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Go on with what is to be erased, and return how many rows that were, with one for each step of its own."""
    now = now or clock.now()
    due = Erasure.objects.filter(due_at__lte=now)
    done = 0
    if not due.exists():
        return done
    for _ in range(CHUNKS_AT_ONCE):
        rows = _step(now, limit or claims.batch_limit(CHUNK))
        if not rows:
            break
        done += rows
    return done


def _step(now: datetime, limit: int) -> int:
    held: list[Erasure] = []

    def work() -> int:
        held.clear()
        due = Erasure.objects.filter(due_at__lte=now).order_by("due_at", "pk")
        held.extend(claims.claim(due, limit=1))
        return _go_on(held[0], now=now, limit=limit) if held else 0

    try:
        return claims.retried(work)
    except Exception as error:
        if not held:
            raise
        # It is never given up: the person has a right to it. Neither logged nor kept: what the error says.
        logger.error("Erasure %s stopped: %s. It is tried again.", held[0].pk, type(error).__name__)
        attempts = held[0].attempts + 1
        later = now + timedelta(seconds=min(30 * 2 ** min(attempts, 10), LONGEST_PAUSE_SECONDS))
        Erasure.objects.filter(pk=held[0].pk).update(
            attempts=attempts, error=type(error).__name__, due_at=later
        )
        return 1


def _go_on(job: Erasure, *, now: datetime, limit: int) -> int:
    """Erase the next rows of the next table that has some; with none left, note that it is done."""
    person = _read(job)
    for each in _tables(since=job.table):
        after = job.cursor if each.name == job.table else 0
        found = _next(each, person, after=after, limit=limit)
        if found:
            forget(each, found, person)
            Erasure.objects.filter(pk=job.pk).update(
                table=each.name, cursor=found[-1], rows=job.rows + len(found), attempts=0, error=""
            )
            return len(found)
    trail.forget(person.contact_ids)
    if job.look == 1:
        later = job.requested_at + SECOND_LOOK_AFTER
        Erasure.objects.filter(pk=job.pk).update(table="", cursor=0, look=2, due_at=max(later, now))
    else:
        Erasure.objects.filter(pk=job.pk).update(person={}, due_at=None, done_at=now)
    return 1


def _tables(*, since: str) -> list[Held]:
    return [each for each in inventory.of_people() if each.erasing is not Erasing.KEEP and each.name >= since]


def _next(each: Held, person: Person, *, after: int, limit: int) -> list[int]:
    if each.rows is None:
        return []
    rows = each.rows(person).filter(pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def _stored(person: Person) -> dict[str, Any]:
    return {
        "contact_ids": person.contact_ids,
        "numbers": person.numbers,
        "emails": person.emails,
        "identities": person.identities,
    }


def _read(job: Erasure) -> Person:
    kept = job.person
    return Person(
        contact_ids=tuple(kept["contact_ids"]),
        numbers=tuple(kept["numbers"]),
        emails=tuple(kept["emails"]),
        identities=tuple((store, kind, value) for store, kind, value in kept["identities"]),
        until=job.requested_at,
    )
