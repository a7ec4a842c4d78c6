"""One person's whole story, joined from all rooms, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from wagtail_drip.admin import redaction, words
from wagtail_drip.admin.contacts import record_words
from wagtail_drip.compliance.models import COMPLAINT_SOURCES, Complaint
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import ConsentRecord, Permission
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import Event
from wagtail_drip.events.types import MOMENT
from wagtail_drip.messaging.models import InboundText, Message

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the story. *kind* chooses icon and side: message, reply, event, consent, sequence."""

    at: datetime
    kind: str
    title: str
    text: str = ""
    status: str = ""
    is_good: bool = True
    url: str = ""
    icon: str = "info-circle"
    details: list[tuple[str, Any]] = field(default_factory=list)
    says_words: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    entries: list[Entry]
    number: int
    has_older: bool


def page_number(raw: str | None) -> int:
    """Return the page that an address asks for; the first for nonsense, and for more than anybody ever did."""
    is_number = raw is not None and raw.isascii() and raw.isdecimal() and len(raw) <= 6
    return max(1, int(raw)) if raw and is_number else 1


def page(contact_id: int, *, page: int = 1, shows_texts: bool = True) -> Page:
    """
    Return the *page*-th fifty entries, of whoever was merged into the contact, too.

    A fixed number of queries, whatever the person did.
    """
    everybody = [contact_id, *querysets.merged_into([contact_id])]
    last = page * PAGE_SIZE
    entries = sorted(
        (entry for source in _SOURCES for entry in source(everybody, last + 1)),
        key=lambda entry: entry.at,
        reverse=True,
    )
    shown = entries[last - PAGE_SIZE : last]
    if not shows_texts:
        shown = [_redacted(entry) for entry in shown]
    return Page(entries=shown, number=page, has_older=len(entries) > last)


def _redacted(entry: Entry) -> Entry:
    """Return the entry as those see it who may not see numbers and texts."""
    is_written = entry.kind in ("message", "reply", "outside", "complaint")
    return replace(
        entry,
        text=redaction.text(entry.text, shown=False)
        if is_written
        else redaction.value(entry.text, shown=False),
        # By which words a wish was understood, and what a reply said, are the person's own.
        details=[(name, redaction.value(value, shown=False)) for name, value in entry.details]
        if entry.kind != "reply" and not entry.says_words
        else [],
    )


