"""The field in which a text is typed: buttons that insert variables, and what the text costs as one types.

Which variables there are depends on what starts the sequence, which another field of the same form says:
the page carries them once, as JSON under ``EDITOR_DATA_ID``, and the controller reads them from there.
Without that JSON there are no buttons, and the counter counts all the same.
"""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.widgets import AdminAutoHeightTextInput

EDITOR_DATA_ID = "drip-editor-data"


class MessageTextarea(AdminAutoHeightTextInput):
    """The Python half of ``message-text-controller.js``."""

    template_name = "wagtail_drip/admin/content/message_textarea.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {
                "rows": 3,
                "data-drip-message-text-target": "input",
                "data-action": "input->drip-message-text#refresh",
                **(attrs or {}),
            }
        )

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(
            js=[
                versioned_static("wagtail_drip/js/segments.js"),
                versioned_static("wagtail_drip/js/editor-data.js"),
                versioned_static("wagtail_drip/js/controllers/message-text-controller.js"),
            ],
            css={"all": [versioned_static("wagtail_drip/css/editor.css")]},
        )
