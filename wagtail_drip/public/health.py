"""A page for monitoring: does anybody work, and does anything wait too long? JSON, for staff or with a token."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from wagtail_drip.conf import settings
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.messaging.models import Callback, Message
from wagtail_drip.reports import alarms, pulse, watchdog

logger = logging.getLogger(__name__)

# What waits, by the column that it waits by.
WAITING: dict[str, tuple[Any, str]] = {
    "notices": (Notice, "due_at"),
    "events": (Event, "match_due_at"),
    "enrolments": (Enrolment, "due_at"),
    "messages": (Message, "due_at"),
    "callbacks": (Callback, "due_at"),
}


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 while workers live and nothing waits too long, else 503; 403 to whoever may not ask."""
    if not _may_ask(request):
        return JsonResponse({"error": "A token, or the right to see the message log, is needed."}, status=403)
    try:
        said, is_well = _said(clock.now())
    except DatabaseError as error:
        logger.error("The health page could not ask the database: %s.", type(error).__name__)
        said, is_well = {"ok": False, "pulse": "no_database"}, False
    return JsonResponse(said, status=200 if is_well else 503)


def _may_ask(request: HttpRequest) -> bool:
    token = settings.HEALTH_TOKEN
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and constant_time_compare(given.strip(), token):
        return True
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_active and user.has_perm("wagtail_drip.view_message"))


def _said(now: datetime) -> tuple[dict[str, Any], bool]:
    workers = pulse.workers()
    late = watchdog.ask(watchdog.EACH_TICK, now=now)
    is_well = workers.are_alive and not late
    if not workers.are_alive:
        # No worker can tell of itself: whoever asks from outside makes the e-mails go out.
        alarms.look(now=now)
    oldest = {name: _seconds(model, column, now) for name, (model, column) in WAITING.items()}
    return (
        {
            "ok": is_well,
            "pulse": workers.pulse.value,
            "tick_age_seconds": round(workers.age.total_seconds(), 1) if workers.age is not None else None,
            "oldest_due_seconds": oldest,
            "watchdog": late,
            "advice": workers.sentence,
        },
        is_well,
    )


def _seconds(model: Any, column: str, now: datetime) -> float | None:
    """Return for how long the oldest that is due has waited; None where nothing is due."""
    due = model.objects.filter(**{f"{column}__lte": now}).aggregate(oldest=Min(column))["oldest"]
    return round((now - due).total_seconds(), 1) if due is not None else None
