"""A chain tells whoever looks at it that a record was changed, taken away or put between; erasing leaves it whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wagtail_drip.contacts import chain
from wagtail_drip.contacts.chain import Fault, Sealed, verify

Chain = list[Sealed]


def sealed(contents: list[tuple[str, str]]) -> Chain:
    """Seal records of these (topic, wording) pairs, one to the other."""
    found: Chain = []
    for number, (topic, wording) in enumerate(contents, start=1):
        content = {"topic": topic, "granted": True, "page": None}
        previous = found[-1].digest if found else chain.NOTHING
        personal = chain.personal_digest(f"salt{number}", wording=wording, ip="192.0.2.1")
        found.append(
            Sealed(
                id=number,
                content=content,
                wording=wording,
                ip="192.0.2.1",
                salt=f"salt{number}",
                personal_digest=personal,
                previous=previous,
                digest=chain.digest(previous, content, personal),
            )
        )
    return found


THREE = sealed([("", "Text me"), ("news", "Text me news"), ("", "STOP")])


def changed(number: int, **fields: object) -> Chain:
    return [replace(each, **fields) if each.id == number else each for each in THREE]  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        pytest.param(THREE, {}, id="nobody touched it"),
        pytest.param([], {}, id="nothing was ever recorded"),
        pytest.param(changed(2, content={"topic": "offers"}), {2: Fault.CHANGED}, id="what was agreed to"),
        pytest.param(changed(2, wording="Text me more"), {2: Fault.PERSONAL_CHANGED}, id="the words shown"),
        pytest.param(changed(2, ip="192.0.2.2"), {2: Fault.PERSONAL_CHANGED}, id="the address"),
        pytest.param(changed(1, previous="0" * 64), {1: Fault.CHANGED}, id="what came before"),
        pytest.param(THREE[1:], {2: Fault.BROKEN}, id="the first was taken away"),
        pytest.param([THREE[0], THREE[2]], {3: Fault.BROKEN}, id="one in the middle was taken away"),
        pytest.param([THREE[1], THREE[0], THREE[2]], {2: Fault.BROKEN, 1: Fault.BROKEN, 3: Fault.BROKEN}, id="two changed places"),
        pytest.param(changed(3, digest=""), {3: Fault.UNSEALED}, id="one was put in without a digest"),
        pytest.param(changed(2, wording="", ip="", salt=""), {}, id="the personal parts were erased"),
        pytest.param(changed(2, wording="Yes!", ip="", salt=""), {2: Fault.PERSONAL_CHANGED}, id="other words were put in after erasing"),
    ],
)  # fmt: skip
def test_a_chain_tells_what_was_done_to_it(records: Chain, faults: dict[int, Fault]) -> None:
    assert verify(records).faults == faults


def test_what_is_older_than_the_chain_is_counted_and_not_judged() -> None:
    old = replace(THREE[0], id=-1, salt="", personal_digest="", previous="", digest="")

    found = verify([old, *THREE])

    assert (found.is_whole, found.records, found.older) == (True, 4, 1)
    assert found.head == THREE[-1].digest


def test_a_moment_is_sealed_the_same_from_every_zone() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=8)))

    assert chain.moment(noon) == chain.moment(there) == "2026-11-22T12:00:00.000000+00:00"


RECORDS = st.lists(
    st.tuples(st.text(max_size=8), st.text(st.characters(exclude_categories=()), max_size=8)),
    min_size=1,
    max_size=8,
)


@given(RECORDS)
def test_what_was_sealed_and_left_alone_is_whole(contents: list[tuple[str, str]]) -> None:
    assert verify(sealed(contents)).is_whole


@given(RECORDS, st.data())
def test_no_record_can_be_changed_unseen(contents: list[tuple[str, str]], data: st.DataObject) -> None:
    records = sealed(contents)
    number = data.draw(st.integers(0, len(records) - 1))
    topic, wording = data.draw(st.tuples(st.text(max_size=8), st.text(max_size=8)))
    assume((topic, wording) != contents[number])
    content = {**records[number].content, "topic": topic}

    records[number] = replace(records[number], content=content, wording=wording)

    assert set(verify(records).faults) == {records[number].id}


@given(RECORDS, st.data())
def test_no_record_but_the_last_can_be_taken_away_unseen(
    contents: list[tuple[str, str]], data: st.DataObject
) -> None:
    records = sealed(contents)
    assume(len(records) > 1)
    del records[data.draw(st.integers(0, len(records) - 2))]

    assert not verify(records).is_whole
