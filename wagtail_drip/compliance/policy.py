"""
May this message go now? Pure over a question: the same answer for a send, a preview and a replay.

Marketing needs permission and obeys suppression, opening, the contact's own pause and hours, quiet hours, blackout
dates, sending times, caps and expiry. A transactional text needs its own permission and obeys suppression, opening, quiet hours by law, the
blackout dates that name it, and expiry. A response needs a licence. A test goes to confirmed staff numbers only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wagtail_drip.contacts.types import Purpose

from . import frequency_caps, times
from .frequency_caps import Pressure
from .types import Decision, Question, Reason, Verdict, defer, expire, send, skip

# A licence is good for so long: an answer that comes later is no answer.
LICENCE_HOURS = 24
# So often the caps and the clock are asked in turn; the gate asks again at the moment that they came to.
_MOST_TURNS = 8


def decide(question: Question, *, now: datetime) -> Decision:
    """Return whether the message may go *now*, and if not, why and when to ask again."""
    if question.expires_at is not None and question.expires_at <= now:
        return expire()
    refusal = _refusal(question, now)
    if refusal:
        return skip(refusal)
    if question.is_test or question.purpose == Purpose.RESPONSE:
        return send()
    if question.purpose == Purpose.TRANSACTIONAL:
        return _by_the_clock(question, now)
    if question.paused_until is not None and now < question.paused_until:
        return _paused(question, question.paused_until)
    if question.pressure is None:
        return _by_the_clock(question, now)
    return _under_caps(question, question.pressure, now)


def _refusal(question: Question, now: datetime) -> str:
    if not question.number:
        return Reason.NO_PHONE
    is_response = question.purpose == Purpose.RESPONSE
    licence = question.licence
    if question.is_suppressed and not (is_response and licence is not None and licence.is_stop):
        return Reason.SUPPRESSED
    if question.is_test:
        return "" if question.is_staff_number else Reason.NOT_OPEN_YET
    if not question.is_open and not question.is_staff_number:
        return Reason.NOT_OPEN_YET
    if question.is_restricted and not is_response:
        return Reason.RESTRICTED
    if is_response:
        if licence is None or now - licence.recorded_at > timedelta(hours=LICENCE_HOURS):
            return Reason.NO_LICENCE
        return ""
    if not question.permission:
        return Reason.NO_CONSENT if question.permission is None else Reason.UNSUBSCRIBED
    return ""


def _paused(question: Question, until: datetime) -> Decision:
    # Caps and clock are asked at the end of it: nobody knows yet what they say then.
    if question.expires_at is not None and until >= question.expires_at:
        return skip(Reason.CONTACT_PAUSED)
    return defer(Reason.CONTACT_PAUSED, until)


def _under_caps(question: Question, pressure: Pressure, now: datetime) -> Decision:
    """
    Return the first moment that both the caps and the clock allow.

    They are asked in turn until neither moves it: a night may lie where a cap has room again, and the last day
    of a special event where the night ends.
    """
    capped, moment = None, now
    for _ in range(_MOST_TURNS):
        by_clock = _by_the_clock(question, moment)
        if by_clock.verdict is Verdict.SKIP:
            return by_clock if capped is None else skip(Reason.FREQUENCY_CAP, capped.as_text())
        moment = by_clock.until or moment
        found = frequency_caps.check(pressure, at=moment)
        # What a place is kept for has gone by then, or never will: that is to be asked then.
        if found is None or (found.is_kept and capped is not None):
            return by_clock if capped is None else defer(Reason.FREQUENCY_CAP, moment, capped.as_text(moment))
        capped = found if capped is None else capped
        if found.until is None or (question.expires_at is not None and found.until >= question.expires_at):
            return skip(Reason.FREQUENCY_CAP, capped.as_text(found.until))
        moment = found.until
    return defer(Reason.FREQUENCY_CAP, moment, capped.as_text(moment) if capped else "")


def _by_the_clock(question: Question, now: datetime) -> Decision:
    opening, reason = times.opening(question, now=now)
    if opening is None:
        return skip(Reason.WINDOW_CLOSED)
    if opening <= now:
        return send()
    if question.expires_at is not None and opening >= question.expires_at:
        return skip(Reason.WINDOW_CLOSED)
    return defer(reason, times.spread(question, opening, now=now))
