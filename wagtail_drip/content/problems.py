"""What is wrong with a text, in the editor's own language; ``language`` is pure and cannot translate."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from wagtail_drip.content import language, variables
from wagtail_drip.content.language import PROBLEMS, TemplateError
from wagtail_drip.core.listed import listed


def fault_in(source: Any, *, trigger_event: str) -> str:
    """
    Return what is wrong with a text, with the remedy; '' when it can be sent.

    :param trigger_event: what starts the sequence that sends it; '' where that may be any.
    """
    try:
        language.parse(source)
    except TemplateError as error:
        return gettext("The text cannot be read: %(reason)s") % {"reason": explain(error)}
    unknown = variables.unknown_in(source, trigger_event)
    if unknown:
        return gettext(
            "Nobody has a value for %(names)s here. Use the buttons above the text to insert what this "
            "sequence knows."
        ) % {"names": listed(unknown)}
    return ""


def explain(error: TemplateError) -> str:
    """Return the error with its line, in the active language."""
    return gettext("Line %(line)s: %(problem)s") % {
        "line": error.line,
        "problem": gettext(PROBLEMS[error.code]).format(name=error.name),
    }
