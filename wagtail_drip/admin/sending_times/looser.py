"""What is said wherever legal hours are shown that are looser than what we ship: whose reading they rest on."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from wagtail_drip.admin import sources
from wagtail_drip.compliance import jurisdictions
from wagtail_drip.compliance.jurisdictions import Rule, Standing


def warning(rule: Rule) -> str:
    """Return what is to be said of *rule*; '' where it is not looser."""
    standing = jurisdictions.standing(rule)
    if standing is Standing.NO_LOOSER:
        return ""
    said = _("Looser than what we ship, by your own reading of %(source)s, %(day)s.") % {
        "source": f"{sources.in_words(rule.source)} ({rule.url})"
        if rule.url
        else sources.in_words(rule.source),
        "day": _day(rule.read),
    }
    if standing is Standing.LOOSER:
        return said
    return (
        said
        + " "
        + _("We read ours on %(day)s, no earlier: read it again, or restore what we ship.")
        % {"day": _read_by_us(rule)}
    )


def what_is_needed(rule: Rule) -> str:
    """Return what looser hours lack that rest on no reading of the owner's own."""
    return _(
        "These hours let texts go that ours hold back. Name what you have read yourself: another source, read on "
        "%(day)s or later, or ours, read anew after that day."
    ) % {"day": _read_by_us(rule)}


def _read_by_us(rule: Rule) -> str:
    floor = jurisdictions.floor_of(rule)
    return _day(floor.read) if floor else ""


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "SHORT_DATE_FORMAT")
