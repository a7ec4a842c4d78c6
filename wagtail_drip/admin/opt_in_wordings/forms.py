"""What an owner writes beside sign-ups, for a country and a language."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput

from wagtail_drip.admin import places
from wagtail_drip.compliance.models import OPT_IN_GROUPS, OptInWording
from wagtail_drip.compliance.own_wording import WordingDraft
from wagtail_drip.core import clock

# As long as an editor's own in a block, which it stands in for.
_LONGEST = 1000
_MOST_PHRASES, _LONGEST_PHRASE = 10, 120


class PhrasesField(forms.CharField):
    """One phrase a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        phrases = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if len(phrases) > _MOST_PHRASES or any(len(phrase) > _LONGEST_PHRASE for phrase in phrases):
            raise forms.ValidationError(
                _("At most %(most)d phrases of %(longest)d characters.")
                % {"most": _MOST_PHRASES, "longest": _LONGEST_PHRASE}
            )
        return phrases


class WordingForm(forms.Form):
    """An owner's own words; which row they are of, the view knows."""

    group = forms.ChoiceField(
        label=gettext_lazy("What for"),
        choices=OPT_IN_GROUPS,
        widget=forms.RadioSelect,
        initial=OPT_IN_GROUPS[0][0],
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        required=False,
        help_text=gettext_lazy(
            "Everywhere else is wherever we ship no words of the country’s own and you have none."
        ),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the page"), required=False)
    text = forms.CharField(
        label=gettext_lazy("What people agree to"),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Shown by each form that has no words of its own. Write {sender} for your name. Empty: what it shows now."
        ),
    )
    must_say = PhrasesField(
        label=gettext_lazy("What has to be said"),
        required=False,
        help_text=gettext_lazy(
            "One phrase a line, besides what we look for. Each must stand in the words of every form of the country, "
            "in whatever language the page is."
        ),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=255,
        help_text=gettext_lazy("The law, the network’s rule, or who told you."),
    )
    url = forms.URLField(
        label=gettext_lazy("Where it can be read"), required=False, max_length=500, assume_scheme="https"
    )
    read_on = forms.DateField(label=gettext_lazy("Read on"), widget=AdminDateInput)

    def __init__(self, *args: Any, row: OptInWording | None = None, **kwargs: Any) -> None:
        if row is not None:
            kwargs["initial"] = {name: getattr(row, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        spoken = {code: _(name) for code, name in settings.LANGUAGES}
        if row is not None and row.language:
            spoken.setdefault(row.language, row.language)
        for name, choices in (
            ("country", [("", _("Everywhere else")), *places.countries()]),
            ("language", [("", _("Any language")), *sorted(spoken.items(), key=lambda each: each[1])]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined] # of its own kind of field

    def clean_read_on(self) -> date:
        day: date = self.cleaned_data["read_on"]
        if day > localdate(clock.now()):
            raise forms.ValidationError(_("This day is still to come."))
        return day

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if not self.errors and not found["text"].strip() and not found["must_say"]:
            self.add_error("text", _("Write the words, or what has to be said, or both."))
        return found

    def draft(self) -> WordingDraft:
        return WordingDraft(**{name: self.cleaned_data[name] for name in self.fields})
