"""How Wagtail's log tells who wrote which words beside sign-ups."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import LogActionRegistry, LogFormatter

from wagtail_drip.admin.opt_in_wordings import views
from wagtail_drip.core.listed import listed


class _OfAWording(LogFormatter):
    @staticmethod
    def values(entry: Any) -> dict[str, str]:
        said = entry.data or {}
        return {
            "where": views.where(str(said.get("country", ""))),
            "language": views.language(str(said.get("language", ""))),
            "text": str(said.get("text", "")),
            "phrases": listed(f"“{phrase}”" for phrase in said.get("must_say", ())),
        }


class _Saved(_OfAWording):
    label = gettext_lazy("Save a sign-up wording")

    def format_message(self, log_entry: Any) -> str:
        values = self.values(log_entry)
        if not values["text"]:
            return _("Sign-up wording (%(where)s, %(language)s) has to say: %(phrases)s") % values
        return _("Saved the sign-up wording (%(where)s, %(language)s): %(text)s") % values


class _Deleted(_OfAWording):
    label = gettext_lazy("Remove a sign-up wording")

    def format_message(self, log_entry: Any) -> str:
        return _("Removed the sign-up wording (%(where)s, %(language)s)") % self.values(log_entry)


def register(actions: LogActionRegistry) -> None:
    for action, formatter in ((views.SAVED, _Saved), (views.DELETED, _Deleted)):
        actions.register_action(action)(formatter)
