"""
Reads lists of people out of CSV and XLSX files, record by record, whatever program wrote them.

Knows no table and no contact. A file is read as it comes, so its length costs no memory; what a workbook keeps beside
its sheets (the shared texts) is held whole, and therefore limited.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import IO, Any

from wagtail_drip.exceptions import WagtailDripError

MEGABYTE = 1024 * 1024
MOST_BYTES = 100 * MEGABYTE
MOST_UNPACKED = 400 * MEGABYTE
MOST_SHARED_TEXTS = 100 * MEGABYTE
MOST_COLUMNS = 200
LONGEST_CELL = 2000
SAMPLE_BYTES = 256 * 1024
ENCODINGS = ("utf-8-sig", "gb18030", "big5", "cp1252", "utf-16")
DELIMITERS = (",", ";", "\t", "|")


class UnreadableFile(WagtailDripError):
    """A file is no list that we can read. *code* says why: see import_reasons.FILES."""

    def __init__(self, code: str) -> None:
        super().__init__(f"This file cannot be read as a list of contacts: {code}.")
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is read. *kind* is ``csv`` or ``xlsx``; the others are a CSV file's."""

    kind: str = "csv"
    encoding: str = "utf-8-sig"
    delimiter: str = ","

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record. *line* is where it begins, as an editor or a spreadsheet counts: the header is line 1."""

    line: int
    cells: Sequence[str]


def find_layout(file: IO[bytes]) -> Layout:
    """
    Return how *file* wants to be read.

    :raises UnreadableFile: if it is empty, an old workbook, or too large.
    """
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    if not start.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise UnreadableFile("empty")
    if start.startswith(b"PK\x03\x04"):
        _refuse_bombs(file)
        return Layout(kind="xlsx")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile("old_workbook")
    encoding = find_encoding(start)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    if "\x00" in text:
        raise UnreadableFile("no_list")
    return Layout(kind="csv", encoding=encoding, delimiter=find_delimiter(text))


def find_encoding(start: bytes) -> str:
    """Return in which encoding a file is that begins with *start*."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        # Not final: the sample may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(start, cp_isolation=["gb18030", "big5", "cp1252"]).best()
        return best.encoding if best is not None and best.encoding in ENCODINGS else "gb18030"
    return "utf-8-sig"


def find_delimiter(text: str) -> str:
    """Return what parts the columns: what gives the first records the most columns of the same number."""
    best, score = ",", (0, 0)
    for delimiter in DELIMITERS:
        lines = io.StringIO(text, newline="")
        try:
            widths = [len(row) for row in itertools.islice(csv.reader(lines, delimiter=delimiter), 20) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            found = (sum(width == widths[0] for width in widths), widths[0])
            if found > score:
                best, score = delimiter, found
    return best


def _refuse_bombs(file: IO[bytes]) -> None:
    """:raises UnreadableFile: for a workbook that would unpack to more than we read, or asks to read other files."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            shared = sum(each.file_size for each in members if each.filename.endswith("sharedStrings.xml"))
            # What the archive says of itself binds: zipfile reads no further.
            if unpacked > MOST_UNPACKED or shared > MOST_SHARED_TEXTS or len(members) > 2000:
                raise UnreadableFile("too_large")
            if "xl/workbook.xml" not in {member.filename for member in members}:
                raise UnreadableFile("no_list")
            for member in members:
                if member.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.open(member).read(
                    2048
                ):
                    raise UnreadableFile("no_list")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableFile("damaged") from error
    finally:
        file.seek(0)


def records(file: IO[bytes], layout: Layout) -> Generator[Record, None, None]:
    """
    Yield the file's records, the header first; empty ones are left out.

    :raises UnreadableFile: where it can be read no further.
    """
    file.seek(0)
    return _of_workbook(file) if layout.kind == "xlsx" else _of_text(file, layout)


def _of_text(file: IO[bytes], layout: Layout) -> Generator[Record, None, None]:
    # What cannot be read is marked and refused with its line, rather than the whole file.
    lent: Any = _Kept(file)
    text = io.TextIOWrapper(lent, encoding=layout.encoding, errors="replace", newline="")
    rows = csv.reader(text, delimiter=layout.delimiter)
    line = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield Record(line=line, cells=_bounded(cells))
            line = rows.line_num + 1
    except csv.Error as error:
        raise UnreadableFile("open_quote") from error
    except (UnicodeError, OSError) as error:
        raise UnreadableFile("damaged") from error


class _Kept(io.BufferedIOBase):
    """Lends a file to a text wrapper, which would close it when it goes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(-1 if size is None else size)


def _of_workbook(file: IO[bytes]) -> Generator[Record, None, None]:
    import openpyxl

    try:
        # read_only streams the sheet; data_only gives what formulas came to, and runs none.
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise UnreadableFile("damaged") from error
    try:
        sheet: Any = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise UnreadableFile("empty")
        sheet.reset_dimensions()  # what a writer says of its own size is often wrong
        for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [_text(value) for value in row[: MOST_COLUMNS + 1]]
            while cells and not cells[-1]:
                cells.pop()
            if any(cell.strip() for cell in cells):
                yield Record(line=line, cells=_bounded(cells))
    except UnreadableFile:
        raise
    except Exception as error:
        raise UnreadableFile("damaged") from error
    finally:
        book.close()


def _bounded(cells: Sequence[str]) -> Sequence[str]:
    if len(cells) > MOST_COLUMNS:
        raise UnreadableFile("too_wide")
    return [cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL + 1] for cell in cells]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # A number of fifteen digits or less is exact in a cell: a phone number comes out whole.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
