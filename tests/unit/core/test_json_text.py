"""What either library makes of a value, the other reads as the same one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.core import json_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_there_and_back_by_either(value):
    assert json.loads(json_text.dumps(value)) == value
    assert json_text.loads(json.dumps(value)) == value


@pytest.mark.parametrize("value", [2**70, -(2**64), {1: "a"}, "\ud800"])
def test_what_the_quick_one_refuses_is_as_the_standard_library_has_it(value):
    assert json_text.dumps(value) == json.dumps(value)
    assert json_text.loads(json.dumps(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "nothing"])
def test_what_is_no_json_raises(text):
    with pytest.raises(ValueError, match="Expecting"):
        json_text.loads(text)


@dataclass
class Point:
    x: int = 1


@pytest.mark.parametrize(
    "value", [{1, 2}, datetime(2026, 11, 25, tzinfo=UTC), Point(), {"at": date(2026, 11, 25)}], ids=repr
)
def test_what_json_does_not_know_raises(value):
    with pytest.raises(TypeError):
        json_text.dumps(value)
