"""What the scripts of an editor read, put into the page once as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from wagtail.admin.panels import Panel

from wagtail_drip.admin.preview.bubbles import sample_link
from wagtail_drip.admin.preview.people import subject_of
from wagtail_drip.conf import settings
from wagtail_drip.content import variables
from wagtail_drip.content.variables import Variable
from wagtail_drip.content.widgets import EDITOR_DATA_ID
from wagtail_drip.events import catalogue
from wagtail_drip.sequences import starts

# Buttons shown at once; the others are behind "More".
SHOWN_AT_ONCE = 6


class EditorDataPanel(Panel):
    """Shows nothing. In a panel, so that create, edit and copy have it without a template of their own."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_drip/admin/preview/editor_data.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["editor_data"] = editor_data()
            context["editor_data_id"] = EDITOR_DATA_ID
            return context


def editor_data() -> dict[str, Any]:
    """
    Return what ``message-text-controller.js`` and ``step-blocks.js`` need.

    ``variables``: those of every text under ``""``, and by event those that it adds.
    ``subjects``: by event what it is about, whose variables are offered first.
    ``hears``: the event behind each kind of trigger whose event is not chosen.
    ``properties``: what each event tells, offered where a condition names one.
    """
    events = catalogue.all_types()
    always = variables.known()
    names = {variable.name for variable in always}
    return {
        "shownAtOnce": SHOWN_AT_ONCE,
        "hears": starts.HEARS,
        "link": sample_link() if settings.PUBLIC_BASE_URL else "",
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
        "subjects": {event.name: subject_of(event.name) for event in events if subject_of(event.name)},
        "properties": {
            event.name: [{"name": prop.name, "label": str(prop.label)} for prop in event.properties]
            for event in events
        },
        "words": _words(),
    }


def _variable(variable: Variable) -> dict[str, str]:
    return {"name": variable.name, "label": str(variable.label), "sample": str(variable.sample)}


def _words() -> dict[str, str]:
    """Return the sentences that the scripts put together, with their placeholders."""
    return {
        "noText": _("No text yet"),
        "oneSegment": _("1 SMS"),
        "segments": _("%(count)s SMS"),
        "characters": _("%(used)s characters"),
        "left": _("%(left)s more fit"),
        "costly": _("%(characters)s makes it cost more than twice as much"),
        "costlyMany": _("%(characters)s and others make it cost more than twice as much"),
        "notSet": _("not set"),
        "not": _("not: %(what)s"),
        "oneStep": _("1 step"),
        "steps": _("%(count)s steps"),
        "path": _("%(name)s: %(steps)s"),
        "pathNumber": _("Path %(number)d").replace("%(number)d", "%(number)s"),
        "otherwise": _("Otherwise"),
        "timesAtMost": _("%(count)s times at most"),
        "chooseStep": _("Choose a step…"),
        "stepIsGone": _("A step that is gone"),
        "noLonger": _("%(time)s at most"),
        "paths": _("yes: %(yes)s, no: %(no)s"),
        "savedMessage": _("a saved message"),
        "more": _("More…"),
        "fewer": _("Fewer"),
        "fallback": _("there"),
    }
