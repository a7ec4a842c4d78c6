"""Who comes and who goes, from two rising lists of ids."""

from __future__ import annotations

import array

from hypothesis import given
from hypothesis import strategies as some

from wagtail_drip.segments.refresh import differences

ids = some.sets(some.integers(0, 30))


@given(wanted=ids, held=ids)
def test_they_are_the_differences_of_the_two_sets(wanted: set[int], held: set[int]) -> None:
    coming, going = differences(array.array("q", sorted(wanted)), array.array("q", sorted(held)))

    assert list(coming) == sorted(wanted - held)
    assert list(going) == sorted(held - wanted)
