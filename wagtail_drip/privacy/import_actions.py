"""The only writers of imports: uploaded, planned, checked, started, paused, stopped, and forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.db.models import Q, QuerySet

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.core import claims, states
from wagtail_drip.privacy import import_files
from wagtail_drip.privacy.import_files import Layout, UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine
from wagtail_drip.privacy.import_plan import NEVER_TEXT, Plan
from wagtail_drip.privacy.import_states import OVER, TRANSITIONS, ImportState

# A list that nobody goes on with is personal data that lies about.
KEPT_DAYS = 14
# Only who reads it already takes it up again meanwhile: opening a file anew, at its middle, means reading its start.
HELD_SECONDS = 15
OPENING_SECONDS = 600
TRIES = 5
TAKEN_BACK_AT_ONCE = 1000


def upload(
    file: IO[bytes], *, name: str, site_id: int, by: Any = None, now: datetime, layout: Layout | None = None
) -> ContactImport:
    """
    Store a list, with what its columns are called, and return its import, which waits for a plan.

    :param by: the staff member; None for the command.
    :raises UnreadableFile: if it is no list that we can read; nothing is stored then.
    """
    layout = layout or import_files.find_layout(file)
    header = list(itertools.islice(import_files.records(file, layout), 2))
    if not header:
        raise UnreadableFile("empty")
    if len(header) == 1:
        raise UnreadableFile("header_only")
    row = ContactImport(
        site_id=site_id,
        name=name[-191:],
        by=by,
        by_name=(by.get_username() if by else "")[:150],
        layout=layout.as_json(),
        columns=[cell.strip()[:200] for cell in header[0].cells],
        created_at=now,
    )
    file.seek(0)
    row.file.save("list.xlsx" if layout.kind == "xlsx" else "list.csv", File(file), save=False)
    row.save()
    return row


def read_as(row: ContactImport, *, encoding: str, delimiter: str) -> None:
    """
    Read a CSV file in another way than we guessed.

    :raises UnreadableFile: if it cannot be read so; nothing is changed then.
    """
    layout = Layout(kind="csv", encoding=encoding, delimiter=delimiter)
    with row.file.open("rb") as file:
        header = next(import_files.records(file, layout), None)
    if header is None:
        raise UnreadableFile("empty")
    ContactImport.objects.filter(pk=row.pk, state__in=[ImportState.MAPPING, ImportState.CHECKED]).update(
        layout=layout.as_json(),
        columns=[cell.strip()[:200] for cell in header.cells],
        state=ImportState.MAPPING,
    )


def check(row: ContactImport, plan: Plan, *, now: datetime) -> bool:
    """Have a list read through by *plan*, writing nothing of it; return whether it was free to be."""
    with transaction.atomic():
        begun = _move(
            row,
            ImportState.CHECKING,
            plan=plan.as_json(),
            position=0,
            total=None,
            foreseen={},
            done={},
            due_at=now,
            holder="",
            attempts=0,
        )
        if begun:
            ImportedKey.objects.filter(contact_import=row).delete()
            RefusedLine.objects.filter(contact_import=row).delete()
    return begun


def start(row: ContactImport, *, now: datetime) -> bool:
    """Take in a list that was checked; return whether this call started it: of two only one does."""
    return _move(
        row,
        ImportState.RUNNING,
        allowed_from=[ImportState.CHECKED],
        position=0,
        due_at=now,
        holder="",
        attempts=0,
        started_at=now,
    )


def plan_again(row: ContactImport) -> bool:
    """Go back to the columns of a list that was checked and not started."""
    return _move(row, ImportState.MAPPING)


def pause(row: ContactImport) -> bool:
    return _move(row, ImportState.PAUSED, due_at=None, holder="")


def resume(row: ContactImport, *, now: datetime) -> bool:
    return _move(row, ImportState.RUNNING, allowed_from=[ImportState.PAUSED], due_at=now)


def stop(row: ContactImport, *, now: datetime) -> bool:
    """End an import where it is; what was taken in stays, and its file goes."""
    return _end(row, ImportState.STOPPED, now=now)


def take_back(row: ContactImport, *, now: datetime) -> bool:
    """
    Let the numbers of a list that is over be texted again, unless another one or they themselves closed them.

    A chunk at a time: what others wait for is short, and whoever is interrupted goes on by calling it again.

    :return: whether this call ended it: of two only one does.
    """
    after: int | None = 0
    while after is not None:
        behind = after
        after, is_ended = claims.retried(lambda: _take_some_back(row.pk, after=behind, now=now))  # noqa: B023
    return is_ended


def _take_some_back(pk: int, *, after: int, now: datetime) -> tuple[int | None, bool]:
    """Return behind which id it goes on, None for no further; and whether this was the last of it."""
    for held in claims.lock_in_order(ContactImport.objects.filter(pk=pk, state__in=OVER)):
        if held.plan.get("meant") != NEVER_TEXT or "opened" in held.done:
            break
        opened, behind = compliance.lift_listed(
            list_id=pk, after=after, limit=claims.batch_limit(TAKEN_BACK_AT_ONCE), now=now
        )
        held.done["opening"] = held.done.get("opening", 0) + opened
        if behind is None:
            held.done["opened"] = held.done.pop("opening")
        held.save(update_fields=["done"])
        return behind, behind is None
    return None, False


def fail(row: ContactImport, code: str, *, now: datetime) -> bool:
    """:param code: one of import_reasons.FILES."""
    return _end(row, ImportState.FAILED, now=now, error=code)


def hold(rows: QuerySet[ContactImport], *, by: str, now: datetime) -> ContactImport | None:
    """
    Give a list to the worker *by*, who is about to open it, and return it; None if somebody else has it.

    Each such try is counted until a chunk is done: a list that kills its workers is found so.
    """
    for row in claims.claim(rows, limit=1):
        row.attempts += 1
        ContactImport.objects.filter(pk=row.pk).update(
            attempts=row.attempts, holder=by, due_at=now + timedelta(seconds=OPENING_SECONDS)
        )
        return row
    return None


def put_off(pk: int, *, now: datetime) -> None:
    """Let a list wait a little after an error of ours."""
    ContactImport.objects.filter(pk=pk, due_at__isnull=False).update(
        due_at=now + timedelta(seconds=HELD_SECONDS), holder=""
    )


def note_chunk(
    row: ContactImport,
    *,
    position: int,
    counts: Mapping[str, Any],
    refused: Sequence[RefusedLine],
    is_last: bool,
    holder: str,
    now: datetime,
) -> None:
    """Note how far a list was read, whose lock the caller's transaction holds, in the transaction of that chunk."""
    claims.insert_new(refused, unique=["contact_import", "line"])
    is_check = row.state == ImportState.CHECKING
    changes: dict[str, Any] = {
        "foreseen" if is_check else "done": counts,
        "position": position,
        "attempts": 0,
        "holder": holder,
        "due_at": now + timedelta(seconds=HELD_SECONDS),
    }
    ContactImport.objects.filter(pk=row.pk).update(**changes)
    if not is_last:
        return
    if is_check:
        _move(row, ImportState.CHECKED, total=position, due_at=None, holder="")
    else:
        _end(row, ImportState.DONE, now=now)


