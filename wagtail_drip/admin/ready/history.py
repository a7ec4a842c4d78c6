"""How Wagtail's log tells who noted which registration, and who took it back."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import LogActionRegistry, LogFormatter

from wagtail_drip.admin import places
from wagtail_drip.admin.ready import registration
from wagtail_drip.admin.ready.noted import named


class _OfARegistration(LogFormatter):
    @staticmethod
    def values(entry: Any) -> dict[str, str]:
        said = {name: str(value) for name, value in (entry.data or {}).items()}
        return {
            "country": places.name_of(said["country"]),
            "reference": said["reference"],
            "day": date_format(date.fromisoformat(said["registered_on"]), "SHORT_DATE_FORMAT"),
            "whom": said["registered_by"],
            "sender": named(said["sender"]),
        }


class _Noted(_OfARegistration):
    label = gettext_lazy("Note a registration")

    def format_message(self, log_entry: Any) -> str:
        return _(
            "Noted for %(country)s that “%(sender)s” was registered on %(day)s by %(whom)s, "
            "reference no. %(reference)s"
        ) % self.values(log_entry)


class _TakenBack(_OfARegistration):
    label = gettext_lazy("Take a registration back")

    def format_message(self, log_entry: Any) -> str:
        return _("Took back for %(country)s the registration with reference no. %(reference)s") % self.values(
            log_entry
        )


def register(actions: LogActionRegistry) -> None:
    for action, formatter in ((registration.NOTED, _Noted), (registration.TAKEN_BACK, _TakenBack)):
        actions.register_action(action)(formatter)
