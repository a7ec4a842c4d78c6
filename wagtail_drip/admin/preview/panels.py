"""The preview beside an editor, with "Show as" above it, outside the form: choosing neither saves nor marks it."""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.components import MediaContainer
from wagtail.admin.ui.side_panels import PreviewSidePanel

from wagtail_drip.admin.preview import people
from wagtail_drip.admin.preview.chooser import person_chooser_viewset

CHOOSER_ID = "drip-preview-person"


class PersonPreviewSidePanel(PreviewSidePanel):
    """Wagtail's panel; whoever may not see contacts gets the made-up person and nobody to choose."""

    template_name = "wagtail_drip/admin/preview/side_panel.html"

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(parent_context)
        context["may_choose"] = people.may_see_contacts(self.request)
        if context["may_choose"]:
            context["people"] = people.choices()
            context["chooser"] = person_chooser_viewset.widget_class().render(
                CHOOSER_ID, None, attrs={"id": CHOOSER_ID}
            )
        return context

    @property
    def media(self) -> forms.Media:
        return person_chooser_viewset.widget_class().media + forms.Media(
            js=[versioned_static("wagtail_drip/js/controllers/preview-person-controller.js")],
            css={"all": [versioned_static("wagtail_drip/css/editor.css")]},
        )


class PersonPreviewMixin:
    """For create, edit and copy views of anything that is previewed as a person."""

    request: Any

    def get_side_panels(self) -> MediaContainer:
        return MediaContainer(
            [
                PersonPreviewSidePanel(panel.object, self.request, preview_url=panel.preview_url)
                if type(panel) is PreviewSidePanel
                else panel
                for panel in super().get_side_panels()  # type: ignore[misc] # Wagtail's view
            ]
        )
