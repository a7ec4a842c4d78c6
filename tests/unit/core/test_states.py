from __future__ import annotations

import pytest

from wagtail_drip.core import states
from wagtail_drip.enrolments.states import TRANSITIONS as ENROLMENT
from wagtail_drip.enrolments.states import EnrolmentState
from wagtail_drip.messaging.states import TRANSITIONS as MESSAGE
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.sequences.states import TRANSITIONS as RUNTIME
from wagtail_drip.sequences.states import RuntimeState


@pytest.mark.parametrize(
    ("kind", "table"),
    [(MessageState, MESSAGE), (EnrolmentState, ENROLMENT), (RuntimeState, RUNTIME)],
    ids=["message", "enrolment", "runtime"],
)
def test_every_state_has_a_meaning_and_a_row_in_its_table(kind, table):
    assert set(table) == set(kind)
    assert all(state.meaning.endswith(".") for state in kind)


@pytest.mark.parametrize("state", [s for s, targets in MESSAGE.items() if not targets], ids=str)
def test_a_message_that_has_ended_goes_nowhere(state):
    assert all(not states.is_allowed(MESSAGE, state, other) for other in MessageState)


def test_a_handed_over_message_is_never_skipped():
    assert not states.is_allowed(MESSAGE, MessageState.HANDED_OVER, MessageState.SKIPPED)


def test_an_unknown_message_is_never_scheduled_again():
    assert not states.is_allowed(MESSAGE, MessageState.UNKNOWN, MessageState.SCHEDULED)


def test_sources_are_the_states_from_which_one_may_come():
    assert states.sources(RUNTIME, RuntimeState.ARCHIVED) == ["ended"]
