"""One enrolment, what was known of it, and what its walk came to: what ``run_due`` hands to the writers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from wagtail_drip.core.values import value
from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.walk import Walked
from wagtail_drip.sequences.flow import Flow


class Moving(NamedTuple):
    """What a pass reads of an enrolment that it holds; the fields are columns."""

    pk: int
    sequence_id: int
    version_id: int
    contact_id: int
    site_id: int
    event_id: int | None
    dedupe_key: str
    step_id: str
    visit: int
    entered_step_at: datetime | None
    memory: dict[str, Any]
    waits_for: str
    waits_since: datetime | None
    since: datetime
    skips: str
    due_at: datetime | None = None


@value
class Advanced:
    """
    :param flow: None, as *facts*, where the walk failed before it could begin.
    """

    enrolment: Moving
    walked: Walked
    flow: Flow | None = None
    facts: Facts | None = None
