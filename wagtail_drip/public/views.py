"""The short link's redirect. Following it never changes what anybody agreed to: scanners follow links too."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from wagtail_drip.core import clock, traces
from wagtail_drip.links import actions as links
from wagtail_drip.links import querysets

logger = logging.getLogger(__name__)


@login_not_required
@transaction.non_atomic_requests  # a click that cannot be recorded must not take the redirect with it
@require_safe
def short_link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the address behind *token*; a GET is recorded as a click."""
    target = querysets.find_target(token) if request.method == "HEAD" else _click(request, token)
    if target is None:
        raise Http404
    response = HttpResponseRedirect(target)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _click(request: HttpRequest, token: str) -> str | None:
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    try:
        return links.record_click(
            token,
            user_agent=request.headers.get("User-Agent", ""),
            address=request.META.get("REMOTE_ADDR", ""),
            now=clock.now(),
            is_prefetch="prefetch" in purpose or "preview" in purpose,
        )
    except DatabaseError as error:
        # The reader wants the page, whatever our counting meets.
        logger.error("A click on a short link could not be recorded.\n%s", traces.trace_of(error))
        return querysets.find_target(token)
