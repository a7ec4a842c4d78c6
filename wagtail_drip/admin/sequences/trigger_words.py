"""What starts a sequence, as one says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_drip.core.listed import listed
from wagtail_drip.events import catalogue
from wagtail_drip.sequences import starts
from wagtail_drip.sequences.models import Sequence


def starts_when(sequence: Sequence) -> str:
    """Return it in one sentence without its full stop: "Every year 3 days before “birthday”, at 10:00"."""
    words = _OF_KIND.get(sequence.trigger_kind)
    found = words(sequence) if words else sequence.trigger_kind
    without = _left_out(sequence)
    if without:
        return _("%(when)s, without %(whom)s") % {"when": _to_whom(sequence, found), "whom": without}
    return _to_whom(sequence, found)


def _left_out(sequence: Sequence) -> str:
    """Return who is left out, without asking the database: lists of sequences say it too; '' for nobody."""
    if sequence.trigger_kind not in starts.FOR_SOME:
        return ""
    found = [f"“{tag}”" for tag in starts.tags(sequence.trigger_without_tags)]
    if n := len(sequence.trigger_without_segments):
        found.append(ngettext("the people of %(n)d segment", "the people of %(n)d segments", n) % {"n": n})
    return listed(found)


def _to_whom(sequence: Sequence, found: str) -> str:
    if sequence.trigger_kind in starts.HEARD and sequence.trigger_audience == "tag":
        return _("%(when)s, only for people with the tag “%(tag)s”") % {
            "when": found,
            "tag": sequence.trigger_tag.strip() or "…",
        }
    if sequence.trigger_kind in starts.HEARD and sequence.trigger_audience == "segment":
        segment = sequence.trigger_segment
        return _("%(when)s, only for the people in “%(segment)s”") % {
            "when": found,
            "segment": segment.name if segment is not None else "…",
        }
    if sequence.trigger_kind in ("once", "schedule") and sequence.trigger_audience == "tag":
        return _("%(when)s, to people with the tag “%(tag)s”") % {
            "when": found,
            "tag": sequence.trigger_tag.strip() or "…",
        }
    if sequence.trigger_kind in ("once", "schedule") and sequence.trigger_audience == "segment":
        segment = sequence.trigger_segment
        return _("%(when)s, to the people in “%(segment)s”") % {
            "when": found,
            "segment": segment.name if segment is not None else "…",
        }
    return found


def limits(sequence: Sequence) -> str:
    """Return the rules of entering that are not the usual ones; '' where all are."""
    if not sequence.entry_limit:
        return ""
    found = (
        ngettext("At most %(n)d person an hour", "At most %(n)d people an hour", sequence.entry_limit)
        if sequence.entry_period == "hour"
        else ngettext("At most %(n)d person a day", "At most %(n)d people a day", sequence.entry_limit)
    ) % {"n": sequence.entry_limit}
    return found


def _happening(name: str) -> str:
    found = catalogue.find(name) if name else None
    return str(found.sentence) if found else name


def _event(sequence: Sequence) -> str:
    return _happening(sequence.trigger_event) or _("Nothing by itself")


def _date(sequence: Sequence) -> str:
    values = {
        "name": sequence.trigger_attribute or _("a date"),
        "n": sequence.trigger_days,
        "time": formats.time_format(sequence.trigger_time, "TIME_FORMAT"),
    }
    if sequence.trigger_offset == "before":
        words = ngettext(
            "%(n)d day before “%(name)s”, at %(time)s",
            "%(n)d days before “%(name)s”, at %(time)s",
            sequence.trigger_days,
        )
    elif sequence.trigger_offset == "after":
        words = ngettext(
            "%(n)d day after “%(name)s”, at %(time)s",
            "%(n)d days after “%(name)s”, at %(time)s",
            sequence.trigger_days,
        )
    else:
        words = _("On “%(name)s”, at %(time)s")
    found = words % values
    return _("%(when)s, every year") % {"when": found} if sequence.trigger_yearly else found


def _inactive(sequence: Sequence) -> str:
    event = _happening(sequence.trigger_event)
    if not event:
        return _("Nothing has happened for some days")
    return ngettext(
        "For %(n)d day this has not happened: %(event)s",
        "For %(n)d days this has not happened: %(event)s",
        sequence.trigger_days,
    ) % {"n": sequence.trigger_days, "event": event}


def _schedule(sequence: Sequence) -> str:
    time = formats.time_format(sequence.trigger_time, "TIME_FORMAT")
    if sequence.trigger_every == "month":
        return _("On day %(day)d of every month, at %(time)s") % {
            "day": sequence.trigger_month_day,
            "time": time,
        }
    days = listed(str(WEEKDAYS[day]) for day in sorted(sequence.trigger_weekdays) if day in WEEKDAYS)
    return _("Every week on %(days)s, at %(time)s") % {"days": days or "–", "time": time}


def _once(sequence: Sequence) -> str:
    if sequence.trigger_moment is None:
        return _("Once, as soon as it is started")
    moment = formats.date_format(localtime(sequence.trigger_moment), "SHORT_DATETIME_FORMAT")
    return _("Once, on %(moment)s") % {"moment": moment}


def _keyword(sequence: Sequence) -> str:
    return _("Somebody texts “%(word)s”") % {"word": sequence.trigger_keyword.strip() or "…"}


def _link(sequence: Sequence) -> str:
    if not sequence.trigger_url.strip():
        return _("A link in a text is clicked")
    return _("A link with “%(part)s” in it is clicked") % {"part": sequence.trigger_url.strip()}


def _form(sequence: Sequence) -> str:
    page = sequence.trigger_form
    return _("The form “%(page)s” is sent") % {"page": page.title if page else "…"}


def _manual(sequence: Sequence) -> str:
    return _("Only when somebody adds people")


_OF_KIND: Mapping[str, Callable[[Sequence], str]] = {
    "event": _event,
    "date": _date,
    "inactive": _inactive,
    "schedule": _schedule,
    "once": _once,
    "keyword": _keyword,
    "link": _link,
    "form": _form,
    "manual": _manual,
}
