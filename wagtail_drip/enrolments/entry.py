"""May this contact enter: the age of the trigger, its conditions, and how often the same person may come.

Decides over rows that were read already; two workers that decide at the same moment are told apart by the
constraints of the table, to which these decisions are only the polite front.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wagtail_drip.enrolments.facts import Seen
from wagtail_drip.events import catalogue
from wagtail_drip.sequences.flow import Entry, Flow

DEDUPE_KEY_LENGTH = 128
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """One run of the same contact in the same sequence, over or not."""

    dedupe_key: str
    entered_at: datetime
    is_running: bool


def is_fresh(recorded_at: datetime, *, max_age_hours: float, now: datetime) -> bool:
    """Tell whether an event may still start sequences: after a long stop, yesterday's must not."""
    return now - recorded_at <= timedelta(hours=max_age_hours)


def is_triggered(flow: Flow, event: Seen) -> bool:
    return flow.trigger is not None and flow.trigger.accepts(event.name, event.properties)


def dedupe_key(flow: Flow, event: Seen | None) -> str:
    """Return what tells this run apart from another of the same person; '' where runs do not go side by side."""
    if not flow.entry.keyed or event is None:
        return ""
    kind = catalogue.find(event.name)
    if kind is None or not kind.dedupe_property:
        return ""
    return str(event.properties.get(kind.dedupe_property) or "")[:DEDUPE_KEY_LENGTH]


def entry_key(entry: Entry, *, key: str, now: datetime) -> str:
    """
    Return the value that keeps two workers from letting the same person in twice.

    :param key: what asked for the entry: the trigger's id, or the caller's own key.
    """
    if entry.reentry == "always":
        return key
    if entry.reentry == "after_days":
        # The start of the period of n days that *now* lies in. Two entries at least n days apart never
        # lie in the same one, so this refuses nobody whom ``may_enter`` lets in.
        days = max(entry.days, 1)
        period = (now - EPOCH) // timedelta(days=days)
        return (EPOCH + period * timedelta(days=days)).date().isoformat()
    return ""


def may_enter(entry: Entry, *, key: str, earlier: Iterable[Earlier], now: datetime) -> bool:
    """
    Tell whether somebody with these *earlier* runs may come in.

    :param key: the dedupe key of the run that is asked for; runs with another key do not count.
    """
    same = [run for run in earlier if run.dedupe_key == key]
    if any(run.is_running for run in same):
        return False
    if entry.reentry == "always":
        return True
    if entry.reentry == "after_days":
        return all(now - run.entered_at >= timedelta(days=max(entry.days, 1)) for run in same)
    return not same


Runs = Mapping[tuple[int, int], Collection[Earlier]]
