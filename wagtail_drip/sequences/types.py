"""What goes through the door of sequences."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.sequences.flow import Flow


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    One thing to mend before, or to know when, a sequence is published.

    :ivar step_id: '' where it concerns the whole sequence.
    :ivar field: the step's or the sequence's field it belongs to; '' where it is none in particular.
    :ivar message: what is wrong and what to do about it.
    :ivar level: an error stops publishing; advice does not.
    :ivar place: where an editor finds it, such as "Step 4.1, Send a text".
    """

    message: str
    step_id: str = ""
    field: str = ""
    level: Literal["error", "advice"] = "error"
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class CannotCompile(WagtailDripError):
    """The steps as they stand cannot run; each problem names its step and the remedy."""

    def __init__(self, problems: Many[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, kw_only=True)
class Running:
    """
    A sequence that people may enter now, with the version that new entries get.

    :ivar entering_since: since when without a break.
    """

    sequence_id: int
    version_id: int
    site_id: int | None
    flow: Flow
    entering_since: datetime | None = None
