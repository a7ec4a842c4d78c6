"""From what somebody agreed to and withdrew to what is allowed now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.contacts.consent import PermissionKey, Recorded, allows, standings

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL, OFFERS, NEWS = (PermissionKey("marketing", "sms", topic) for topic in ("", "offers", "news"))
OTHER = PermissionKey("transactional", "sms")


def record(number: int, key: PermissionKey, granted: bool, *, at_hours: float | None = None) -> Recorded:
    recorded_at = T0 + timedelta(hours=number)
    at = recorded_at if at_hours is None else T0 + timedelta(hours=at_hours)
    return Recorded(id=number, key=key, granted=granted, at=at, recorded_at=recorded_at)


@pytest.mark.parametrize(
    ("records", "allowed"),
    [
        pytest.param([], set(), id="nothing said, nothing allowed"),
        pytest.param(
            [record(1, ALL, True)], {ALL, OFFERS, NEWS}, id="marketing in general allows every topic"
        ),
        pytest.param([record(1, OFFERS, True)], {OFFERS}, id="a topic allows itself only"),
        pytest.param(
            [record(1, ALL, True), record(2, OFFERS, False)], {ALL, NEWS}, id="a topic can be left out"
        ),
        pytest.param(
            [record(1, ALL, True), record(2, OFFERS, True), record(3, ALL, False)],
            set(),
            id="the general withdrawal closes every topic",
        ),
        pytest.param(
            [record(1, ALL, True), record(2, ALL, False), record(3, OFFERS, True)],
            {OFFERS},
            id="a topic agreed to after the withdrawal is open again, alone",
        ),
        pytest.param(
            [record(1, OFFERS, True), record(2, OFFERS, False), record(3, ALL, True)],
            {ALL, NEWS},
            id="a topic that was refused stays refused when marketing is agreed to",
        ),
        pytest.param(
            [record(1, ALL, False), record(2, ALL, True)], {ALL, OFFERS, NEWS}, id="a new yes opens again"
        ),
        pytest.param(
            [record(1, ALL, True), record(2, ALL, False), record(3, ALL, True, at_hours=1.5)],
            set(),
            id="a yes given before the stop, and told to us after it, opens nothing",
        ),
        pytest.param(
            [record(1, ALL, True), record(2, ALL, False, at_hours=0.5)],
            set(),
            id="a stop given before the yes, and told to us after it, closes all the same",
        ),
        pytest.param(
            [record(1, ALL, True), record(2, OTHER, False)],
            {ALL, OFFERS, NEWS},
            id="groups do not mix",
        ),
    ],
)
def test_what_is_allowed(records: list[Recorded], allowed: set[PermissionKey]) -> None:
    granted = {key: standing.granted for key, standing in standings(records).items()}

    assert {key for key in (ALL, OFFERS, NEWS) if allows(granted, key)} == allowed


def test_what_stands_names_the_record_that_says_so() -> None:
    found = standings([record(1, ALL, True), record(2, OFFERS, True), record(3, ALL, False)])

    assert (found[ALL].record_id, found[OFFERS].record_id) == (3, 3)
    assert found[OFFERS].since == T0 + timedelta(hours=3)


def test_the_order_of_reading_does_not_matter() -> None:
    records = [record(1, ALL, True), record(2, OFFERS, False), record(3, ALL, False), record(4, NEWS, True)]

    assert standings(reversed(records)) == standings(records)


entries = st.lists(
    st.tuples(st.sampled_from([ALL, OFFERS, NEWS]), st.booleans(), st.integers(-5, 5)), max_size=8
)


@given(entries)
def test_after_a_general_withdrawal_nothing_is_allowed(said: list[tuple[PermissionKey, bool, int]]) -> None:
    records = [
        record(number, key, granted, at_hours=number + min(shift, 0))
        for number, (key, granted, shift) in enumerate(said, 1)
    ]

    found = standings([*records, record(len(records) + 1, ALL, False)])

    granted = {key: standing.granted for key, standing in found.items()}
    assert not any(allows(granted, key) for key in (ALL, OFFERS, NEWS))
