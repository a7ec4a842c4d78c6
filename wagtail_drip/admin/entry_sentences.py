"""What each rule of entry says of a person, and what would have to happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_drip.admin.wording import Told, condition, day, event_name, moment, readable
from wagtail_drip.enrolments.why_not import Check, EntryRule

RUNTIME_STATES: dict[str, Any] = {
    "live": gettext_lazy("The sequence is running."),
    "paused": gettext_lazy("The sequence is paused: nobody enters and nobody moves."),
    "draining": gettext_lazy("The sequence lets nobody in any more; who is inside goes on to the end."),
    "ended": gettext_lazy("The sequence has ended: nobody enters."),
    "archived": gettext_lazy("The sequence is in the archive: nobody enters."),
}


def entry_check(check: Check) -> Told:
    """Return what one rule of entry says of this person, whether it lets them in or not."""
    return ENTRY[EntryRule(check.name)](check)


def _state(check: Check) -> Told:
    remedies = {
        "paused": _("Resume the sequence."),
        "draining": _("Publish the sequence again."),
        "ended": _("Publish the sequence again."),
        "archived": _("Take the sequence out of the archive and publish it."),
    }
    state = str(check.value)
    return Told(text=str(RUNTIME_STATES.get(state, state)), remedy=remedies.get(state, ""))


def _reentry(check: Check) -> Told:
    if check.holds:
        return Told(text=_("They may enter: the rule about entering again does not stand in the way."))
    values = {"entered": moment(check.value), "next": moment(check.next_at), "days": check.rule.get("days")}
    if check.rule.get("reentry") == "after_days":
        text = _("They entered on %(entered)s, and the same person may enter again only after %(days)s days.")
        return Told(text=text % values, remedy=_("It must happen again after %(next)s.") % values)
    return Told(
        text=_("They entered on %(entered)s, and the same person never enters this sequence again.") % values,
        remedy=_("Change “The same person may enter” in the sequence, if they should."),
    )


def _of_condition(check: Check) -> Told:
    values = {"test": condition(check.rule), "value": readable(check.value)}
    if check.holds:
        return Told(text=_("It had to be so that %(test)s; it was “%(value)s”.") % values)
    return Told(
        text=_("It counts only if %(test)s, and it was “%(value)s”.") % values,
        remedy=_("It must happen again so that %(test)s.") % values,
    )


def _site(check: Check) -> Told:
    if check.holds:
        return Told(text=_("It happened on a site that this sequence is for."))
    return Told(
        text=_("It happened on another site than the one this sequence is for."),
        remedy=_("Choose no site in the sequence's settings, if it should be for all of them."),
    )


def _fresh(check: Check) -> Told:
    values = {"hours": f"{check.rule.get('hours'):g}"}
    if check.holds:
        return Told(text=_("It is recent enough."))
    return Told(
        text=_("No worker read it for more than %(hours)s hours; news so old starts nothing.") % values,
        remedy=_("See that the workers run, and that it happens again."),
    )


def _no_date(check: Check) -> Told:
    values = {"attribute": check.rule.get("attribute"), "value": readable(check.value)}
    if check.holds:
        return Told(text=_("Their “%(attribute)s” is “%(value)s”.") % values)
    if check.value:
        text = (
            _("Their “%(attribute)s” is “%(value)s”, which is not a date.")
            if check.rule.get("yearly")
            else _("Their “%(attribute)s” is “%(value)s”, which is not a date with its year.")
        )
        return Told(text=text % values, remedy=_("Write it as 2027-03-31."))
    return Told(
        text=_("We do not know their “%(attribute)s”, by which the sequence starts.") % values,
        remedy=_("Fill it in for the contact.") % values,
    )


def _never_happened(check: Check) -> Told:
    values = {"event": event_name(str(check.rule.get("event"))), "last": moment(check.value)}
    if check.holds:
        return Told(text=_("“%(event)s” last happened on %(last)s.") % values)
    return Told(
        text=_("It starts when “%(event)s” has stopped happening, and that has never happened to them.")
        % values
    )


def _audience(check: Check) -> Told:
    if check.holds:
        return Told(text=_("They are among the people it goes to: they have a number and have agreed."))
    return Told(
        text=_("It goes to people who have a number and have agreed to texts of this kind; they have not."),
        remedy=_("They must agree first."),
    )


def _not_in_segment(check: Check) -> Told:
    if check.holds:
        return Told(text=_("They are in the segment that the sequence is for."))
    return Told(
        text=_("They are not in the segment that the sequence is for."),
        remedy=_("The segment’s rules say who is in it; its people are counted every few minutes."),
    )


def _no_tag(check: Check) -> Told:
    values = {"tag": check.rule.get("tag")}
    if check.holds:
        return Told(text=_("They have the tag “%(tag)s”.") % values)
    return Told(
        text=_("They do not have the tag “%(tag)s”, which the sequence is for.") % values,
        remedy=_("Give them the tag.") % values,
    )


def _left_out_by_tag(check: Check) -> Told:
    if check.holds:
        return Told(text=_("They have no tag that the sequence leaves out."))
    return Told(
        text=_("They have the tag “%(tag)s”, which the sequence leaves out.")
        % {"tag": check.rule["tags"][0]},
        remedy=_("Take the tag away, or leave out others."),
    )


def _left_out_by_segment(check: Check) -> Told:
    if check.holds:
        return Told(text=_("They are in no segment that the sequence leaves out."))
    return Told(
        text=_("They are in a segment that the sequence leaves out."),
        remedy=_("The segment’s rules say who is in it; its people are counted every few minutes."),
    )


def _uncounted(check: Check) -> Told:
    if check.holds:
        return Told(text=_("The segments that the sequence asks for have been counted."))
    if check.rule.get("in_vain"):
        return Told(
            text=_(
                "A segment that the sequence asks for was not counted for %(hours)s hours; news so old starts "
                "nothing."
            )
            % {"hours": f"{check.rule.get('hours'):g}"},
            remedy=_("See that the segment is counted, and that it happens again."),
        )
    return Told(
        text=_("It waits until the segment that the sequence is for, or leaves out, has been counted."),
        remedy=_("That takes a few minutes. If it stays so, look at the segment: it says what is wrong."),
    )


def _held_back(check: Check) -> Told:
    if check.next_at is not None:
        return Told(
            text=_(
                "It has gone to the first people only; the rest goes on %(moment)s if nothing holds it back."
            )
            % {"moment": moment(check.next_at)}
        )
    return Told(
        text=_("The rest was held back after the first people: too much failed, or too many left."),
        remedy=_("Look at the page “Send once”, and let it go on or stop it there."),
    )


def _not_then(check: Check) -> Told:
    if check.rule.get("is_for_some"):
        return Told(
            text=_(
                "Nothing speaks against it today, but at the time they were not among the people whom the sequence "
                "is for, or it let in no more people, was not running, or no worker read it for more than "
                "%(hours)s hours."
            )
            % {"hours": f"{check.rule.get('hours'):g}"},
            remedy=_("It must happen again."),
        )
    if check.rule.get("most"):
        return Told(
            text=_(
                "Nothing speaks against it today, but at the time the sequence let in no more people, was not "
                "running, or no worker read it for more than %(hours)s hours."
            )
            % {"hours": f"{check.rule.get('hours'):g}"},
            remedy=_("It must happen again."),
        )
    values = {"hours": f"{check.rule.get('hours'):g}"}
    return Told(
        text=_(
            "Nothing speaks against it today, but at the time the sequence was not running, or no worker read "
            "it for more than %(hours)s hours."
        )
        % values,
        remedy=_("It must happen again."),
    )


def full(check: Check) -> Told:
    """Return that there was no room: how many it had let in by then, and how often it refused somebody."""
    most, n, period = int(check.rule["most"]), int(check.value), check.rule.get("period")
    if check.rule.get("per") == "hour":
        first = ngettext(
            "In the hour from %(period)s the sequence had already let in its %(most)d person.",
            "In the hour from %(period)s the sequence had already let in its %(most)d people.",
            most,
        ) % {"period": moment(period), "most": most}
        then = ngettext(
            "It refused somebody %(n)d time in that hour.", "It refused somebody %(n)d times in that hour.", n
        )
    else:
        first = ngettext(
            "On %(day)s the sequence had already let in its %(most)d person for the day.",
            "On %(day)s the sequence had already let in its %(most)d people for the day.",
            most,
        ) % {"day": day(period), "most": most}
        then = ngettext(
            "It refused somebody %(n)d time that day.", "It refused somebody %(n)d times that day.", n
        )
    remedy = _("Add them by hand, or raise “Let in at most”; or let who does not fit wait for room.")
    return Told(text=f"{first} {then % {'n': n}}", remedy=remedy)


def _always(text: Any, remedy: Any = "") -> Callable[[Check], Told]:
    return lambda check: Told(text=str(text), remedy=str(remedy))


ENTRY: dict[EntryRule, Callable[[Check], Told]] = {
    EntryRule.NEVER_PUBLISHED: _always(
        gettext_lazy("The sequence has never been published, so nobody can enter."),
        gettext_lazy("Publish the sequence."),
    ),
    EntryRule.SEQUENCE_STATE: _state,
    EntryRule.ERASED: _always(gettext_lazy("This person's data was erased; they never enter anything.")),
    EntryRule.MERGED: _always(
        gettext_lazy("This contact was joined to another one of the same person, who enters instead.")
    ),
    EntryRule.BEFORE_PUBLISHING: lambda check: Told(
        text=_("It happened before the sequence was first published, on %(moment)s.")
        % {"moment": moment(check.rule.get("published_at"))},
        remedy=_("It must happen again."),
    ),
    EntryRule.SITE: _site,
    EntryRule.CONDITION: _of_condition,
    EntryRule.SET_ASIDE: _always(
        gettext_lazy("It could not be read and was set aside; the site's log says why."),
        gettext_lazy("Ask your developer to look at the log."),
    ),
    EntryRule.UNREAD: _always(
        gettext_lazy("It has not been looked at yet."),
        gettext_lazy("Wait a moment; if it stays so, the workers do not run."),
    ),
    EntryRule.FRESH: _fresh,
    EntryRule.ALREADY_INSIDE: _always(
        gettext_lazy("They are inside already, and nobody is in a sequence twice at the same time.")
    ),
    EntryRule.REENTRY: _reentry,
    EntryRule.BACKFILLED: _always(
        gettext_lazy("It was brought in from the past, and the past starts nothing."),
        gettext_lazy("It must happen again."),
    ),
    EntryRule.NO_DATE: _no_date,
    EntryRule.NO_TAG: _no_tag,
    EntryRule.NOT_IN_SEGMENT: _not_in_segment,
    EntryRule.LEFT_OUT_BY_TAG: _left_out_by_tag,
    EntryRule.LEFT_OUT_BY_SEGMENT: _left_out_by_segment,
    EntryRule.UNCOUNTED: _uncounted,
    EntryRule.NEVER_HAPPENED: _never_happened,
    EntryRule.NOT_IN_AUDIENCE: _audience,
    EntryRule.TRIGGER_SET_ASIDE: _always(
        gettext_lazy("Looking whose turn it is failed and was set aside; the site's log says why."),
        gettext_lazy("Ask your developer to look at the log, then pause the sequence and resume it."),
    ),
    EntryRule.NOT_STARTED: _always(
        gettext_lazy("It goes out once, and nobody has started it, or it was stopped."),
        gettext_lazy("Look at whom it would reach on the page “Send once”, and start it there."),
    ),
    EntryRule.HELD_BACK: _held_back,
    EntryRule.NOT_THEN: _not_then,
    EntryRule.FULL: full,
}
