"""How many go first, and what holds the rest back."""

from __future__ import annotations

import pytest

from wagtail_drip.enrolments.once_rules import Held, Hold, Limits, Outcome, first_part, why_hold


@pytest.mark.parametrize(
    ("people", "first"),
    [
        pytest.param(0, 0, id="nobody"),
        pytest.param(499, 0, id="too few to be worth it"),
        pytest.param(500, 50, id="never fewer than fifty"),
        pytest.param(2_500, 50, id="two in a hundred are fifty"),
        pytest.param(10_000, 200, id="two in a hundred"),
        pytest.param(50_000, 1_000, id="two in a hundred are a thousand"),
        pytest.param(1_000_000, 1_000, id="never more than a thousand"),
    ],
)
def test_two_in_a_hundred_go_first(people: int, first: int) -> None:
    assert first_part(people) == first


LIMITS = Limits(failed_percent=10, opted_out_percent=2, complaints=1)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(Outcome(), None, id="nothing has gone"),
        pytest.param(Outcome(went=46, failed=4), None, id="four failures say nothing"),
        pytest.param(Outcome(went=45, failed=5), None, id="a tenth is borne"),
        pytest.param(Outcome(went=44, failed=5), Hold(why=Held.FAILED, n=5, of=49), id="more than a tenth"),
        pytest.param(
            Outcome(went=50, undelivered=6),
            Hold(why=Held.FAILED, n=6, of=50),
            id="undelivered counts as well",
        ),
        pytest.param(Outcome(went=50, opted_out=2), None, id="two who left say nothing"),
        pytest.param(Outcome(went=150, opted_out=3), None, id="two in a hundred are borne"),
        pytest.param(
            Outcome(went=149, opted_out=3), Hold(why=Held.OPTED_OUT, n=3, of=149), id="more of them are not"
        ),
        pytest.param(Outcome(went=50, complained=1), None, id="one complaint is borne"),
        pytest.param(
            Outcome(went=50, complained=2, failed=50),
            Hold(why=Held.COMPLAINTS, n=2, of=50),
            id="complaints are the gravest",
        ),
    ],
)
def test_what_holds_the_rest_back(outcome: Outcome, expected: Hold | None) -> None:
    assert why_hold(outcome, LIMITS) == expected


@pytest.mark.parametrize(
    ("outcome", "tells"),
    [
        pytest.param(Outcome(waiting=50), False, id="it is night and all wait"),
        pytest.param(
            Outcome(waiting=26, went=20, failed=4, withheld=1), False, id="more wait than have gone"
        ),
        pytest.param(Outcome(waiting=25, went=20, failed=4, withheld=1), True, id="as many have gone"),
        pytest.param(Outcome(), True, id="there was no text to wait for"),
    ],
)
def test_when_the_first_part_tells_anything(outcome: Outcome, tells: bool) -> None:
    assert outcome.tells_enough is tells