def remember_keys(rows: Iterable[ImportedKey]) -> None:
    claims.insert_new(list(rows), unique=["contact_import", "key"])


def sweep(*, now: datetime) -> int:
    """Stop what nobody goes on with, and take away the files that are left of what is over; return how many."""
    old = now - timedelta(days=KEPT_DAYS)
    waiting = [ImportState.MAPPING, ImportState.CHECKED, ImportState.PAUSED]
    done = 0
    for row in ContactImport.objects.filter(state__in=waiting, created_at__lt=old).order_by("pk")[:100]:
        done += stop(row, now=now)
    for row in ContactImport.objects.filter(~Q(file=""), state__in=OVER).order_by("pk")[:100]:
        _take_away_file(row)
        done += 1
    return done


def _move(row: ContactImport, to: ImportState, **changes: Any) -> bool:
    moved = states.move(ContactImport.objects.filter(pk=row.pk), to, table=TRANSITIONS, **changes)
    return moved > 0


def _end(row: ContactImport, to: ImportState, *, now: datetime, error: str = "") -> bool:
    with transaction.atomic():
        ended = _move(row, to, due_at=None, holder="", ended_at=now, error=error)
        if ended:
            ImportedKey.objects.filter(contact_import=row).delete()
            transaction.on_commit(lambda: _take_away_file(row))
    return ended


def _take_away_file(row: ContactImport) -> None:
    if row.file.name:
        row.file.storage.delete(row.file.name)
    ContactImport.objects.filter(pk=row.pk).update(file="")
