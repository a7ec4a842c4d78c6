"""(i) A list of customers taken in: lines a second of the check and of the import, and the most memory that took."""

from __future__ import annotations

import csv
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import planting
from tests.benchmarks.measured import Row, Size, resident_bytes

MEGABYTE = 1024 * 1024
HEADER = ["phone", "first", "last", "email", "tags", "size", "no"]


def measure(size: Size) -> Iterator[Row]:
    people = size.of(100_000, 2_000)
    with tempfile.TemporaryDirectory() as folder, planting.database():
        site_id = planting.open_shop()
        for kind in ("csv", "xlsx"):
            path = Path(folder) / f"list.{kind}"
            _write(path, people, first=0 if kind == "csv" else people)
            for what, value, unit in _apart(lambda: _take_in(path, site_id)):  # noqa: B023
                yield Row(f"{kind.upper()}, {people:,} new people: {what}", value, unit)
        for what, value, unit in _apart(lambda: _take_in(Path(folder) / "list.csv", site_id)):
            yield Row(f"CSV, {people:,} known people: {what}", value, unit)


def _lines(people: int, first: int) -> Iterator[list[str]]:
    yield HEADER
    for number in range(first, first + people):
        yield [
            f"+447{400_000_000 + number:09d}",
            f"First{number % 997}",
            f"Last{number % 9973}",
            f"c{number}@shop.example",
            "club" if number % 3 else "club;vip",
            str(30 + number % 20),
            f"N{number}",
        ]


def _write(path: Path, people: int, *, first: int) -> None:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(_lines(people, first))
        return
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in _lines(people, first):
        sheet.append(line)
    book.save(path)


def _take_in(path: Path, site_id: int) -> list[tuple[str, float, str]]:
    from django.conf import settings

    from wagtail_drip.core import clock
    from wagtail_drip.privacy import import_actions, importing
    from wagtail_drip.privacy.import_plan import Column, Plan, Proof

    settings.MEDIA_ROOT = str(path.parent)
    before = resident_bytes()
    with path.open("rb") as file:
        row = import_actions.upload(file, name=path.name, site_id=site_id, now=clock.now())
    fields = ["phone", "first_name", "last_name", "email", "tags", "attribute", "external_id"]
    plan = Plan(
        columns=[
            Column(
                place=place,
                field=field,
                name="size" if field == "attribute" else "",
                type="number" if field == "attribute" else "text",
            )
            for place, field in enumerate(fields)
        ],
        proof=Proof(groups=["marketing"], source="till", wording="Text me.", at="2026-01-15"),
    )
    spent = {}
    for name, begin in (
        ("check", lambda: import_actions.check(row, plan, now=clock.now())),
        ("import", lambda: import_actions.start(row, now=clock.now())),
    ):
        began = time.perf_counter()
        begin()
        while importing.import_due(now=clock.now()):
            pass
        spent[name] = time.perf_counter() - began
    row.refresh_from_db()
    assert row.state == "done", (row.state, row.error)
    assert row.done["refused"] == 0, row.done
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [
        *((f"{name}", (row.total or 0) / seconds, "lines/s") for name, seconds in spent.items()),
        ("most memory above the imported site", (most - before) / MEGABYTE, "MB"),
    ]


def _apart(work: object) -> list[tuple[str, float, str]]:
    """Do *work* in a child of this process, so that the most memory is its own, and return what it measured."""
    import json

    from django.db import connections

    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            found = work()  # type: ignore[operator]
            with os.fdopen(writing, "w") as pipe:
                json.dump(found, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return [(str(what), float(value), str(unit)) for what, value, unit in json.loads(text)]
