"""What a step from one state to another adds to the counts, and what it takes back."""

from __future__ import annotations

import pytest

from wagtail_drip.messaging.states import MessageState as S
from wagtail_drip.messaging.tallies import _moves
from wagtail_drip.messaging.types import own_reference


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("", S.SCHEDULED, {"scheduled": 1}, id="queued"),
        pytest.param(S.SCHEDULED, S.CLAIMED, {}, id="claimed is nobody's business"),
        pytest.param(S.CLAIMED, S.SCHEDULED, {}, id="put off"),
        pytest.param(S.CLAIMED, S.SKIPPED, {"skipped": 1}, id="skipped"),
        pytest.param(S.CLAIMED, S.HANDED_OVER, {"handed_over": 1}, id="handed over"),
        pytest.param(S.HANDED_OVER, S.SCHEDULED, {"handed_over": -1}, id="refused for now"),
        pytest.param(S.HANDED_OVER, S.SENT, {"sent": 1}, id="accepted"),
        pytest.param(S.SENT, S.DELIVERED, {"delivered": 1}, id="delivered stays sent"),
        pytest.param(
            S.HANDED_OVER, S.DELIVERED, {"sent": 1, "delivered": 1}, id="a receipt before our own note"
        ),
        pytest.param(
            S.UNKNOWN, S.DELIVERED, {"unknown": -1, "sent": 1, "delivered": 1}, id="known after all"
        ),
        pytest.param(S.SENT, S.UNKNOWN, {"sent": -1, "unknown": 1}, id="the provider lost sight of it"),
        pytest.param(S.UNDELIVERED, S.DELIVERED, {"undelivered": -1, "delivered": 1}, id="better news"),
        pytest.param(S.FAILED, S.DELIVERED, {"failed": -1, "delivered": 1}, id="failed, then delivered"),
    ],
)
def test_moves(before: str, after: str, expected: dict[str, int]) -> None:
    assert {str(state): sign for state, sign in _moves(before, after)} == expected


@pytest.mark.parametrize(("posted", "own"), [("abc", "abc"), ("abc-1", "abc"), ("abc-12", "abc"), ("", "")])
def test_the_reference_of_a_later_generation_is_still_ours(posted: str, own: str) -> None:
    assert own_reference(posted) == own
