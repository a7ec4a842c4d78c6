"""What a step, or the walk itself, wrote down, as a sentence: one for every rule that a Decision may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_drip.admin import branch_sentences
from wagtail_drip.admin.wording import condition, event_test, moment, property_name, readable
from wagtail_drip.core.listed import listed
from wagtail_drip.sequences.blocks.wait_until_time import WEEKDAYS


def _way(outcome: Any) -> str:
    return {"yes": _("Yes"), "no": _("No")}.get(str(outcome), str(outcome))


def _by_event(decided: Mapping[str, Any]) -> str:
    rule, found = decided["rule"], int(decided.get("value") or 0)
    if branch_sentences.is_counted(rule):
        return branch_sentences.counted(decided)
    values = {
        "event": event_test(rule),
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
    if decided["rule"].get("path"):
        return branch_sentences.valued(decided)
    return _("Asked whether %(test)s. It was “%(value)s”, so they went the way “%(way)s”.") % {
        "test": condition(decided["rule"]),
        "value": readable(decided.get("value")),
        "way": _way(decided.get("outcome")),
    }


def _waits(decided: Mapping[str, Any]) -> str:
    rule = decided["rule"]
    values = {
        "length": _length(rule),
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
        "days": listed(days),
        "zone": decided.get("value"),
        "until": moment(decided.get("outcome")),
    }
    if days:
        return _("Waits until it is %(time)s on %(days)s by their clock, %(zone)s: until %(until)s.") % values
    return _("Waits until it is %(time)s by their clock, %(zone)s: until %(until)s.") % values


def _met(text: Any) -> Callable[[Mapping[str, Any]], str]:
    def say(decided: Mapping[str, Any]) -> str:
        values = {"event": event_test(decided["rule"]), "since": moment(decided.get("since"))}
        return str(text) % values

    return say


def _writes(decided: Mapping[str, Any]) -> str:
    values = {
        "field": property_name(str(decided["rule"].get("field", ""))),
        "value": readable(decided.get("value")),
    }
    return _("Wrote “%(value)s” down as their %(field)s.") % values


def _leaves(decided: Mapping[str, Any]) -> str:
    note = decided["rule"].get("reason")
    return _("Left here, as the step says: %(note)s.") % {"note": note} if note else _("Left here.")


def _simply(text: Any) -> Callable[[Mapping[str, Any]], str]:
    return lambda decided: str(text)


def _length(rule: Mapping[str, Any]) -> str:
    amount = int(rule.get("amount") or 0)
    lengths = {
        "minutes": ngettext("%(n)d minute", "%(n)d minutes", amount),
        "hours": ngettext("%(n)d hour", "%(n)d hours", amount),
        "days": ngettext("%(n)d day", "%(n)d days", amount),
        "weeks": ngettext("%(n)d week", "%(n)d weeks", amount),
    }
    return lengths.get(str(rule.get("unit")), "%(n)d") % {"n": amount}


def _awaits(decided: Mapping[str, Any]) -> str:
    """Tell of a wait for an event or a reply: it came, it did not come in time, or it may still come."""
    rule, outcome = decided["rule"], str(decided.get("outcome") or "")
    if rule["name"] == "wait_for_reply":
        words = listed(str(word) for word in rule.get("words") or ())
        what = _("A reply with one of: %(words)s") % {"words": words} if words else _("A reply")
    else:
        what = event_test(rule)
    values = {
        "event": what,
        "when": moment(decided.get("value")),
        "since": moment(decided.get("since")),
        "length": _length(rule),
        "until": moment(outcome) if "T" in outcome else "",
    }
    if values["when"]:
        return _("“%(event)s” happened on %(when)s, so the wait was over.") % values
    if values["until"]:
        return (
            _("Waits for “%(event)s”, counted since %(since)s, but no longer than until %(until)s.") % values
        )
    return _("“%(event)s” did not happen within %(length)s, so they went the other way.") % values


def _tag(decided: Mapping[str, Any]) -> str:
    values = {"tag": decided["rule"].get("tag")}
    if decided["rule"]["name"] == "add_tag":
        return _("Gave them the tag “%(tag)s”.") % values
    return _("Took the tag “%(tag)s” from them.") % values


def _subscription(decided: Mapping[str, Any]) -> str:
    rule, outcome = decided["rule"], str(decided.get("outcome"))
    topic = rule.get("topic")
    values = {"what": _("the topic “%(topic)s”") % {"topic": topic} if topic else _("these texts")}
    if outcome == "refused":
        return (
            _("Did not switch %(what)s on: they never agreed, or said no. Only they can change that.")
            % values
        )
    if outcome == "as_it_was":
        return _("Nothing to change for %(what)s: it was so already.") % values
    if rule.get("granted"):
        return _("Switched %(what)s on again for them.") % values
    return _("Switched %(what)s off for them.") % values


def _asks(decided: Mapping[str, Any]) -> str:
    outcome, value = str(decided.get("outcome")), decided.get("value")
    values = {"system": decided["rule"].get("target"), "why": value}
    if outcome == "answered":
        told = listed(str(name) for name in value or ())
        if told:
            return _("“%(system)s” answered with: %(names)s.") % {**values, "names": told}
        return _("“%(system)s” answered with nothing.") % values
    if outcome == "failed":
        return _("“%(system)s” was asked in vain, so they went on without: %(why)s") % values
    if outcome == "no_answer":
        return _("“%(system)s” did not answer in time, so they went on without.") % values
    return _("Asks “%(system)s” and waits for its answer.") % values


def _drawn(decided: Mapping[str, Any]) -> str:
    weights = [int(weight) for weight in decided["rule"].get("weights") or ()]
    values = {"way": decided.get("outcome"), "weights": " : ".join(str(weight) for weight in weights)}
    return _("Went the way “%(way)s”, by chance; the ways are chosen %(weights)s.") % values


def _jumps(decided: Mapping[str, Any]) -> str:
    before = int(decided.get("value") or 0)
    values = {"n": before, "times": decided["rule"].get("times")}
    if decided.get("outcome") == "jumped":
        return _("Went back to another step; had done so %(n)s of at most %(times)s times before.") % values
    return _("Went on: had gone back %(n)s times, and at most %(times)s are allowed.") % values


def _by_outcome(sentences: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    def say(decided: Mapping[str, Any]) -> str:
        outcome = str(decided.get("outcome"))
        return str(sentences.get(outcome, outcome))

    return say


# What a step, or the walk itself, may write down; by the name of the rule.
RULES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "event": _by_event,
    "attribute": _by_value,
    "wait_duration": _waits,
    "wait_until_time": _waits_until,
    "wait_for_event": _awaits,
    "wait_for_reply": _awaits,
    **branch_sentences.RULES,
    "add_tag": _tag,
    "remove_tag": _tag,
    "set_subscription": _subscription,
    "enrol_in": _by_outcome(
        {
            "asked": gettext_lazy("Asks whether they may enter another sequence."),
            "entered": gettext_lazy("They entered another sequence."),
            "not_live": gettext_lazy("They did not enter the other sequence: it is not running."),
            "not_let_in": gettext_lazy("They did not enter the other sequence: its own rules said no."),
            "too_often": gettext_lazy("They did not enter the other sequence: too often in one day."),
        }
    ),
    "remove_from": _by_outcome(
        {
            "asked": gettext_lazy("Takes them out of another sequence, if they are inside."),
            "taken_out": gettext_lazy("They were taken out of another sequence."),
            "was_not_inside": gettext_lazy("They were not in the other sequence, so nothing changed."),
        }
    ),
    "random_split": _drawn,
    "jump_to": _jumps,
    "call_webhook": _asks,
    "notify_staff": _simply(gettext_lazy("Told the staff; it is listed under “Notices to staff”.")),
    "goal_met": _met(gettext_lazy("The goal was met: “%(event)s” happened after %(since)s.")),
    "exit_rule": _met(gettext_lazy("A rule to leave early applied: “%(event)s” happened after %(since)s.")),
    "goal_step": _simply(gettext_lazy("Came to the goal: the sequence did what it is for.")),
    "exit": _leaves,
    "update_contact": _writes,
    "send_message": _simply(gettext_lazy("The text was put into the outbox.")),
    "bound": _simply(gettext_lazy("Went through too many steps without a wait, and was stopped for safety.")),
    "error": _simply(gettext_lazy("Could not go on: an error inside. It is in the site's log.")),
}
