"""What is wrong with a text, in the editor's own language; ``language`` is pure and cannot translate."""

from __future__ import annotations

from django.utils.translation import gettext

from wagtail_drip.content.language import PROBLEMS, TemplateError


def explain(error: TemplateError) -> str:
    """Return the error with its line, in the active language."""
    return gettext("Line %(line)s: %(problem)s") % {
        "line": error.line,
        "problem": gettext(PROBLEMS[error.code]).format(name=error.name),
    }
