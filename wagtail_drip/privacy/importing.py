"""
Takes lists in, a chunk at a time: each in one transaction, with what it says of how far the list was read.

A worker that is killed loses its chunk and nothing else: the next begins where the last one committed. The check is
the same way without the writing, so that what it foresees is what comes.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import IO
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.types import Destination
from wagtail_drip.contacts import taking_in
from wagtail_drip.contacts.taking_in import ChangedMeanwhile, Outcome, Told
from wagtail_drip.core import claims, clock, garbage, keys, traces
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.privacy import changed_hands, import_counts, import_files, import_plan, never_text
from wagtail_drip.privacy import import_actions as actions
from wagtail_drip.privacy.import_cells import Person, Reader, Refused, keys_of, names_of
from wagtail_drip.privacy.import_files import Layout, Record, UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine
from wagtail_drip.privacy.import_plan import Plan
from wagtail_drip.privacy.import_states import AT_WORK, ImportState
from wagtail_drip.stores import interest_actions

logger = logging.getLogger(__name__)

CHUNK = 1000
# Where somebody's interests are said to come from.
SOURCE = "import"


class _Open:
    """A list that this worker is in the middle of: reading on costs nothing, opening it anew all of its start."""

    def __init__(self, row: ContactImport) -> None:
        self.import_id = row.pk
        self.position = row.position
        self.state = row.state
        self.file: IO[bytes] = row.file.open("rb")
        self._records = import_files.records(self.file, Layout(**row.layout))
        self._ahead: list[Record] = []
        self._is_last = False
        for _ in itertools.islice(self._records, row.position + 1):  # and the header
            pass

    def is_at(self, row: ContactImport) -> bool:
        return (self.import_id, self.position, self.state) == (row.pk, row.position, row.state)

    def ahead(self, number: int) -> tuple[list[Record], bool]:
        """Return the next records, and whether they are the last: the same again until they are ``done_with``."""
        if not self._ahead and not self._is_last:
            self._ahead = list(itertools.islice(self._records, number))
            self._is_last = len(self._ahead) < number
        return self._ahead, self._is_last

    def done_with(self) -> None:
        self.position += len(self._ahead)
        self._ahead = []

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
    row = _due(now).first()
    if row is None:
        _mine.let_go()  # paused, over, or another worker's by now
        return 0
    try:
        return _do(row, size=claims.batch_limit(limit or CHUNK), now=now)
    except UnreadableFile as error:
        _mine.let_go()
        return int(actions.fail(row, error.code, now=now))
    except FileNotFoundError:
        _mine.let_go()
        return int(actions.fail(row, "gone", now=now))
    except ChangedMeanwhile:
        _mine.let_go()
        actions.put_off(row.pk, now=now)
    except Exception as error:
        _mine.let_go()
        if connection.in_atomic_block:
            raise
        logger.error("A chunk of an import failed.\n%s", traces.trace_of(error))
        actions.put_off(row.pk, now=now)
    return 0


def _do(row: ContactImport, *, size: int, now: datetime) -> int:
    if _mine.open is None or not _mine.open.is_at(row):
        _mine.let_go()
        # Committed before it is opened: nobody else opens it meanwhile, and what happens to this worker counts.
        mine = claims.retried(lambda: actions.hold(_due(now).filter(pk=row.pk), by=_mine.token, now=now))
        if mine is None:
            return 0
        if mine.attempts > actions.TRIES:
            return int(actions.fail(mine, "broken", now=now))
        _mine.open = _Open(mine)
    at_hand = _mine.open
    # Read before the transaction, which keeps others waiting, SQLite's above all.
    records, is_last = at_hand.ahead(size)
    done = _unless_changed(lambda: claims.retried(lambda: _chunk(at_hand, records, is_last=is_last, now=now)))
    if done:
        at_hand.done_with()
    if is_last or not done:
        _mine.let_go()
    return done


def _unless_changed(chunk: Callable[[], int]) -> int:
    """Do a chunk again where somebody else changed who is who in the middle of it; the third time is let through."""
    for _ in range(2):
        try:
            return chunk()
        except ChangedMeanwhile as error:
            logger.info("A chunk of an import is tried again: %s", error)
    return chunk()


def _due(now: datetime) -> QuerySet[ContactImport]:
    due = Q(due_at__lte=now) | Q(due_at__isnull=False, holder=_mine.token)
    return ContactImport.objects.filter(due, state__in=AT_WORK).order_by("due_at", "pk")


def _chunk(at_hand: _Open, records: Sequence[Record], *, is_last: bool, now: datetime) -> int:
    for row in claims.claim(_due(now).filter(pk=at_hand.import_id), limit=1):
        if not at_hand.is_at(row):
            return 0
        counted, refused = work(row, records, now=now)
        is_check = row.state == ImportState.CHECKING
        counts = import_counts.add(
            row.foreseen if is_check else row.done, counted, [each.reason for each in refused]
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
        return max(1, len(records))
    return 0


def work(
    row: ContactImport, records: Sequence[Record], *, now: datetime
) -> tuple[Counter[str], list[RefusedLine]]:
    """Foresee what these lines of a list would do, or do it, by the list's state, in a fixed number of queries."""
    plan = import_plan.read(row.plan)
    settings = SiteSettings.objects.filter(site_id=row.site_id).first() or SiteSettings()
    tells_interests = any(column.field == "interests" for column in plan.columns)
    reader = Reader(
        plan=plan,
        zone=ZoneInfo(settings.zone),
        now=now,
        interests=interest_actions.by_name() if tells_interests else {},
    )
    told: list[tuple[Record, Person]] = []
    refused: list[RefusedLine] = []
    for record in records:
        try:
            told.append((record, reader.read(record)))
        except Refused as error:
            column = names_of(row.columns, error.place)
            refused.append(
                RefusedLine(
                    contact_import=row,
                    line=record.line,
                    column=column,
                    reason=error.reason,
                    told=error.told,
                )
            )
    first = _first_lines(row, told)
    wanted: list[tuple[Record, Person]] = []
    for record, each in told:
        other = min((first.get(key, record.line) for key in keys_of(each.described)), default=record.line)
        if other < record.line:
            refused.append(
                RefusedLine(contact_import=row, line=record.line, reason="repeated", other_line=other)
            )
        else:
            wanted.append((record, each))
    if plan.is_of_numbers:
        numbers = {each.described.phone for _, each in wanted}
        return _of_numbers(row, plan, numbers, reader, now=now), refused
    outcomes = _taken_in(row, plan, [each for _, each in wanted], settings, now=now)
    for (record, _), outcome in zip(wanted, outcomes, strict=True):
        if not outcome.is_in:
            reason = "suppressed" if outcome.is_suppressed else "ambiguous"
            refused.append(RefusedLine(contact_import=row, line=record.line, reason=reason))
    return import_counts.of(outcomes), refused


