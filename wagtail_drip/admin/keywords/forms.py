from __future__ import annotations

from typing import Any

from django import forms
from django.conf.locale import LANG_INFO
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.keywords import sentences
from wagtail_drip.compliance import keyword_actions, own_keywords
from wagtail_drip.compliance.keyword_actions import KeywordDraft
from wagtail_drip.compliance.models import KEYWORD_KINDS, Keyword
from wagtail_drip.sequences import querysets as sequences


class _CountryField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2, widget=forms.TextInput(attrs={"size": 4}), **kwargs)

    def clean(self, value: Any) -> str:
        country = str(super().clean(value)).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Write two letters, for example GB or CN, or leave it empty."))
        return country


def _languages() -> list[tuple[str, str]]:
    codes = [code for code, info in LANG_INFO.items() if "name" in info and "-" not in code]
    named = sorted(((code, sentences.language(code)) for code in ["zh", *codes]), key=lambda each: each[1])
    return [("", _("Any language")), *named]


class KeywordForm(forms.Form):
    """A word or phrase of the shop's own."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What it is"), choices=KEYWORD_KINDS, widget=forms.RadioSelect, initial="stop"
    )
    text = forms.CharField(
        label=gettext_lazy("Word or phrase"),
        max_length=80,
        help_text=gettext_lazy(
            "As people text it. Capitals, accents, signs and emoji around it make no difference."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        help_text=gettext_lazy("For whoever reads this list; it is understood whatever language a text has."),
    )
    country = _CountryField(
        label=gettext_lazy("Only from numbers of"),
        help_text=gettext_lazy("Two letters, for example CN. Empty is every country."),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        required=False,
        max_length=255,
        help_text=gettext_lazy("The law, the network’s rule, or the customer who wrote it."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, row: Keyword | None = None, **kwargs: Any) -> None:
        self.row = row
        if row is not None:
            kwargs["initial"] = {name: getattr(row, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = _languages()  # type: ignore[attr-defined] # of its own kind of field

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if self.errors:
            return found
        refused = keyword_actions.refusal(self.draft(), pk=self.row.pk if self.row else None)
        if refused is not None:
            self.add_error("text", sentences.refusal(refused))
            return found
        taken = self._sequence(own_keywords.bare_of(found["text"], kind=found["kind"]))
        if taken:
            self.add_error(
                "text",
                _("The sequence “%(sequence)s” starts by it. Give that another word first.")
                % {"sequence": taken},
            )
        return found

    def _sequence(self, bare: str) -> str:
        """Return the name of a sequence that people start with this word; '' for none."""
        return next(
            (
                name
                for name, word in sequences.keywords()
                if own_keywords.is_understood_by(word, bare, kind=self.cleaned_data["kind"])
            ),
            "",
        )

    def draft(self) -> KeywordDraft:
        return KeywordDraft(**{name: self.cleaned_data[name] for name in self.base_fields})


class TryForm(forms.Form):
    """A reply that somebody might text."""

    reply = forms.CharField(
        label=gettext_lazy("What somebody texts"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    number_of = _CountryField(
        label=gettext_lazy("From a number of"),
        help_text=gettext_lazy("Two letters, for example CN. Some words count only from one country."),
    )
