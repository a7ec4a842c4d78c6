"""How Wagtail's log tells who changed which legal hours, by what they had read, and who went back to ours."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import LogActionRegistry, LogFormatter

from wagtail_drip.admin import places, sources

CHANGED = "wagtail_drip.change_legal_hours"
RESTORED = "wagtail_drip.restore_legal_hours"


class _OfHours(LogFormatter):
    @staticmethod
    def values(entry: Any) -> dict[str, str]:
        said = {name: str(value) for name, value in (entry.data or {}).items()}
        return {
            "place": places.name_of(said["place"]),
            "source": sources.in_words(said["source"]),
            "day": date_format(date.fromisoformat(said["read_on"]), "SHORT_DATE_FORMAT"),
            "reason": said["reason"],
        }


class _Changed(_OfHours):
    label = gettext_lazy("Change legal hours")

    def format_message(self, log_entry: Any) -> str:
        values = self.values(log_entry)
        said = _("Changed the legal hours of %(place)s by %(source)s, read %(day)s") % values
        return f"{said}: {values['reason']}" if values["reason"] else said


class _Restored(_OfHours):
    label = gettext_lazy("Take changed legal hours back")

    def format_message(self, log_entry: Any) -> str:
        return _("Took the changed legal hours of %(place)s back") % self.values(log_entry)


def register(actions: LogActionRegistry) -> None:
    for action, formatter in ((CHANGED, _Changed), (RESTORED, _Restored)):
        actions.register_action(action)(formatter)