def _messages(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    for row in Message.objects.filter(contact__in=contact_ids).order_by("-created_at")[:most]:
        why = words.reason_label(row)
        at = row.handed_over_at or (row.due_at if row.state == "scheduled" else None) or row.created_at
        yield Entry(
            at=at,
            kind="message",
            title=_("Text message"),
            text=redaction.body(row, shown=True),
            status=str(words.state_label(row.state)),
            is_good=row.state in ("sent", "delivered", "handed_over", "scheduled", "claimed"),
            url=reverse("wagtail_drip_messages:inspect", args=[row.pk]),
            icon="mail",
            details=[(_("Why"), why)] if why else [],
        )


def _replies(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    for row in InboundText.objects.filter(contact__in=contact_ids).order_by("-recorded_at")[:most]:
        # A judgement, and a person may see it differently; a keyword is none.
        phrase = row.phrase if row.verdict == "stop" else ""
        yield Entry(
            at=row.recorded_at,
            kind="reply",
            title=_("Reply, understood as a wish to stop") if phrase else _("Reply"),
            text=row.text,
            url=reverse("wagtail_drip_judged:review", args=[row.pk])
            if phrase or row.verdict == "reply"
            else "",
            is_good=not phrase,
            icon="comment",
            details=[(_("Understood by"), phrase)] if phrase else [],
        )


def _events(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    # As the shop tells the story: by when it happened, not by when we heard of it.
    for row in Event.objects.filter(contact__in=contact_ids).order_by("-occurred_at")[:most]:
        kind = catalogue.find(row.name)
        known = {each.name: each for each in kind.properties} if kind else {}
        # What a kind does not declare has no name that people know; a shop's own event declares nothing.
        shown = [
            (str(known[name].label), _readable(name, value, known[name].type))
            if known
            else (name, _readable("", value, ""))
            for name, value in row.properties.items()
            if isinstance(value, str | int | float) and not name.endswith("_id") and value != ""
            if name in known or not known
        ]
        yield Entry(
            at=row.occurred_at,
            kind="event",
            title=str(kind.label if kind else row.name),
            icon="pick",
            details=shown[:5],
            says_words=row.name in redaction.SAYS_WORDS,
        )


def _readable(name: str, value: Any, kind: str) -> Any:
    if isinstance(value, bool):
        return yesno(value)
    if value in words.EVENT_VALUES.get(name, ()):
        return words.EVENT_VALUES[name][value]
    moment = parse_datetime(value) if kind == MOMENT and isinstance(value, str) else None
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT") if moment else value


def _consent(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    for row in ConsentRecord.objects.filter(contact__in=contact_ids).order_by("-at")[:most]:
        yield Entry(
            at=row.at,
            kind="consent",
            title=record_words.heading(row),
            text=row.wording,
            is_good=row.granted,
            icon="check" if row.granted else "cross",
            details=[
                *([(_("Topic"), row.topic)] if row.topic else []),
                (_("Where"), record_words.source(row)),
                (_("How"), words.CONSENT_METHODS.get(row.method, row.method)),
            ],
        )


def _enrolments(contact_ids: Sequence[int], most: int) -> Iterable[Entry]:
    rows = (
        Enrolment.objects.filter(contact__in=contact_ids)
        .select_related("sequence")
        .order_by("-entered_at")[:most]
    )
    for row in rows:
        yield Entry(
            at=row.entered_at,
            kind="sequence",
            title=_("Entered “%(sequence)s”") % {"sequence": row.sequence.name},
            status=str(words.ENROLMENT_STATES.get(row.state, row.state)),
            is_good=row.state != "failed",
            url=reverse("wagtail_drip_contacts:why", args=[contact_ids[0], row.sequence_id]),
            icon="list-ul",
            details=[(_("Left because"), words.EXIT_REASONS.get(row.exit_reason, row.exit_reason))]
            if row.exit_reason
            else [],
        )


def _outside(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    rows = OutsideCall.objects.filter(enrolment__contact__in=contact_ids).order_by("-created_at")[:most]
    for row in rows:
        is_notice = row.kind == "notice"
        what = (
            row.response.get("subject") or row.payload.get("subject")
            if is_notice
            else row.payload.get("target")
        )
        yield Entry(
            at=row.created_at,
            kind="outside",
            title=_("Told the staff") if is_notice else _("Asked another system"),
            text=str(what or ""),
            status=str(words.CALL_STATES[row.state][0]),
            is_good=row.state != "failed",
            url=reverse(
                "wagtail_drip_notices:inspect" if is_notice else "wagtail_drip_webhook_calls:inspect",
                args=[row.pk],
            ),
            icon="group" if is_notice else "link-external",
        )


def _complaints(contact_ids: Collection[int], most: int) -> Iterable[Entry]:
    labels = dict(COMPLAINT_SOURCES)
    for row in Complaint.objects.filter(contact__in=contact_ids).order_by("-recorded_at")[:most]:
        yield Entry(
            at=row.recorded_at,
            kind="complaint",
            title=_("Complaint"),
            text=row.reason,
            is_good=False,
            icon="warning",
            details=[(_("Who told you"), labels.get(row.source, row.source))],
        )


_SOURCES = (_messages, _replies, _events, _consent, _enrolments, _outside, _complaints)


def permissions(contact_id: int) -> list[Permission]:
    """Return what the person's records permit now, site by site, with the words they agreed to."""
    rows = Permission.objects.filter(contact=contact_id).select_related("site", "record")
    return list(rows.order_by("site", "group", "topic"))
