"""What an owner says of a shipped list, and of a word of their own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin import places
from wagtail_drip.compliance import sensitive_words
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.compliance.sensitive_words import WordList
from wagtail_drip.compliance.word_actions import OwnWord


class ListForm(forms.Form):
    """Which words of a shipped list are warned of."""

    is_on = forms.BooleanField(label=gettext_lazy("Warn of the words in this list"), required=False)
    words = forms.MultipleChoiceField(
        label=gettext_lazy("Words"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": gettext_lazy("“%(value)s” is not in this list any more. Load the page again.")
        },
    )
    reason = forms.CharField(
        label=gettext_lazy("Why not of the others"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Needed only if you switch something off, for example: our provider has approved us for wine."
        ),
    )

    def __init__(self, *args: Any, shown: WordList, silent: Collection[str], **kwargs: Any) -> None:
        self.shown, self.held = shown, set(silent)
        warned = [word for word in shown.words if word not in self.held]
        kwargs["initial"] = {"is_on": "" not in self.held, "words": warned}
        super().__init__(*args, **kwargs)
        self.fields["words"].choices = [(word, word) for word in shown.words]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if not self.errors and self.silent() - self.held and not found["reason"].strip():
            self.add_error("reason", _("Say why these are not to be warned of."))
        return found

    def silent(self) -> set[str]:
        """Return what is not to be warned of, '' for the whole list."""
        warned = set(self.cleaned_data["words"])
        words = {word for word in self.shown.words if word not in warned}
        return words if self.cleaned_data["is_on"] else words | {""}


class OwnWordForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    class Meta:
        model = SensitiveWord
        fields = ["word", "country", "reason", "instead"]
        help_texts = {
            "word": gettext_lazy(
                "Capitals, accents and full width make no difference; a plural with s or es is found too."
            ),
            "reason": gettext_lazy(
                "What whoever writes it is told, for example: our brand is never called cheap."
            ),
            "instead": gettext_lazy("What to write in its place; may be empty."),
        }
        widgets = {"reason": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(
            label=gettext_lazy("Where it needs care"),
            required=False,
            choices=[("", _("Everywhere")), *places.countries()],
        )

    def clean_word(self) -> str:
        word = str(self.cleaned_data["word"]).strip()
        if not sensitive_words.bare(word):
            raise forms.ValidationError(_("Write a word: letters, digits or signs that show."))
        return word

    def draft(self) -> OwnWord:
        found = self.cleaned_data
        return OwnWord(**{name: found[name] for name in ("word", "country", "reason", "instead")})
