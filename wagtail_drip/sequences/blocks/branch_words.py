"""A test of a branch as one reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wagtail_drip.contacts import attributes
from wagtail_drip.events import catalogue
from wagtail_drip.events.condition_blocks import OPERATORS, WITH_VALUE
from wagtail_drip.segments.did_rules import COMPARED, MEASURES
from wagtail_drip.segments.interest_rule import BY, interest_choices
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.who_rules import GROUPS, segment_choices
from wagtail_drip.sequences.blocks.branch_test import (
    ATTRIBUTE,
    DONE,
    EVER,
    IN_SEGMENT,
    IN_STAGE,
    INTERESTED,
    LAST_DAYS,
    NOT_DONE,
    NOT_IN_SEGMENT,
    NOT_IN_STAGE,
    NOT_INTERESTED,
    NOT_PERMITTED,
    PAYLOAD,
    PERMITTED,
    PURCHASES,
    REPLIED,
    SINCE_ENTRY,
    TESTS,
)
from wagtail_drip.sequences.replies import ANYTHING, words_of


def in_words(value: Mapping[str, Any]) -> str:
    """Return the test as one reads it: "has clicked a link", "language is zh"."""
    test = value.get("test") or DONE
    label = str(dict(TESTS).get(test, ""))
    if test in (DONE, NOT_DONE):
        return _event_in_words(value)
    if test in (ATTRIBUTE, PAYLOAD):
        operator = dict(OPERATORS).get(value.get("operator") or "is", "")
        name, compared = value.get("property") or "…", ""
        if value.get("operator") in WITH_VALUE:
            compared = value.get("value") or ""
        if test == ATTRIBUTE:
            compared = str(attributes.shown(name, attributes.kept(name, compared))) if compared else ""
            name = attributes.label_of(name)
        return " ".join(str(word) for word in (name, operator, compared) if word)
    if test == PURCHASES:
        measure = dict(MEASURES).get(value.get("measure") or "count", "")
        limit = dict(COMPARED).get(value.get("compared") or "at_least", "")
        number = value.get("number")
        return f"{measure} {limit} {'…' if number is None else format(number.normalize(), 'f')}"
    if test == REPLIED and (value.get("how") or ANYTHING) != ANYTHING:
        return f"{label}: {', '.join(words_of(value.get('words') or '')) or '…'}"
    if test in (IN_SEGMENT, NOT_IN_SEGMENT):
        name = dict(segment_choices()).get(str(value.get("segment") or ""), "…")
        return f"{label.rstrip('…')} “{name}”"
    if test in (IN_STAGE, NOT_IN_STAGE):
        return f"{label.rstrip('…')} “{dict(LIFE_STAGES).get(value.get('stage') or '', '…')}”"
    if test in (INTERESTED, NOT_INTERESTED):
        name = dict(interest_choices()).get(str(value.get("interest") or ""), "…")
        by = dict(BY).get(value.get("by") or "", "") if value.get("by") else ""
        return " ".join(str(word) for word in (label.rstrip("…"), f"“{name}”", by) if word)
    if test in (PERMITTED, NOT_PERMITTED):
        texts = dict(GROUPS).get(value.get("group") or "marketing", "")
        return " ".join(str(word) for word in (label.rstrip("…"), texts, value.get("topic")) if word)
    return label


def _event_in_words(value: Mapping[str, Any]) -> str:
    found = catalogue.find(value.get("event") or "")
    event = str(found.sentence) if found else "…"
    times = value.get("times") or 1
    if times > 1:
        event += " " + ngettext("%(n)d time or more", "%(n)d times or more", times) % {"n": times}
    window, days = value.get("window") or SINCE_ENTRY, value.get("days") or 0
    negated = value.get("test") == NOT_DONE
    if window == LAST_DAYS:
        words = (
            ngettext(
                "has not happened in the last %(n)d day: %(event)s",
                "has not happened in the last %(n)d days: %(event)s",
                days,
            )
            if negated
            else ngettext(
                "has happened in the last %(n)d day: %(event)s",
                "has happened in the last %(n)d days: %(event)s",
                days,
            )
        )
        return words % {"n": days, "event": event}
    if window == EVER:
        words = str(_("has never happened: %(event)s") if negated else _("has ever happened: %(event)s"))
        return words % {"event": event}
    words = str(
        _("this has not happened since entering: %(event)s")
        if negated
        else _("this has happened since entering: %(event)s")
    )
    return words % {"event": event}
