"""Read and move the sandbox's clock. For staff only."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, user_passes_test
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from wagtail_drip.core import clock
from wagtail_drip.models import Enrolment, Message
from wagtail_drip.test import time_travel

LONGEST_DAYS = 400
JUMPS = (
    (gettext_lazy("10 minutes"), {"minutes": 10}),
    (gettext_lazy("1 hour"), {"hours": 1}),
    (gettext_lazy("6 hours"), {"hours": 6}),
    (gettext_lazy("1 day"), {"days": 1}),
    (gettext_lazy("1 week"), {"days": 7}),
    (gettext_lazy("30 days"), {"days": 30}),
)
staff_only = user_passes_test(lambda user: user.is_staff or user.has_perm("wagtailadmin.access_admin"))


@require_GET
@login_required
@staff_only
def page(request: HttpRequest) -> HttpResponse:
    """Show what time it is in the sandbox, what is due next, and the buttons that move the clock."""
    now, shift = clock.now(), clock.shift()
    if not request.accepts("text/html"):
        return JsonResponse(_state(now))
    return render(
        request,
        "time_machine/page.html",
        {
            "now": now,
            "shift": shift,
            "wall_clock": now - shift,
            "next_at": time_travel.next_due(after=now),
            "jumps": JUMPS,
            "waiting": _waiting(now),
        },
    )


@require_POST
@login_required
@staff_only
def move(request: HttpRequest) -> HttpResponse:
    """
    Move the clock by `days`, `hours` and `minutes`, or with `to=next` to the next due moment.

    Everything that falls due on the way is run. Answers with JSON where HTML is not accepted.
    """
    before = clock.now()
    try:
        distance = _distance(request, before)
    except ValueError:
        return JsonResponse(
            {"error": "days, hours and minutes must be whole numbers, not below 0"}, status=400
        )
    began = time.monotonic()
    if distance:
        time_travel.advance_to(before + distance)
    seconds = time.monotonic() - began
    after = clock.now()
    if not request.accepts("text/html"):
        moved = {"moved_seconds": round(distance.total_seconds()), "took_seconds": round(seconds, 2)}
        return JsonResponse({**_state(after), **moved})
    if distance:
        messages.success(request, _("The clock was moved; everything due on the way has run."))
    else:
        messages.info(request, _("Nothing is waiting for a moment, so the clock stayed."))
    return redirect("time_machine:page")


def _state(now: datetime) -> dict[str, str | None]:
    next_at = time_travel.next_due(after=now)
    return {"now": now.isoformat(), "next_at": next_at.isoformat() if next_at else None}


def _waiting(now: datetime) -> dict[str, int]:
    return {
        "enrolments": Enrolment.objects.filter(due_at__gt=now).count(),
        "messages": Message.objects.filter(due_at__gt=now).count(),
    }


def _distance(request: HttpRequest, now: datetime) -> timedelta:
    if request.POST.get("to") == "next":
        next_at = time_travel.next_due(after=now)
        # A second beyond, so that the moment has surely come.
        return next_at - now + timedelta(seconds=1) if next_at else timedelta()
    parts: dict[str, Any] = {name: int(request.POST.get(name) or 0) for name in ("days", "hours", "minutes")}
    distance = timedelta(**parts)
    if min(parts.values()) < 0 or distance > timedelta(days=LONGEST_DAYS):
        raise ValueError
    return distance
