"""Files for spreadsheets out of what strangers typed: no cell of theirs is run as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

# What Excel, LibreOffice and Google Sheets take for the beginning of a formula.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Digits alone do nothing: a phone number stays as every other program reads it.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# What no sheet may hold.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def safe(value: Any) -> Any:
    """Return what stands in a cell: a text that would be a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_BEGINNINGS) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield a CSV file piece by piece, with the mark by which Excel tells UTF-8."""
    writer = csv.writer(_Echo())
    yield b"\xef\xbb\xbf"
    for row in rows:
        line: str = writer.writerow([safe(value) for value in row])
        yield line.encode()


class _Echo:
    def write(self, line: str) -> str:
        return line


def write_xlsx(rows: Iterable[Sequence[Any]], file: IO[bytes]) -> None:
    """Write a workbook row by row: every text is a text, whatever it begins with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, _CONTROLS.sub("", value) if isinstance(value, str) else value)
            if cell.data_type == "f":
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    book.save(file)
