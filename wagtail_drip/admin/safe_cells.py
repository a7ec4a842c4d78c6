"""Files for spreadsheets out of what strangers typed: no cell of theirs is run as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# What Excel, LibreOffice and Google Sheets take for the beginning of a formula.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: Any) -> Any:
    """Return what stands in a cell: a text that would be a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_BEGINNINGS):
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
