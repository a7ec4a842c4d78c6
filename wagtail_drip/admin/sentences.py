"""Every rule and every reason as a sentence that the owner of a shop understands, and what would change it.

The one place for them: the closed lists of reasons, the rules of entry, and what steps decide. A test holds
them to the code's own lists. A site's own step that is not here is told by its name and outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_drip.admin.reason_sentences import EXITS, REASONS
from wagtail_drip.compliance.times import Obstacle
from wagtail_drip.compliance.types import Reason
from wagtail_drip.enrolments.why_not import Check, EntryRule
from wagtail_drip.events import catalogue
from wagtail_drip.sequences.blocks.conditions import OPERATORS
from wagtail_drip.sequences.blocks.wait_until_time import WEEKDAYS

# Fields of a contact and of an event as people call them; an attribute of a site's own stands by its name.
_PROPERTIES: dict[str, Any] = {
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "language": gettext_lazy("language"),
    "region": gettext_lazy("country"),
    "zone": gettext_lazy("time zone"),
}
RUNTIME_STATES: dict[str, Any] = {
    "live": gettext_lazy("The sequence is running."),
    "paused": gettext_lazy("The sequence is paused: nobody enters and nobody moves."),
    "draining": gettext_lazy("The sequence lets nobody in any more; who is inside goes on to the end."),
    "ended": gettext_lazy("The sequence has ended: nobody enters."),
    "archived": gettext_lazy("The sequence is in the archive: nobody enters."),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer: what is so, and what would have to happen for it to be otherwise ('' where nothing would)."""

    text: str
    remedy: str = ""


def moment(value: datetime | str | None) -> str:
    """Return a moment with its weekday, by the clock of whoever reads."""
    found = parse_datetime(value) if isinstance(value, str) else value
    if found is None:
        return ""
    local = localtime(found)
    return f"{date_format(local, 'D')} {date_format(local, 'SHORT_DATE_FORMAT')}, {date_format(local, 'H:i')}"


def event_name(name: str) -> str:
    known = catalogue.find(name)
    return str(known.sentence) if known else name


def reason(code: str) -> Told:
    """Return why a message did not go or was put off; a code that is not ours is the provider's."""
    if code in REASONS:
        text, remedy = REASONS[code]
        return Told(text=str(text), remedy=str(remedy))
    if code in EXITS:
        return Told(text=str(EXITS[code]))
    return Told(text=_("The gateway says: %(code)s.") % {"code": code}) if code else Told(text="")


def obstacle(met: Obstacle) -> Told:
    """Return what stood in the way of a text, with what the rule itself says: which law, which hours, until when."""
    told, said = reason(met.reason), _what_it_says(met)
    return Told(text=f"{told.text} {said}".strip(), remedy=told.remedy)


def _what_it_says(met: Obstacle) -> str:
    value = met.value
    spans = ", ".join(f"{begin}–{end}" for begin, end in value.get("spans") or ())
    values = {
        "place": value.get("place"),
        "spans": spans,
        "zone": value.get("zone"),
        "source": value.get("source"),
        "name": value.get("name") or value.get("holiday"),
        "until": moment(met.ends_at),
    }
    parts = []
    if values["name"]:
        parts.append(_("It is %(name)s.") % values)
    if met.reason == Reason.QUIET_HOURS and value.get("place"):
        allowed = _("%(place)s allows %(spans)s that day (%(zone)s; %(source)s).")
        parts.append((allowed if spans else _("%(place)s allows none that day (%(source)s).")) % values)
    elif met.reason == Reason.SEND_WINDOW and value.get("zone"):
        yours = _("Yours are %(spans)s that day, by the clock of %(zone)s.")
        parts.append((yours if spans else _("You have none that day, by the clock of %(zone)s.")) % values)
    if met.ends_at is not None:
        parts.append(_("Until %(until)s.") % values)
    return " ".join(parts)


def left_because(code: str) -> str:
    """Return why somebody left a sequence."""
    return str(EXITS.get(code, code))


def decision(decided: Mapping[str, Any]) -> str:
    """Return one line of a step's trace, as ``enrolments.effects.Decision`` wrote it down."""
    name = str(decided.get("rule", {}).get("name", ""))
    say = RULES.get(name)
    if say is not None:
        return say(decided)
    if name in EXITS:
        return left_because(name)
    return _("%(rule)s: %(outcome)s") % {"rule": name, "outcome": decided.get("outcome") or "–"}


def _readable(value: Any) -> str:
    if value is None or value == "" or value == []:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)


def _property(name: str) -> str:
    short = name.removeprefix("contact.").removeprefix("event.")
    return str(_PROPERTIES.get(short, short))


def _test(rule: Mapping[str, Any]) -> str:
    """Return a condition as one reads it: "total is at least 50"."""
    operator = str(dict(OPERATORS).get(rule.get("operator", ""), rule.get("operator", "")))
    parts = [_property(str(rule.get("property", ""))), operator, str(rule.get("value") or "")]
    return " ".join(part for part in parts if part)


