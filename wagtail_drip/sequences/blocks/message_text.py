"""The text of a message as a block, with the same field that saved messages have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail import blocks

from wagtail_drip.content import language, problems, variables
from wagtail_drip.content.widgets import MessageTextarea


class MessageTextBlock(blocks.TextBlock):
    @cached_property
    def field(self) -> forms.CharField:
        return forms.CharField(widget=MessageTextarea(), strip=False, **self.field_options)

    class Meta:
        icon = "mail"


def fault_in(source: Any, *, trigger_event: str) -> str:
    """Return what is wrong with a text, with the remedy; '' when it can be sent."""
    try:
        language.parse(source)
    except language.TemplateError as error:
        return _("The text cannot be read: %(reason)s") % {"reason": problems.explain(error)}
    unknown = variables.unknown_in(source, trigger_event)
    if unknown:
        return _(
            "Nobody has a value for %(names)s here. Use the buttons above the text to insert what this "
            "sequence knows."
        ) % {"names": ", ".join(unknown)}
    return ""