def _of_numbers(
    row: ContactImport, plan: Plan, numbers: set[str], reader: Reader, *, now: datetime
) -> Counter[str]:
    is_check = row.state == ImportState.CHECKING
    if plan.meant == import_plan.NEVER_TEXT:
        if is_check:
            return never_text.foresee(numbers)
        return never_text.close(numbers, list_id=row.pk, now=now)
    # The list speaks of the whole of that day.
    since = reader.moment(plan.day, None) + timedelta(days=1)
    if is_check:
        return changed_hands.foresee(numbers, since=since)
    return changed_hands.let_go(numbers, since=since, source=row.name, now=now, staff_user_id=row.by_id)


def _taken_in(
    row: ContactImport, plan: Plan, people: Sequence[Person], settings: SiteSettings, *, now: datetime
) -> list[Outcome]:
    def mark(some: Sequence[Told]) -> Sequence[Told]:
        return _with_suppressions(some, settings, site_id=row.site_id)

    if row.state == ImportState.CHECKING:
        foreseen = taking_in.foresee(mark(people), site_id=row.site_id, overwrite=plan.overwrite)
        return _changed_by(foreseen, interest_actions.new_to(_interests(people, foreseen)))
    outcomes = taking_in.take_in(
        people,
        site_id=row.site_id,
        overwrite=plan.overwrite,
        now=now,
        staff_user_id=row.by_id,
        mark_suppressed=mark,
    )
    new = interest_actions.state_many(_interests(people, outcomes), source=SOURCE, now=now)
    return _changed_by(outcomes, new)


def _interests(people: Sequence[Person], outcomes: Sequence[Outcome]) -> dict[int, set[int]]:
    """Return the interests that the list gives to each contact whom it gives any."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for person, outcome in zip(people, outcomes, strict=True):
        if person.interests and outcome.contact_id is not None:
            found[outcome.contact_id] |= person.interests
    return found


def _changed_by(outcomes: Sequence[Outcome], new: Mapping[int, Collection[int]]) -> list[Outcome]:
    """Return *outcomes*, changed where the list adds an interest to somebody whom we knew."""
    return [
        replace(each, is_changed=True) if each.contact_id in new and not each.is_new else each
        for each in outcomes
    ]


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
