"""The field in which a text is typed: buttons that insert variables, and what the text costs as one types.

Which variables there are depends on what starts the sequence, which another field of the same form says;
so the page carries them once, in ``editor_data``, and ``drip-message-text`` reads them from there.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.widgets import AdminAutoHeightTextInput

from wagtail_drip.content import variables
from wagtail_drip.events import catalogue
from wagtail_drip.gateways import encoding

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
        return super().media + forms.Media(
            js=[
                versioned_static("wagtail_drip/js/segments.js"),
                versioned_static("wagtail_drip/js/controllers/message-text-controller.js"),
            ],
            css={"all": [versioned_static("wagtail_drip/css/editor.css")]},
        )


def editor_data() -> dict[str, Any]:
    """
    Return what the scripts of an editor need, as JSON can carry it.

    ``variables``: those that any event knows, under ``""``, and by event those that it adds.
    ``properties``: what each event tells, to be offered where a condition names one.
    """
    always = variables.known("")
    names = {variable.name for variable in always}
    events = catalogue.all_types()
    return {
        "alphabets": encoding.alphabets(),
        "variables": {
            "": [_variable(variable) for variable in always],
            **{
                event.name: [
                    _variable(variable)
                    for variable in variables.known(event.name)
                    if variable.name not in names
                ]
                for event in events
            },
        },
        "properties": {
            event.name: [{"name": prop.name, "label": str(prop.label)} for prop in event.properties]
            for event in events
        },
        "words": _words(),
    }


def _variable(variable: variables.Variable) -> dict[str, str]:
    return {"name": variable.name, "label": str(variable.label), "sample": str(variable.sample)}


def _words() -> dict[str, str]:
    """Return the sentences that the scripts put together, with their placeholders."""
    return {
        "noText": _("No text yet"),
        "oneSegment": _("1 SMS"),
        "segments": _("%(count)s SMS"),
        "left": _("%(left)s more characters fit"),
        "costly": _("%(characters)s cannot be sent the short way: the text costs more than twice as much"),
        "notSet": _("not set"),
        "oneStep": _("1 step"),
        "steps": _("%(count)s steps"),
        "yesNo": _("yes: %(yes)s, no: %(no)s"),
        "savedMessage": _("saved message"),
        "today": _("today"),
    }
