"""
Takes lists in, a chunk at a time: each in one transaction, with what it says of how far the list was read.

A worker that is killed loses its chunk and nothing else: the next begins where the last one committed. The check is
the same way without the writing, so that what it foresees is what comes.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet

from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.types import Destination
from wagtail_drip.contacts import taking_in
from wagtail_drip.contacts.taking_in import ChangedMeanwhile, Outcome, Told
from wagtail_drip.core import claims, clock, garbage, keys, traces
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.privacy import import_actions as actions
from wagtail_drip.privacy import import_counts, import_files, import_plan
from wagtail_drip.privacy.import_cells import Reader, Refused, keys_of, names_of
from wagtail_drip.privacy.import_files import Layout, Record, UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine
from wagtail_drip.privacy.import_states import AT_WORK, ImportState

logger = logging.getLogger(__name__)

CHUNK = 1000


class _Open:
    """A list that this worker is in the middle of: reading on costs nothing, opening it anew all of its start."""

    def __init__(self, row: ContactImport) -> None:
        self.import_id = row.pk
        self.position = 0
        self.state = row.state
        self.file: IO[bytes] = row.file.open("rb")
        self._records = import_files.records(self.file, Layout(**row.layout))
        next(self._records, None)  # the header
        self.skip(row.position)

    def skip(self, number: int) -> None:
        self.position += sum(1 for _ in itertools.islice(self._records, number))

    def take(self, number: int) -> list[Record]:
        found = list(itertools.islice(self._records, number))
        self.position += len(found)
        return found

    def close(self) -> None:
        self._records.close()
        self.file.close()


class _Mine(threading.local):
    """What this worker holds. One list at a time, so that no more than one file stays open."""

    def __init__(self) -> None:
        self.token = keys.new_token()
        self.open: _Open | None = None

    def let_go(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None


_mine = _Mine()


@garbage.put_off()
def import_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Do one chunk of one list, and return how many lines that were; 0 when there is nothing to do."""
    now = now or clock.now()
    row = _due(now).only("pk", "attempts", "position", "state").first()
    if row is None:
        return 0
    if not _is_at_hand(row):
        # Committed before it is opened: what happens to this worker meanwhile counts.
        if row.attempts >= actions.TRIES:
            return int(actions.fail(row, "broken", now=now))
        actions.note_try(row.pk)
    size = claims.batch_limit(limit or CHUNK)
    try:
        return claims.retried(lambda: _chunk(size=size, now=now))
    except ChangedMeanwhile as error:
        logger.info("A chunk of an import is tried again: %s", error)
        _mine.let_go()
    except DatabaseError as error:
        _mine.let_go()
        if not connection.in_atomic_block:
            logger.error("A chunk of an import failed.\n%s", traces.trace_of(error))
            actions.put_off(row.pk, now=now)
    except Exception as error:  # noqa: BLE001 -- one list stops no other; five tries, then it has failed
        _mine.let_go()
        logger.error("A chunk of an import failed.\n%s", traces.trace_of(error))
        actions.put_off(row.pk, now=now)
    return 0


def _due(now: datetime) -> QuerySet[ContactImport]:
    due = Q(due_at__lte=now) | Q(due_at__isnull=False, holder=_mine.token)
    return ContactImport.objects.filter(due).order_by("due_at", "pk")


def _is_at_hand(row: ContactImport) -> bool:
    at_hand = _mine.open
    return at_hand is not None and (at_hand.import_id, at_hand.position, at_hand.state) == (
        row.pk,
        row.position,
        row.state,
    )


