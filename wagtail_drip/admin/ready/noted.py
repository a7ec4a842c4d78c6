"""What an owner noted of a registration, as the lines of "Are you ready?" tell it: their word, and nothing checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import Told
from wagtail_drip.compliance import registrations
from wagtail_drip.compliance.models import Registration


def answered(facts: Facts, told: Told) -> Told:
    """Return *told* with the way to the owner's note, and with what it is worth where it is of another sender."""
    url = reverse("wagtail_drip_settings:registration", args=[facts.row.site_id, facts.place])
    of_another = "" if holds_for(facts) or facts.registration is None else _of_another(facts.registration)
    return replace(told, sentence=" ".join(filter(None, [of_another, told.sentence])), note_url=url)


def holds_for(facts: Facts) -> bool:
    """Tell whether the sender by which the site texts now is noted as registered."""
    row = facts.registration
    return row is not None and row.sender == registrations.sender_of(facts.row)


def sentence(facts: Facts) -> str:
    """Say what is noted, by whom and when, and that nothing was checked; the note must be there."""
    return told_of(_row(facts)) + " " + _("We take your word for it: nothing here was checked.")


def told_of(row: Registration) -> str:
    return _(
        "Registered on %(day)s by %(whom)s, reference no. %(reference)s. Noted by %(who)s on %(noted)s."
    ) % {
        "reference": row.reference,
        "day": date_format(row.registered_on, "SHORT_DATE_FORMAT"),
        "whom": row.registered_by,
        "who": row.noted_by,
        "noted": date_format(localtime(row.noted_at), "SHORT_DATE_FORMAT"),
    }


def since(facts: Facts) -> datetime:
    """Return from when on a refusal speaks against what is noted: on its own day it may have come before."""
    if not holds_for(facts):
        return facts.since
    morning = datetime.combine(_row(facts).registered_on + timedelta(days=1), time.min)
    return max(facts.since, morning.replace(tzinfo=get_current_timezone()))


def refused_all_the_same(facts: Facts, refused: int) -> str:
    return (
        ngettext(
            "%(n)d text was refused for want of this after the day that you noted. Ask your provider.",
            "%(n)d texts were refused for want of this after the day that you noted. Ask your provider.",
            refused,
        )
        % {"n": refused}
        + " "
        + told_of(_row(facts))
    )


def named(sender: str) -> str:
    """Return how a sender is shown: its address, or the gateway that chooses one."""
    gateway, _colon, address = sender.partition(":")
    return address or gateway


def _of_another(row: Registration) -> str:
    return _(
        "Reference no. %(reference)s was noted while texts went from “%(sender)s”. "
        "If it holds for the sender of now, note it again."
    ) % {"reference": row.reference, "sender": named(row.sender)}


def _row(facts: Facts) -> Registration:
    row = facts.registration
    if row is None:
        raise LookupError("Nothing is noted: ask holds_for first.")
    return row
