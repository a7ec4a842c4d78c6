"""What django-q2 runs: the one-minute tick and the drains."""

from __future__ import annotations

from typing import Any


def make_schedule_after_migrate(**_: Any) -> None:
    """Make the tick's schedule, once."""