def _tests(rule: Mapping[str, Any]) -> str:
    """Return an event with its conditions: "Places an order (total is at least 50)"."""
    name = event_name(str(rule.get("event", "")))
    tests = ", ".join(_test(each) for each in rule.get("conditions") or ())
    return f"{name} ({tests})" if tests else name


def _way(outcome: Any) -> str:
    return {"yes": _("Yes"), "no": _("No")}.get(str(outcome), str(outcome))


def _by_event(decided: Mapping[str, Any]) -> str:
    rule, found = decided["rule"], int(decided.get("value") or 0)
    values = {
        "event": _tests(rule),
        "n": found,
        "since": moment(decided.get("since")),
        "way": _way(decided.get("outcome")),
    }
    if not found:
        return _("“%(event)s” had not happened since %(since)s, so they went the way “%(way)s”.") % values
    return (
        ngettext(
            "“%(event)s” had happened %(n)s time since %(since)s, so they went the way “%(way)s”.",
            "“%(event)s” had happened %(n)s times since %(since)s, so they went the way “%(way)s”.",
            found,
        )
        % values
    )


def _by_value(decided: Mapping[str, Any]) -> str:
    return _("Asked whether %(test)s. It was “%(value)s”, so they went the way “%(way)s”.") % {
        "test": _test(decided["rule"]),
        "value": _readable(decided.get("value")),
        "way": _way(decided.get("outcome")),
    }


def _waits(decided: Mapping[str, Any]) -> str:
    rule = decided["rule"]
    amount = int(rule.get("amount") or 0)
    lengths = {
        "minutes": ngettext("%(n)d minute", "%(n)d minutes", amount),
        "hours": ngettext("%(n)d hour", "%(n)d hours", amount),
        "days": ngettext("%(n)d day", "%(n)d days", amount),
        "weeks": ngettext("%(n)d week", "%(n)d weeks", amount),
    }
    values = {
        "length": lengths.get(str(rule.get("unit")), "%(n)d") % {"n": amount},
        "until": moment(decided.get("outcome")),
        "zone": decided.get("value"),
    }
    if decided.get("value"):
        return _("Waits %(length)s, until %(until)s; the days are counted by their clock, %(zone)s.") % values
    return _("Waits %(length)s, until %(until)s.") % values


def _waits_until(decided: Mapping[str, Any]) -> str:
    rule = decided["rule"]
    days = [str(label) for key, label in WEEKDAYS if int(key) in (rule.get("weekdays") or ())]
    values = {
        "time": rule.get("time"),
        "days": ", ".join(days),
        "zone": decided.get("value"),
        "until": moment(decided.get("outcome")),
    }
    if days:
        return _("Waits until it is %(time)s on %(days)s by their clock, %(zone)s: until %(until)s.") % values
    return _("Waits until it is %(time)s by their clock, %(zone)s: until %(until)s.") % values


def _met(text: Any) -> Callable[[Mapping[str, Any]], str]:
    def say(decided: Mapping[str, Any]) -> str:
        values = {"event": _tests(decided["rule"]), "since": moment(decided.get("since"))}
        return str(text) % values

    return say


def _writes(decided: Mapping[str, Any]) -> str:
    values = {
        "field": _property(str(decided["rule"].get("field", ""))),
        "value": _readable(decided.get("value")),
    }
    return _("Wrote “%(value)s” down as their %(field)s.") % values


def _leaves(decided: Mapping[str, Any]) -> str:
    note = decided["rule"].get("reason")
    return _("Left here, as the step says: %(note)s.") % {"note": note} if note else _("Left here.")


def _simply(text: Any) -> Callable[[Mapping[str, Any]], str]:
    return lambda decided: str(text)


# What a step, or the walk itself, may write down; by the name of the rule.
RULES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "event": _by_event,
    "attribute": _by_value,
    "wait_duration": _waits,
    "wait_until_time": _waits_until,
    "goal_met": _met(gettext_lazy("The goal was met: “%(event)s” happened after %(since)s.")),
    "exit_rule": _met(gettext_lazy("A rule to leave early applied: “%(event)s” happened after %(since)s.")),
    "goal_step": _simply(gettext_lazy("Came to the goal: the sequence did what it is for.")),
    "exit": _leaves,
    "update_contact": _writes,
    "send_message": _simply(gettext_lazy("The text was put into the outbox.")),
    "bound": _simply(gettext_lazy("Went through too many steps without a wait, and was stopped for safety.")),
    "error": _simply(gettext_lazy("Could not go on: an error inside. It is in the site's log.")),
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


def _condition(check: Check) -> Told:
    values = {"test": _test(check.rule), "value": _readable(check.value)}
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


def _not_then(check: Check) -> Told:
    values = {"hours": f"{check.rule.get('hours'):g}"}
    return Told(
        text=_(
            "Nothing speaks against it today, but at the time the sequence was not running, or no worker read "
            "it for more than %(hours)s hours."
        )
        % values,
        remedy=_("It must happen again."),
    )


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
    EntryRule.CONDITION: _condition,
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
    EntryRule.NOT_THEN: _not_then,
}
