"""Wagtail's preview views, told as whom to show what they show."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from wagtail.snippets.views.snippets import PreviewOnCreateView, PreviewOnEditView

from wagtail_drip.admin import redaction
from wagtail_drip.admin.preview import people

# Where the preview's own request carries the contact, once it is decided who may see it.
ATTRIBUTE = "drip_person_id"
SHOWS_NUMBERS = "drip_shows_numbers"
# And the language of the admin, which that request knows nothing of where nobody chose one in their profile.
LANGUAGE = "drip_language"


class _ShownAs:
    def get_extra_request_attrs(self) -> dict[str, Any]:
        attributes: dict[str, Any] = super().get_extra_request_attrs()  # type: ignore[misc] # Wagtail's view
        person_id = people.asked_for(self.request)  # type: ignore[attr-defined]
        shown = redaction.sees(self.request)  # type: ignore[attr-defined]
        return {
            **attributes,
            ATTRIBUTE: person_id,
            SHOWS_NUMBERS: shown,
            LANGUAGE: translation.get_language(),
        }

    def validate_form(self, form: Any) -> bool:
        """Show what is there before it has a name; only saving needs one."""
        form.fields["name"].required = False
        return bool(super().validate_form(form))  # type: ignore[misc] # Wagtail's view


class PreviewOnCreateAs(_ShownAs, PreviewOnCreateView):
    pass


class PreviewOnEditAs(_ShownAs, PreviewOnEditView):
    pass
