"""What somebody may correct of themselves: their name, their language and their birthday."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from wagtail_drip.contacts.dates import read_date
from wagtail_drip.contacts.models import Contact
from wagtail_drip.privacy.own_data import BIRTHDAY
from wagtail_drip.public import preferences_form

_NAMES = ("first_name", "last_name")


class CorrectionForm(forms.Form):
    def __init__(self, data: Any = None, *, contact: Contact) -> None:
        super().__init__(data, auto_id="drip-%s")
        self._contact = contact
        known = str(contact.attributes.get(BIRTHDAY) or "")
        for name, label in (("first_name", _("First name")), ("last_name", _("Last name"))):
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=150, initial=getattr(contact, name)
            )
        if len(preferences_form.languages()) > 1:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language"),
                choices=preferences_form.languages(),
                initial=preferences_form.nearest(contact.language),
                required=False,
            )
        # A birthday without its year, or one that we cannot read, is not made a date of ours by being looked at.
        self._knows_birthday = not known or (read_date(known) or (None,))[0] is not None
        if self._knows_birthday:
            self.fields[BIRTHDAY] = forms.DateField(
                label=_("Birthday"),
                required=False,
                initial=known[:10],
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                input_formats=["%Y-%m-%d"],
            )

    def fields_told(self) -> dict[str, str]:
        """Return what a valid form says of plain fields."""
        told = {name: self.cleaned_data.get(name) or "" for name in _NAMES}
        chosen, own = self.cleaned_data.get("language") or "", self._contact.language
        if chosen and (not own or chosen != preferences_form.nearest(own)):
            told["language"] = chosen
        return told

    def birthday(self) -> str | None:
        """Return it in ISO 8601; '' to take it away, None to leave it."""
        if not self._knows_birthday:
            return None
        found = self.cleaned_data.get(BIRTHDAY)
        return found.isoformat() if found else ""
