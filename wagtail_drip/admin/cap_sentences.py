"""Which cap keeps a text back, as a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_drip.admin import words
from wagtail_drip.compliance.frequency_caps import Scope
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import DeferReason, MessageState, SkipReason


def of_message(message: Message) -> str:
    """Return which cap keeps the message back, how full it was and when it may go; '' where none does."""
    why = message.reason or (message.defer_reason if message.state == MessageState.SCHEDULED else "")
    return explain(message.detail) if why in (DeferReason.FREQUENCY_CAP, SkipReason.FREQUENCY_CAP) else ""


def explain(detail: str) -> str:
    """Return the sentences for what ``Capped.as_text`` wrote; '' for anything else."""
    try:
        told = json.loads(detail)
        sentences = [_counted(told), _of_priority(told), _next(told)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    return " ".join(sentence for sentence in sentences if sentence)


def _counted(told: Mapping[str, Any]) -> str:
    values = {**told, "name": str(words.PURPOSES.get(told["name"], told["name"]))}
    had = int(told["had"])
    sentence = {
        Scope.EVERYONE: ngettext(
            "They had %(had)s text in %(days)s days, and you allow %(limit)s.",
            "They had %(had)s texts in %(days)s days, and you allow %(limit)s.",
            had,
        ),
        Scope.PURPOSE: ngettext(
            "They had %(had)s text of the purpose “%(name)s” in %(days)s days, and you allow %(limit)s.",
            "They had %(had)s texts of the purpose “%(name)s” in %(days)s days, and you allow %(limit)s.",
            had,
        ),
        Scope.TOPIC: ngettext(
            "They had %(had)s text about “%(name)s” in %(days)s days, and you allow %(limit)s.",
            "They had %(had)s texts about “%(name)s” in %(days)s days, and you allow %(limit)s.",
            had,
        ),
        Scope.OWN: ngettext(
            "They had %(had)s text in %(days)s days, and asked for at most %(limit)s.",
            "They had %(had)s texts in %(days)s days, and asked for at most %(limit)s.",
            had,
        ),
        Scope.CEILING: ngettext(
            "They had %(had)s text since “%(name)s” began, and its ceiling is %(limit)s.",
            "They had %(had)s texts since “%(name)s” began, and its ceiling is %(limit)s.",
            had,
        ),
    }[Scope(told["cap"])]
    return sentence % values


def _of_priority(told: Mapping[str, Any]) -> str:
    return _("The last place is kept for a text of higher priority that is due soon.") if told["kept"] else ""


def _next(told: Mapping[str, Any]) -> str:
    if not told["next"]:
        return _("It can never go under this limit.")
    moment = timezone.localtime(datetime.fromisoformat(told["next"]))
    return _("There is room again on %(moment)s.") % {"moment": date_format(moment, "DATETIME_FORMAT")}
