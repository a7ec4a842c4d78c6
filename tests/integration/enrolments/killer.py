"""A step that kills its worker, as a fault in a C library or the kernel's memory killer would."""

from __future__ import annotations

import os
import signal
from datetime import datetime

from wagtail_drip.enrolments.facts import Facts
from wagtail_drip.enrolments.steps.base import GoOn, Outcome, Position, StepKind
from wagtail_drip.sequences.flow import Step


class Kills(StepKind):
    """Kills whoever advances somebody called Boom."""

    def run(self, step: Step, position: Position, facts: Facts, now: datetime) -> Outcome:
        if facts.contact["first_name"] == "Boom":
            os.kill(os.getpid(), signal.SIGKILL)
        return GoOn()
