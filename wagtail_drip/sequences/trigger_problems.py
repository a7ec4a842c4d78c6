"""What must be mended in the start of a sequence: each kind of trigger needs its own fields filled in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from wagtail_drip.compliance import keywords, own_keywords
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.contacts.models import ContactDate, ContactTag
from wagtail_drip.events import condition_blocks as conditions
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import starts
from wagtail_drip.sequences.types import Problem

if TYPE_CHECKING:
    from wagtail_drip.sequences.models import Sequence


def find(sequence: Sequence) -> Iterator[Problem]:
    """Yield what is wrong with the trigger and the rules of entering, field by field."""
    yield from _OF_KIND.get(sequence.trigger_kind, _unknown)(sequence)
    if sequence.entry_limit is not None and sequence.entry_limit < 1:
        yield Problem(
            field="entry_limit", message=_("Let in at least one person, or leave this empty for no limit.")
        )
    if sequence.also_existing and sequence.existing_days < 1:
        yield Problem(field="existing_days", message=_("Say how many days to look back."))


def of_an_event(field: str, name: str) -> Iterator[Problem]:
    if name and not conditions.is_known_event(name):
        yield Problem(
            field=field,
            message=_("“%(event)s” is not an event that happens here. Choose another.") % {"event": name},
        )


def _unknown(sequence: Sequence) -> Iterator[Problem]:
    yield Problem(field="trigger_kind", message=_("Choose what this sequence starts when."))


def _event(sequence: Sequence) -> Iterator[Problem]:
    if not sequence.trigger_event:
        yield Problem(
            field="trigger_event",
            level="advice",
            message=_("Nothing starts this sequence by itself. Choose what it starts when."),
        )
    yield from of_an_event("trigger_event", sequence.trigger_event)
    yield from _audience(sequence)


def _date(sequence: Sequence) -> Iterator[Problem]:
    name = sequence.trigger_attribute.strip()
    if not name:
        yield Problem(
            field="trigger_attribute",
            message=_("Name the contact’s attribute that holds the date, such as birthday."),
        )
    elif not ContactDate.objects.filter(name=name).exists():
        yield Problem(
            field="trigger_attribute",
            level="advice",
            message=_(
                "No contact has a date named “%(name)s” yet. Dates are written as 1990-05-17, or --05-17 without "
                "the year."
            )
            % {"name": name},
        )
    if sequence.trigger_offset != "on" and not 1 <= sequence.trigger_days <= 365:
        yield Problem(field="trigger_days", message=_("Choose from 1 to 365 days before or after the date."))
    if sequence.trigger_yearly:
        yield from _only_once(sequence)


def _inactive(sequence: Sequence) -> Iterator[Problem]:
    if not sequence.trigger_event:
        yield Problem(field="trigger_event", message=_("Choose what has not happened."))
    yield from of_an_event("trigger_event", sequence.trigger_event)
    if not 1 <= sequence.trigger_days <= 3650:
        yield Problem(field="trigger_days", message=_("Choose after how many days of silence it starts."))
    yield from _only_once(sequence)


def _schedule(sequence: Sequence) -> Iterator[Problem]:
    days = sequence.trigger_weekdays
    if sequence.trigger_every == "week":
        if not isinstance(days, list) or not days or not set(days) <= set(range(7)):
            yield Problem(field="trigger_weekdays", message=_("Choose at least one day of the week."))
    elif not 1 <= sequence.trigger_month_day <= 31:
        yield Problem(
            field="trigger_month_day",
            message=_("Choose a day from 1 to 31. In a shorter month its last day counts."),
        )
    yield from _audience(sequence)
    yield from _only_once(sequence)


def _only_once(sequence: Sequence) -> Iterator[Problem]:
    if sequence.reentry == "never":
        yield Problem(
            field="reentry",
            level="advice",
            message=_(
                "Nobody enters a second time, however often this comes round. Choose “Every time” under “Who may "
                "enter again” if they should."
            ),
        )


def _once(sequence: Sequence) -> Iterator[Problem]:
    yield from _audience(sequence)


def _audience(sequence: Sequence) -> Iterator[Problem]:
    if sequence.trigger_audience == "tag" and not sequence.trigger_tag.strip():
        yield Problem(field="trigger_tag", message=_("Name the tag that these people have."))
    if sequence.trigger_audience == "segment" and sequence.trigger_segment_id is None:
        yield Problem(field="trigger_segment", message=_("Choose the segment that these people are in."))
    without = starts.timed(sequence) or starts.entry(sequence)
    if not (without.without_segments or without.without_tags):
        return
    there = Segment.objects.filter(pk__in=without.without_segments).count()
    if there < len(without.without_segments):
        yield Problem(
            field="trigger_without_segments",
            message=_(
                "A segment that was to be left out is no longer there. Choose again whom to leave out."
            ),
        )
    if without.segment and without.segment in without.without_segments:
        yield Problem(
            field="trigger_without_segments",
            message=_("This is for the people in a segment and leaves out the same segment: nobody is left."),
        )
    if without.tag and without.tag in without.without_tags:
        yield Problem(
            field="trigger_without_tags",
            message=_("This is for the people with a tag and leaves out the same tag: nobody is left."),
        )
    yield from _unknown_tag(without.without_tags)


def _unknown_tag(left_out: Collection[str]) -> Iterator[Problem]:
    if not left_out:
        return
    unknown = sorted(set(left_out) - known_tags(left_out))
    if unknown:
        yield Problem(
            field="trigger_without_tags",
            level="advice",
            message=_("Nobody has the tag “%(tag)s”, so it leaves nobody out. Is it written as it should be?")
            % {"tag": unknown[0]},
        )


def known_tags(names: Collection[str]) -> set[str]:
    """Return those of these tags that somebody has."""
    rows = ContactTag.objects.filter(tag__in=names).order_by().values_list("tag", flat=True).distinct()
    return set(rows)


def _keyword(sequence: Sequence) -> Iterator[Problem]:
    word = sequence.trigger_keyword.strip()
    if not keywords.plain(word):
        yield Problem(field="trigger_keyword", message=_("Say which word people text."))
    elif own_keywords.is_taken(word, own=compliance.own_keywords()):
        yield Problem(
            field="trigger_keyword",
            message=_(
                "“%(word)s” already stops texts, starts them or asks for help, somewhere in the world. Choose "
                "another word."
            )
            % {"word": word},
        )
    yield from _audience(sequence)
    if sequence.reentry == "never":
        yield Problem(
            field="reentry",
            level="advice",
            message=_(
                "Whoever texts the keyword a second time gets no answer. Choose “Every time” if they should."
            ),
        )


def _link(sequence: Sequence) -> Iterator[Problem]:
    if not sequence.trigger_url.strip():
        yield Problem(
            field="trigger_url",
            level="advice",
            message=_("Any link in any text starts this. Fill in a part of the address to narrow it."),
        )
    yield from _audience(sequence)


def _form(sequence: Sequence) -> Iterator[Problem]:
    if sequence.trigger_form_id is None:
        yield Problem(field="trigger_form", message=_("Choose the page with the form."))
    yield from _audience(sequence)


def _manual(sequence: Sequence) -> Iterator[Problem]:
    yield from ()


_OF_KIND: Mapping[str, Callable[[Sequence], Iterator[Problem]]] = {
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
