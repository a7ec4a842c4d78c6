"""What somebody can choose on their own page. Fields that a phone's own keyboard and wheels fill."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Wishes
from wagtail_drip.core.caps import MOST

PAUSES = (7, 14, 30, 90)
# Leave the pause as it is.
KEEP = "keep"
# Names each topic that stood on the page, ticked or not.
SHOWN = "shown"
SHOWN_INTERESTS = "shown_interests"


class PreferencesForm(forms.Form):
    """
    The wishes of one contact, and the topics of one site.

    :param topics: (topic, whether they get it now).
    :param interests: (id, name, whether they said it is theirs).
    :param zone: by whose clock the end of a pause is shown.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        contact: Contact,
        topics: Sequence[tuple[str, bool]],
        interests: Sequence[tuple[int, str, bool]] = (),
        zone: str,
        now: datetime,
    ) -> None:
        super().__init__(data, auto_id="drip-%s")
        self._contact, self._now = contact, now
        self._pause = contact.paused_until if contact.paused_until and contact.paused_until > now else None
        if topics:
            self.fields["topics"] = forms.MultipleChoiceField(
                label=_("What you want to hear about"),
                choices=[(topic, topic) for topic, _on in topics],
                initial=[topic for topic, is_on in topics if is_on],
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )
        if interests:
            self.fields["interests"] = forms.MultipleChoiceField(
                label=_("What you are interested in"),
                choices=[(str(pk), name) for pk, name, _own in interests],
                initial=[str(pk) for pk, _name, is_own in interests if is_own],
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )
        self.fields["week"] = self._limit(_("In 7 days"), contact.most_per_week)
        self.fields["month"] = self._limit(_("In 30 days"), contact.most_per_month)
        self.fields["pause"] = forms.ChoiceField(
            label=_("Pause"),
            choices=self._pauses(zone),
            initial=KEEP if self._pause else "",
            required=False,
        )
        hours = [(str(hour), f"{hour:02}:00") for hour in range(24)]
        self.fields["not_before"] = self._hour(_("Not before"), hours, contact.not_before_hour)
        self.fields["not_after"] = self._hour(
            _("Not after"), [*hours[1:], ("24", "24:00")], contact.not_after_hour
        )
        if len(languages()) > 1:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language"), choices=languages(), initial=nearest(contact.language), required=False
            )

    @staticmethod
    def _limit(label: str, initial: int | None) -> forms.IntegerField:
        field = forms.IntegerField(label=label, required=False, min_value=1, max_value=MOST, initial=initial)
        field.widget.attrs["inputmode"] = "numeric"
        field.error_messages["min_value"] = _(
            "At least 1. For none at all, stop them at the end of this page."
        )
        return field

    @staticmethod
    def _hour(label: str, hours: Sequence[tuple[str, str]], initial: int | None) -> forms.ChoiceField:
        return forms.ChoiceField(
            label=label,
            choices=[("", _("any hour")), *hours],
            initial="" if initial is None else str(initial),
            required=False,
        )

    def _pauses(self, zone: str) -> list[tuple[str, str]]:
        days = [(str(days), _("For %(days)s days from now") % {"days": days}) for days in PAUSES]
        if self._pause is None:
            return [("", _("No pause")), *days]
        until = date_format(self._pause.astimezone(ZoneInfo(zone or "UTC")), "DATETIME_FORMAT")
        return [
            (KEEP, _("Until %(moment)s") % {"moment": until}),
            ("", _("End the pause now")),
            *days,
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        week, month = found.get("week"), found.get("month")
        if week and month and month < week:
            self.add_error("month", _("Fewer in 30 days than in 7: write at least as many."))
        before, after = found.get("not_before"), found.get("not_after")
        if before and after and int(before) % 24 == int(after) % 24:
            self.add_error("not_after", _("These two leave no hour: choose another one."))
        return found

    def wishes(self) -> Wishes:
        """Return what a valid form asks for."""
        found = self.cleaned_data
        pause = found.get("pause") or ""
        until = self._pause if pause == KEEP else None
        if pause.isdecimal():
            until = self._now + timedelta(days=int(pause))
        return Wishes(
            most_per_week=found.get("week"),
            most_per_month=found.get("month"),
            paused_until=until,
            not_before_hour=int(found["not_before"]) if found.get("not_before") else None,
            not_after_hour=int(found["not_after"]) if found.get("not_after") else None,
            language=self._language(found.get("language") or ""),
        )

    def _language(self, chosen: str) -> str:
        own = self._contact.language
        # Theirs may be finer than what the list shows of it (en-GB), or not on it.
        return own if own and (not chosen or chosen == nearest(own)) else chosen

    def chosen_interests(self) -> dict[int, bool]:
        """Return which of the interests that were shown are theirs; what was named since was not refused."""
        if "interests" not in self.fields:
            return {}
        wanted = set(self.cleaned_data.get("interests") or ())
        given: Any = self.data
        shown = set(given.getlist(SHOWN_INTERESTS))
        field: Any = self.fields["interests"]
        return {int(pk): pk in wanted for pk, _name in field.choices if pk in shown}

    def chosen_topics(self) -> dict[str, bool]:
        """Return which they want of the topics that were shown: one that the shop began since was not refused."""
        if "topics" not in self.fields:
            return {}
        wanted = set(self.cleaned_data.get("topics") or ())
        given: Any = self.data
        shown = set(given.getlist(SHOWN))
        field: Any = self.fields["topics"]
        return {topic: topic in wanted for topic, _label in field.choices if topic in shown}


def languages() -> list[tuple[str, str]]:
    """Return the languages that the site speaks, each in its own words."""
    given = getattr(settings, "WAGTAIL_CONTENT_LANGUAGES", None) or settings.LANGUAGES
    return [(code, _own_name(code, str(name))) for code, name in given]


def _own_name(code: str, name: str) -> str:
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return name


def nearest(code: str) -> str:
    """Return which of the languages a contact's is (en-GB is en where there is no other); that of the page for ''."""
    known = [each for each, _name in languages()]
    wanted = [code.lower() or translation.get_language() or ""]
    with suppress(LookupError):
        wanted.append(translation.get_supported_language_variant(wanted[0]))
    wanted.append(wanted[0].partition("-")[0])
    return next((each for each in wanted if each in known), known[0])
