"""
Our rules among Wagtail's content checks: shown as red markers on the bubbles and listed beside the editor.

A rule counts only if its id is also in ``get_axe_run_only``, which Wagtail's own example leaves out.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.userbar import ContentCheckerItem

TEXTS = "[data-drip-text]"

CHECKS: dict[str, dict[str, Any]] = {
    "drip-missing": {
        "impact": "critical",
        "error_name": _("A detail is missing"),
        "help_text": _('This person has no value for it. Add one to use instead: | default: "there".'),
    },
    "drip-broken": {
        "impact": "critical",
        "error_name": _("The text cannot be read"),
        "help_text": _("Open the step and mend what stands between the braces."),
    },
    "drip-opt-out": {
        "impact": "serious",
        "error_name": _("It does not say how to stop"),
        "help_text": _("End the first marketing text with a way out, such as “Reply STOP to opt out”."),
    },
    "drip-sensitive": {
        "impact": "moderate",
        "error_name": _("A word that needs care"),
        "help_text": _("A network or a law may judge the text by it. What to do stands under the text."),
    },
    "drip-length": {
        "impact": "moderate",
        "error_name": _("A long text"),
        "help_text": _("It is charged as 3 SMS or more. Shorten it, or leave out special characters."),
    },
}


def replace(request: HttpRequest, items: list[Any]) -> None:
    """Put our checker in the place of Wagtail's, only where one of our texts is written or previewed."""
    if not _is_ours(request):
        return
    for position, item in enumerate(items):
        if isinstance(item, ContentCheckerItem):
            # Wagtail 8.0 still makes the deprecated AccessibilityItem, and warns of its subclasses;
            # another package's own class is kept, so that both packages' checks run.
            base = ContentCheckerItem if type(item).__name__ == "AccessibilityItem" else type(item)
            items[position] = _with_our_checks(base)(in_editor=item.in_editor)


def _is_ours(request: HttpRequest) -> bool:
    if getattr(request, "drip_preview", False):
        return True
    match = request.resolver_match
    return match is not None and match.namespace in ("wagtail_drip_sequences", "wagtail_drip_saved_messages")


def _with_our_checks(base: type[Any]) -> type[Any]:
    class DripContentCheckerItem(base):
        class Media:
            js = (versioned_static("wagtail_drip/js/content-checks.js"),)

        def get_axe_custom_checks(self, request: HttpRequest) -> list[dict[str, Any]]:
            return [*super().get_axe_custom_checks(request), *({"id": name} for name in CHECKS)]

        def get_axe_custom_rules(self, request: HttpRequest) -> list[dict[str, Any]]:
            ours = (
                {
                    "id": f"{name}-rule",
                    "impact": check["impact"],
                    "selector": TEXTS,
                    "tags": ["best-practice"],
                    "any": [name],
                    "enabled": True,
                }
                for name, check in CHECKS.items()
            )
            return [*super().get_axe_custom_rules(request), *ours]

        def get_axe_run_only(self, request: HttpRequest) -> list[str] | None:
            theirs = super().get_axe_run_only(request)
            return [*theirs, *(f"{name}-rule" for name in CHECKS)] if theirs else theirs

        def get_axe_messages(self, request: HttpRequest) -> dict[str, Any]:
            ours = {
                f"{name}-rule": {"error_name": check["error_name"], "help_text": check["help_text"]}
                for name, check in CHECKS.items()
            }
            return {**super().get_axe_messages(request), **ours}

    return DripContentCheckerItem
