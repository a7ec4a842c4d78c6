"""What branches and waits for a date wrote down, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_drip.admin.wording import condition, event_test, moment, readable
from wagtail_drip.segments.did_rules import COMPARED, MEASURES
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores.interest_models import Interest

Decided = Mapping[str, Any]


def is_counted(rule: Mapping[str, Any]) -> bool:
    """Tell whether a test of an event says more than "since entering, yes or no"."""
    return any(rule.get(key) for key in ("path", "times", "days")) or "days" in rule


def counted(decided: Decided) -> str:
    """Tell of an event that a branch counted."""
    rule, found = decided["rule"], int(decided.get("value") or 0)
    values = {"event": event_test(rule), "n": found, "since": moment(decided.get("since"))}
    if values["since"]:
        fact = ngettext(
            "“%(event)s” had happened %(n)s time since %(since)s.",
            "“%(event)s” had happened %(n)s times since %(since)s.",
            found,
        )
    else:
        fact = ngettext(
            "“%(event)s” had ever happened %(n)s time.", "“%(event)s” had ever happened %(n)s times.", found
        )
    return _held(fact % values, decided)


def _held(fact: str, decided: Decided) -> str:
    if decided.get("outcome") == "yes":
        return _("%(fact)s So this test held.") % {"fact": fact}
    return _("%(fact)s So this test did not hold.") % {"fact": fact}


def valued(decided: Decided) -> str:
    """Tell of a detail of the person, or of what started the run, that one of several ways asked for."""
    values = {"test": condition(decided["rule"]), "value": readable(decided.get("value"))}
    return _held(_("Asked whether %(test)s; it was “%(value)s”.") % values, decided)


def _clicked(decided: Decided) -> str:
    found = int(decided.get("value") or 0)
    values = {"n": found, "since": moment(decided.get("since"))}
    fact = ngettext(
        "They had clicked %(n)s such link since %(since)s.",
        "They had clicked %(n)s such links since %(since)s.",
        found,
    )
    return _held(fact % values, decided)


def _replied(decided: Decided) -> str:
    found = int(decided.get("value") or 0)
    values = {"n": found, "since": moment(decided.get("since"))}
    fact = ngettext(
        "They had replied so %(n)s time since %(since)s.",
        "They had replied so %(n)s times since %(since)s.",
        found,
    )
    return _held(fact % values, decided)


def _permission(decided: Decided) -> str:
    fact = (
        _("They had agreed to these texts.")
        if decided.get("value")
        else _("They had not agreed to these texts.")
    )
    return _held(fact, decided)


def _segment(decided: Decided) -> str:
    name = Segment.objects.filter(pk=decided["rule"].get("segment")).values_list("name", flat=True).first()
    words = {"segment": name or _("a segment that is gone")}
    if decided.get("value"):
        return _held(_("They were in “%(segment)s”.") % words, decided)
    return _held(_("They were not in “%(segment)s”.") % words, decided)


def _stage(decided: Decided) -> str:
    labels = dict(LIFE_STAGES)
    if not decided.get("value"):
        return _held(_("They were in no stage."), decided)
    words = {"stage": labels.get(decided["value"], decided["value"])}
    return _held(_("They were in the stage “%(stage)s”.") % words, decided)


def _interest(decided: Decided) -> str:
    found = Interest.objects.filter(pk=decided["rule"].get("interest")).values_list("name", flat=True).first()
    words, known = {"interest": found or _("an interest that is gone")}, set(decided.get("value") or ())
    if known == {"stated", "inferred"}:
        return _held(
            _("They had said that they are interested in “%(interest)s”, and shown it.") % words, decided
        )
    if known == {"stated"}:
        return _held(_("They had said that they are interested in “%(interest)s”.") % words, decided)
    if known:
        return _held(_("They had shown interest in “%(interest)s”.") % words, decided)
    return _held(
        _("They had neither said nor shown that they are interested in “%(interest)s”.") % words, decided
    )


def _purchases(decided: Decided) -> str:
    rule = decided["rule"]
    values = {
        "measure": dict(MEASURES).get(rule.get("measure"), ""),
        "value": readable(decided.get("value")),
        "compared": dict(COMPARED).get(rule.get("operator"), ""),
        "number": rule.get("number"),
    }
    fact = _("Asked whether their %(measure)s %(compared)s %(number)s; it was %(value)s.") % values
    return _held(fact, decided)


def _date(decided: Decided) -> str:
    outcome = str(decided.get("outcome") or "")
    values = {"value": readable(decided.get("value")), "until": moment(outcome) if "T" in outcome else ""}
    if values["until"]:
        return _("The date is %(value)s. Waits until %(until)s.") % values
    sentences = {
        "reached": _("The date is %(value)s; the moment has come."),
        "past": _("The date is %(value)s; that moment was past already."),
        "cancelled": _("It was cancelled, so there is no date to wait for."),
        "missing": _("There is no such date; what stands there: %(value)s."),
    }
    return sentences.get(outcome, outcome) % values


RULES: dict[str, Callable[[Decided], str]] = {
    "payload": valued,
    "clicked": _clicked,
    "replied": _replied,
    "permission": _permission,
    "segment": _segment,
    "stage": _stage,
    "interest": _interest,
    "purchases": _purchases,
    "wait_until_date": _date,
}
