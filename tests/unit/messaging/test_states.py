"""The table of a message's life: nothing goes back except what was certainly not posted."""

from __future__ import annotations

from itertools import product

import pytest

from wagtail_drip.compliance.types import Reason
from wagtail_drip.core.states import ForbiddenTransition, is_allowed, sources
from wagtail_drip.gateways.types import ReceiptStatus
from wagtail_drip.messaging import fenced, receipts
from wagtail_drip.messaging.states import (
    COUNTED_AS_SENT,
    PENDING,
    TRANSITIONS,
    DeferReason,
    MessageState,
    SkipReason,
)

S = MessageState


def test_every_state_stands_in_the_table_and_has_a_meaning() -> None:
    assert set(TRANSITIONS) == set(S)
    assert all(state.meaning for state in S)


def test_every_state_but_the_first_can_be_reached() -> None:
    reached = {S.SCHEDULED}
    while more := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= more

    assert reached == set(S)


@pytest.mark.parametrize("ended", [S.DELIVERED, S.SKIPPED, S.CANCELLED, S.EXPIRED, S.GHOST])
def test_nothing_comes_after_an_end(ended: MessageState) -> None:
    assert TRANSITIONS[ended] == frozenset()


def test_nothing_that_may_have_been_posted_returns_to_the_queue() -> None:
    """But from ``handed_over``, where a certain refusal says that it was not."""
    assert sources(TRANSITIONS, S.SCHEDULED) == ["claimed", "handed_over"]
    assert sources(TRANSITIONS, S.CLAIMED) == ["scheduled"]
    assert sources(TRANSITIONS, S.HANDED_OVER) == ["scheduled", "claimed"]


def test_a_message_that_was_handed_over_is_never_skipped_cancelled_or_expired() -> None:
    for before, after in product(COUNTED_AS_SENT, (S.SKIPPED, S.CANCELLED, S.EXPIRED, S.GHOST)):
        assert not is_allowed(TRANSITIONS, before, after)


def test_what_is_cancelled_has_not_left() -> None:
    assert sources(TRANSITIONS, S.CANCELLED) == list(PENDING)


def test_a_forbidden_transition_is_refused_before_the_database_is_asked() -> None:
    from wagtail_drip.messaging.types import COLUMNS, Claimed

    message = Claimed._make([0] * len(COLUMNS))
    forbidden = [(before, after) for before, after in product(S, S) if after not in TRANSITIONS[before]]
    assert len(forbidden) > 100
    for before, after in forbidden:
        with pytest.raises(ForbiddenTransition):
            fenced.move([message], token="t", before=before, after=after, now=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", list(ReceiptStatus))
def test_every_receipt_means_a_state_that_can_be_reached_from_a_hand_over(status: ReceiptStatus) -> None:
    assert receipts.AFTER[status] in TRANSITIONS[S.HANDED_OVER]


def test_compliance_and_messaging_write_the_same_words() -> None:
    known = {str(reason) for reason in (*SkipReason, *DeferReason)}

    assert {str(reason) for reason in Reason} <= known
