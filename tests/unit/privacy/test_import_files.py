"""Any program's list is read: encodings, delimiters, line ends, and cells that mean harm."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wagtail_drip.privacy import import_files
from wagtail_drip.privacy.import_files import Layout, UnreadableFile, find_delimiter, find_layout, records

CHINESE = "姓名,手机,城市\n王小明,13800138000,北京\n李雷,13912345678,上海\n"
WESTERN = "Name;Téléphone;Ville\nJosé;+33612345678;Orléans\nÉva Müller;+4915112345678;Köln\n"


@pytest.mark.parametrize(
    ("text", "encoding", "layout"),
    [
        pytest.param(CHINESE, "utf-8", ("utf-8-sig", ","), id="UTF-8"),
        pytest.param(CHINESE, "utf-8-sig", ("utf-8-sig", ","), id="UTF-8 with a mark, as Excel saves"),
        pytest.param(CHINESE, "gb18030", ("gb18030", ","), id="GB18030, as Excel in China saves"),
        pytest.param(CHINESE.replace("\n", "\r\n"), "utf-16", ("utf-16", ","), id="Unicode text"),
        pytest.param(
            "姓名\t手機\n王小明\t0912345678\n李雷\t0987654321\n", "big5", ("big5", "\t"), id="Big5, tabs"
        ),
        pytest.param(WESTERN, "cp1252", ("cp1252", ";"), id="Western Windows, semicolons"),
        pytest.param("a|b\n1|2\n", "ascii", ("utf-8-sig", "|"), id="pipes"),
        pytest.param('a;b\n"1,5";"2,5"\n"3,5";"4,5"\n', "ascii", ("utf-8-sig", ";"), id="commas in numbers"),
        pytest.param("phone\n+447400100001\n", "ascii", ("utf-8-sig", ","), id="one column"),
    ],
)
def test_a_list_is_read_as_it_was_written(text: str, encoding: str, layout: tuple[str, str]) -> None:
    file = io.BytesIO(text.encode(encoding))

    found = find_layout(file)

    assert (found.encoding, found.delimiter) == layout
    wanted = list(csv.reader(io.StringIO(text, newline=""), delimiter=layout[1]))
    assert [list(each.cells) for each in records(file, found)] == wanted


cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff\ufffd\x1a"), max_size=12
)


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8),
    delimiter=st.sampled_from(import_files.DELIMITERS),
    encoding=st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_stands_in_the_cells_comes_out_whole_and_with_its_line(
    rows: list[list[str]], delimiter: str, encoding: str, end: str
) -> None:
    assume(all(any(cell.strip() for cell in row) for row in rows))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    file = io.BytesIO(text.getvalue().encode(encoding))

    found = list(records(file, Layout(encoding=encoding, delimiter=delimiter)))

    assert [list(each.cells) for each in found] == rows
    assert found[0].line == 1
    assert [each.line for each in found] == sorted({each.line for each in found})


@given(data=st.binary(max_size=300))
def test_no_file_makes_us_stumble(data: bytes) -> None:
    file = io.BytesIO(data)
    try:
        layout = find_layout(file)
        found = list(records(file, layout))
    except UnreadableFile:
        return
    assert all(isinstance(cell, str) for each in found for cell in each.cells)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"\xef\xbb\xbf\r\n", "empty", id="a mark alone"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old_workbook", id="XLS"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no_list", id="a picture"),
        pytest.param(b"PK\x03\x04 and no archive", "damaged", id="half a workbook"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        find_layout(io.BytesIO(data))

    assert refusal.value.code == code


def archive(**members: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "/") + ".xml", data)
    return file


def test_a_workbook_that_unpacks_to_a_flood_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_files, "MOST_UNPACKED", 10_000_000)
    bomb = archive(xl__workbook=b"<w/>", xl__sheet=b"0" * 20_000_000)

    with pytest.raises(UnreadableFile) as refusal:
        find_layout(bomb)

    assert len(bomb.getvalue()) < 50_000
    assert refusal.value.code == "too_large"


def test_a_workbook_that_declares_entities_is_refused() -> None:
    evil = archive(xl__workbook=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><w>&a;</w>')

    with pytest.raises(UnreadableFile) as refusal:
        find_layout(evil)

    assert refusal.value.code == "no_list"


def test_a_quotation_mark_that_is_never_closed_is_named() -> None:
    file = io.BytesIO(b'a,b\n1,"' + b"x," * 200_000)

    with pytest.raises(UnreadableFile) as refusal:
        list(records(file, Layout()))

    assert refusal.value.code == "open_quote"


@pytest.mark.parametrize(("text", "found"), [("a,b;c\n1,2;3\n", ","), ("a;b;c\n1;2,3;4\n", ";"), ("", ",")])
def test_the_delimiter_is_what_gives_most_columns_in_every_line(text: str, found: str) -> None:
    assert find_delimiter(text) == found
