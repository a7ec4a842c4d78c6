"""One enrolment, what was known of it, and what its walk came to: what ``run_due`` hands to the writers."""

from __future__ import annotations

from dataclasses import dataclass

from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.walk import Walked
from wagtail_drip.sequences.flow import Flow


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """
    :param flow: None, as *facts*, where the walk failed before it could begin.
    """

    enrolment: Enrolment
    walked: Walked
    flow: Flow | None = None
    facts: Facts | None = None
