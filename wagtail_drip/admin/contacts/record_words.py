"""A consent record in an owner's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin import words
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.contacts.releasing import SOURCE as RELEASED

_SOURCES: dict[str, Any] = {RELEASED: gettext_lazy("somebody else has the number by now")}


def heading(record: ConsentRecord) -> str:
    values = {"what": words.PURPOSE_GROUPS.get(record.purpose_group, record.purpose_group)}
    if record.granted:
        return _("Agreed to %(what)s") % values
    if record.source == RELEASED:
        # Nobody has said no.
        return _("No longer agreed to %(what)s") % values
    return _("Said no to %(what)s") % values


def source(record: ConsentRecord) -> str:
    """Return where it was said, or why we wrote it down."""
    return str(_SOURCES.get(record.source, record.source))
