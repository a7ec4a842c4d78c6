"""How Wagtail's log tells who switched which word off, and why."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import LogActionRegistry, LogFormatter

from wagtail_drip.admin.sensitive_words import NAMES
from wagtail_drip.admin.word_lists import views


class _OfAWord(LogFormatter):
    @staticmethod
    def values(entry: Any) -> dict[str, str]:
        said = entry.data or {}
        kind = str(said.get("list", ""))
        return {
            "word": str(said.get("word", "")),
            "list": str(NAMES.get(kind, kind)),
            "reason": str(said.get("reason", "")),
        }


class _Silenced(_OfAWord):
    label = gettext_lazy("Switch off a sensitive word")

    def format_message(self, log_entry: Any) -> str:
        values = self.values(log_entry)
        if not values["word"]:
            return _("Switched off the sensitive words about %(list)s: %(reason)s") % values
        return _("Switched off “%(word)s” (%(list)s): %(reason)s") % values


class _Warned(_OfAWord):
    label = gettext_lazy("Switch on a sensitive word")

    def format_message(self, log_entry: Any) -> str:
        values = self.values(log_entry)
        if not values["word"]:
            return _("Switched on the sensitive words about %(list)s again") % values
        return _("Switched on “%(word)s” (%(list)s) again") % values


class _Saved(_OfAWord):
    label = gettext_lazy("Save a sensitive word of the shop’s own")

    def format_message(self, log_entry: Any) -> str:
        return _("Saved the sensitive word “%(word)s”: %(reason)s") % self.values(log_entry)


class _Deleted(_OfAWord):
    label = gettext_lazy("Remove a sensitive word of the shop’s own")

    def format_message(self, log_entry: Any) -> str:
        return _("Removed the sensitive word “%(word)s”") % self.values(log_entry)


def register(actions: LogActionRegistry) -> None:
    for action, formatter in (
        (views.SILENCED, _Silenced),
        (views.WARNED, _Warned),
        (views.SAVED, _Saved),
        (views.DELETED, _Deleted),
    ):
        actions.register_action(action)(formatter)
