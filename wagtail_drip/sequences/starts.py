"""What an editor chose as the start of a sequence, as the data that runs: an event's test, or a clock's trigger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wagtail_drip.compliance import keywords
from wagtail_drip.contacts import cleaning
from wagtail_drip.events.condition_blocks import to_conditions
from wagtail_drip.events.conditions import Condition, EventTest
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.flow import Entry
from wagtail_drip.sequences.triggers import Timed

if TYPE_CHECKING:
    from wagtail_drip.sequences.models import Sequence

# The event that each kind of trigger hears, where it is not the editor's choice.
HEARS = {"keyword": "message_replied", "link": "link_clicked", "form": "form_submitted"}
# The kinds of triggers that an event pulls.
HEARD = ("event", *HEARS)
# The kinds that are for everybody, or for some of them only.
FOR_SOME = (*HEARD, triggers.SCHEDULE, triggers.ONCE)


def heard_event(sequence: Sequence) -> str:
    """Return the name of the event that starts it; '' where none does."""
    if sequence.trigger_kind == "event":
        return sequence.trigger_event
    return HEARS.get(sequence.trigger_kind, "")


def event_test(sequence: Sequence) -> EventTest | None:
    """Return which event starts it; None where a clock or a person does."""
    event = heard_event(sequence)
    if not event:
        return None
    narrowed: tuple[Condition, ...] = ()
    if sequence.trigger_kind == "keyword":
        narrowed = (
            Condition(property="word", operator="is", value=keywords.plain(sequence.trigger_keyword)),
        )
    elif sequence.trigger_kind == "link" and sequence.trigger_url:
        narrowed = (Condition(property="url", operator="contains", value=sequence.trigger_url.strip()),)
    elif sequence.trigger_kind == "form":
        narrowed = (Condition(property="page_id", operator="is", value=str(sequence.trigger_form_id or "")),)
    return EventTest(event=event, conditions=(*narrowed, *to_conditions(sequence.trigger_conditions)))


def timed(sequence: Sequence) -> Timed | None:
    """Return the clock's trigger; None where an event or a person starts it."""
    kind, at = sequence.trigger_kind, sequence.trigger_time.strftime("%H:%M")
    if kind == triggers.DATE:
        sign = {"before": -1, "after": 1}.get(sequence.trigger_offset, 0)
        return Timed(
            kind=kind,
            attribute=sequence.trigger_attribute.strip(),
            yearly=sequence.trigger_yearly,
            offset_days=sign * sequence.trigger_days,
            at=at,
        )
    if kind == triggers.INACTIVE:
        return Timed(kind=kind, event=sequence.trigger_event, silent_days=sequence.trigger_days)
    if kind == triggers.SCHEDULE:
        is_weekly = sequence.trigger_every == "week"
        return Timed(
            kind=kind,
            weekdays=tuple(sorted(int(day) for day in sequence.trigger_weekdays)) if is_weekly else (),
            month_day=1 if is_weekly else sequence.trigger_month_day,
            at=at,
            **_audience(sequence),
        )
    if kind == triggers.ONCE:
        moment = sequence.trigger_moment
        return Timed(
            kind=kind,
            moment=moment.isoformat() if moment else "",
            **_audience(sequence),
        )
    return None


def _audience(sequence: Sequence) -> dict[str, Any]:
    return {"audience": sequence.trigger_audience, **_for_whom(sequence)}


def _for_whom(sequence: Sequence) -> dict[str, Any]:
    audience = sequence.trigger_audience
    return {
        "tag": cleaning.tag(sequence.trigger_tag) if audience == triggers.TAGGED else "",
        "segment": (sequence.trigger_segment_id or 0) if audience == triggers.SEGMENT else 0,
        "without_tags": tuple(tags(sequence.trigger_without_tags)),
        "without_segments": tuple(sorted({int(pk) for pk in sequence.trigger_without_segments})),
    }


def tags(written: str) -> list[str]:
    """Return the tags in what an editor wrote between commas, as tags are stored, each once."""
    return sorted({tag for part in re.split("[,，、;；\n]", written) if (tag := cleaning.tag(part))})


def entry(sequence: Sequence) -> Entry:
    """Return the rules of entering."""
    return Entry(
        reentry=sequence.reentry,
        days=sequence.reentry_days if sequence.reentry == "after_days" else 0,
        keyed=sequence.keyed and sequence.trigger_kind == "event",
        most=sequence.entry_limit or 0,
        per=sequence.entry_period,
        excess=sequence.entry_excess,
        existing_days=_existing_days(sequence),
        **(_for_whom(sequence) if sequence.trigger_kind in HEARD else {}),
    )


def _existing_days(sequence: Sequence) -> int:
    """Return how far back it looks; a silence has no end: whoever is silent by now qualifies."""
    if not sequence.also_existing or not (
        heard_event(sequence) or sequence.trigger_kind == triggers.INACTIVE
    ):
        return 0
    return sequence.existing_days
