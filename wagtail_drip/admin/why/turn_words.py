"""When somebody's turn comes by the calendar, as one says it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from wagtail_drip.admin import entry_sentences
from wagtail_drip.admin.wording import Told, moment
from wagtail_drip.contacts.dates import read_date
from wagtail_drip.reports.their_turn import TheirTurn
from wagtail_drip.reports.why import Answer
from wagtail_drip.sequences import triggers

_LEAP_YEAR = 2000


def turn_of(answer: Answer) -> Told | None:
    """Return when the calendar lets them in, or that their turn is over; None where nothing can be promised."""
    turn = answer.turn
    if turn is None:
        return None
    full = entry_sentences.full(turn.full) if turn.full is not None else None
    if turn.next is not None:
        then = _("Their turn has come: the next worker that looks lets them in.")
        if turn.next.at > answer.now:
            then = _coming(turn, _by_both_clocks(turn.next.at, answer.zone), answer)
        return Told(text=f"{full.text} {then}", remedy=full.remedy) if full is not None else Told(text=then)
    if full is not None:
        return full
    if turn.missed is not None:
        return _missed(turn, _by_both_clocks(turn.missed.at, answer.zone))
    return None


def _coming(turn: TheirTurn, when: str, answer: Answer) -> str:
    values = {"moment": when, "attribute": turn.timed.attribute, "last": moment(turn.last_at)}
    if turn.timed.kind == triggers.DATE:
        values["date"] = _date(answer.contact.attributes.get(turn.timed.attribute))
        return _("Their turn comes on %(moment)s, by their “%(attribute)s” (%(date)s).") % values
    if turn.timed.kind == triggers.INACTIVE:
        return (
            _("Their turn comes on %(moment)s, unless it happens again before: it last happened on %(last)s.")
            % values
        )
    return _("Their turn comes on %(moment)s.") % values


def _missed(turn: TheirTurn, when: str) -> Told | None:
    values = {"moment": when, "since": moment(turn.since)}
    if turn.timed.kind == triggers.ONCE:
        return Told(
            text=_("It went out on %(moment)s, and they were not among the people it was for then.") % values,
            remedy=_("Add them by hand, if they should get it."),
        )
    if turn.missed is not None and turn.since is not None and turn.missed.at <= turn.since:
        return Told(
            text=_("Their turn was on %(moment)s, before people could enter (since %(since)s).") % values,
            remedy=_("Add them by hand, if they should get it."),
        )
    return Told(
        text=_(
            "Their turn was on %(moment)s, and they did not enter. What kept them out is not written down: the "
            "sequence did not run, no worker looked for two days, or what we know of them came later."
        )
        % values
    )


def _by_both_clocks(at: datetime, zone: str) -> str:
    """Return the moment by the reader's clock, and by theirs where that shows another hour."""
    theirs, ours = at.astimezone(ZoneInfo(zone)), at.astimezone(get_current_timezone())
    if theirs.utcoffset() == ours.utcoffset():
        return moment(at)
    clock = date_format(theirs, "H:i")
    if theirs.date() != ours.date():
        clock = f"{date_format(theirs, 'SHORT_DATE_FORMAT')}, {clock}"
    return _("%(moment)s (%(clock)s for them)") % {"moment": moment(at), "clock": clock}


def _date(value: object) -> str:
    """Return a date of a contact as one reads it, without a year that nobody said."""
    found = read_date(value)
    if found is None:
        return str(value)
    year, month, day = found
    if year is None:
        return date_format(date(_LEAP_YEAR, month, day), "MONTH_DAY_FORMAT")
    return date_format(date(year, month, day), "SHORT_DATE_FORMAT")
