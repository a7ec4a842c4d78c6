"""
(i) A list taken in: lines a second of the check and of the import, and the most memory that took.

Of customers, and of numbers that are never to be texted, of which one is taken back.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import planting
from tests.benchmarks.measured import MEGABYTE, Row, Size, apart, most_bytes, resident_bytes, watched

if TYPE_CHECKING:
    from wagtail_drip.privacy.import_plan import Plan

HEADER = ["phone", "first", "last", "email", "tags", "size", "no"]


def measure(size: Size) -> Iterator[Row]:
    people = size.of(100_000, 2_000)
    yield from _customers(people)
    yield from _never_to_text(people)


def _customers(people: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, planting.database():
        site_id = planting.open_shop()
        for kind in ("csv", "xlsx"):
            path = Path(folder) / f"list.{kind}"
            _write(path, people, first=0 if kind == "csv" else people)
            what = f"{kind.upper()}, {people:,} new people"
            yield from apart(lambda: _take_in(what, path, site_id))  # noqa: B023
        what = f"CSV, {people:,} known people"
        yield from apart(lambda: _take_in(what, Path(folder) / "list.csv", site_id))


def _never_to_text(people: int) -> Iterator[Row]:
    """Two lists of numbers, of nobody we know and of contacts; the second is taken back."""
    with tempfile.TemporaryDirectory() as folder, planting.database():
        site_id = planting.open_shop()
        yield from apart(lambda: _plant(people, site_id))
        planting.analyse()
        for what, first in (("nobody", people), ("contacts", 0)):
            path = Path(folder) / f"{what}.csv"
            _write(path, people, first=first)
            told = f"never to text, {people:,} numbers of {what}"
            yield from apart(lambda: _close(told, path, site_id))  # noqa: B023
        yield from apart(_take_back)


def _plant(people: int, site_id: int) -> list[Row]:
    """Plant contacts with the first numbers of ``_lines``."""
    planting.people(people, site_id=site_id, groups=["marketing"])
    return []


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


def _take_in(what: str, path: Path, site_id: int) -> list[Row]:
    from wagtail_drip.privacy.import_plan import Column, Plan, Proof

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
    return _worked(what, path, site_id, plan)


def _close(what: str, path: Path, site_id: int) -> list[Row]:
    from wagtail_drip.privacy.import_plan import NEVER_TEXT, Column, of_numbers

    return _worked(
        what, path, site_id, of_numbers([Column(place=0, field="phone")], meant=NEVER_TEXT, region="GB")
    )


def _worked(what: str, path: Path, site_id: int, plan: Plan) -> list[Row]:
    from django.conf import settings

    from wagtail_drip.core import clock
    from wagtail_drip.privacy import import_actions, importing

    settings.MEDIA_ROOT = str(path.parent)
    before = resident_bytes()
    with path.open("rb") as file:
        row = import_actions.upload(file, name=path.name, site_id=site_id, now=clock.now())
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
    assert row.done.get("refused", 0) == 0, row.done
    return [
        *(Row(f"{what}: {name}", (row.total or 0) / seconds, "lines/s") for name, seconds in spent.items()),
        Row(f"{what}: most memory above the imported site", (most_bytes() - before) / MEGABYTE, "MB"),
    ]


def _take_back() -> list[Row]:
    """Let the numbers of the last list be texted again, as its button does, and note for how long that locks rows."""
    from wagtail_drip.core import clock
    from wagtail_drip.privacy import import_actions
    from wagtail_drip.privacy.import_models import ContactImport

    before, held = resident_bytes(), []
    row = ContactImport.objects.order_by("-pk")[0]
    began = time.perf_counter()
    with watched(held):
        assert import_actions.take_back(row, now=clock.now())
    took = time.perf_counter() - began
    row.refresh_from_db()
    return [
        Row("never to text: taking a list back", took, "s"),
        Row("never to text: taking a list back, numbers", row.done["opened"] / took, "numbers/s"),
        Row("never to text: the longest transaction of it", max(held) * 1e3, "ms"),
        Row("never to text: memory of it above the imported site", (most_bytes() - before) / MEGABYTE, "MB"),
    ]