def _chunk(*, size: int, now: datetime) -> int:
    for row in claims.claim(_due(now), limit=1):
        if row.state not in AT_WORK:
            ContactImport.objects.filter(pk=row.pk).update(due_at=None)
            return 0
        try:
            records = _read_on(row, size)
        except UnreadableFile as error:
            _mine.let_go()
            return int(actions.fail(row, error.code, now=now))
        except FileNotFoundError:
            _mine.let_go()
            return int(actions.fail(row, "gone", now=now))
        is_last = len(records) < size
        outcomes, refused = work(row, records, now=now)
        is_check = row.state == ImportState.CHECKING
        counts = import_counts.add(
            row.foreseen if is_check else row.done, outcomes, [each.reason for each in refused]
        )
        actions.note_chunk(
            row,
            position=row.position + len(records),
            counts=counts,
            refused=refused,
            is_last=is_last,
            holder=_mine.token,
            now=now,
        )
        if is_last:
            _mine.let_go()
        return max(1, len(records))
    return 0


def _read_on(row: ContactImport, size: int) -> list[Record]:
    if not _is_at_hand(row):
        _mine.let_go()
        _mine.open = _Open(row)
    at_hand = _mine.open
    assert at_hand is not None  # noqa: S101 -- opened just now
    return at_hand.take(size)


def work(
    row: ContactImport, records: Sequence[Record], *, now: datetime
) -> tuple[list[Outcome], list[RefusedLine]]:
    """Foresee what these lines of a list would do, or do it, by the list's state, in a fixed number of queries."""
    plan = import_plan.read(row.plan)
    settings = SiteSettings.objects.filter(site_id=row.site_id).first() or SiteSettings()
    reader = Reader(plan=plan, zone=ZoneInfo(settings.zone), now=now)
    told: list[tuple[Record, Told]] = []
    refused: list[RefusedLine] = []
    for record in records:
        try:
            told.append((record, reader.read(record)))
        except Refused as error:
            column = names_of(row.columns, error.place)
            refused.append(
                RefusedLine(contact_import=row, line=record.line, column=column, reason=error.reason)
            )
    first = _first_lines(row, told)
    wanted: list[tuple[Record, Told]] = []
    for record, each in told:
        other = min((first.get(key, record.line) for key in keys_of(each.described)), default=record.line)
        if other < record.line:
            refused.append(
                RefusedLine(contact_import=row, line=record.line, reason="repeated", other_line=other)
            )
        else:
            wanted.append((record, each))
    people = _with_suppressions([each for _, each in wanted], settings, site_id=row.site_id)
    if row.state == ImportState.CHECKING:
        outcomes = taking_in.foresee(people, site_id=row.site_id, overwrite=plan.overwrite)
    else:
        outcomes = taking_in.take_in(
            people, site_id=row.site_id, overwrite=plan.overwrite, now=now, staff_user_id=row.by_id
        )
    for (record, _), outcome in zip(wanted, outcomes, strict=True):
        if not outcome.is_in:
            reason = "suppressed" if outcome.is_suppressed else "ambiguous"
            refused.append(RefusedLine(contact_import=row, line=record.line, reason=reason))
    return outcomes, refused


def _first_lines(row: ContactImport, told: Sequence[tuple[Record, Told]]) -> dict[int, int]:
    """Return which line of the list has first told of each of these people; the check notes it."""
    lines: dict[int, int] = {}
    for record, each in told:
        for key in keys_of(each.described):
            lines.setdefault(key, record.line)
    if not lines:
        return {}
    if row.state == ImportState.CHECKING:
        actions.remember_keys(
            ImportedKey(contact_import=row, key=key, line=line) for key, line in sorted(lines.items())
        )
    known = ImportedKey.objects.filter(Among("key", list(lines)), contact_import=row)
    return dict(known.values_list("key", "line"))


def _with_suppressions(people: Sequence[Told], settings: SiteSettings, *, site_id: int) -> list[Told]:
    """Return *people*, marked where their number has said stop to whoever would text them from this site."""
    sender = f"{settings.sender_gateway}:{settings.sender_address}"
    hashes = keys.hashes_of({each.described.phone for each in people} - {""})
    places = {
        number: Destination(number_hashes=found, sender=sender, site_id=site_id)
        for number, found in hashes.items()
    }
    stopped = compliance.suppressed(list(places.values()))
    if not stopped:
        return list(people)
    return [
        replace(each, is_suppressed=True) if places.get(each.described.phone) in stopped else each
        for each in people
    ]
