"""The purposes a sequence may have, in an editor's words. Responses are not among them: nobody drips those."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.types import Purpose

PURPOSES = [
    (Purpose.WELCOME.value, _("Welcome")),
    (Purpose.INFORMATION.value, _("Information")),
    (Purpose.INTERACTIVE.value, _("Interactive")),
    (Purpose.PROMOTIONAL.value, _("Promotion")),
    (Purpose.REMINDER.value, _("Reminder")),
    (Purpose.SURVEY.value, _("Survey")),
    (Purpose.TRANSACTIONAL.value, _("About an order or booking")),
]
