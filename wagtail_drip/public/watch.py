"""Web processes notice by themselves that no worker runs: after a request was answered, once a minute each."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.db import close_old_connections
from django.utils import translation

from wagtail_drip.core import claims, clock
from wagtail_drip.events.harmless import harmless
from wagtail_drip.reports import alarms, pulse

SECONDS = 60.0
# By this process's clock. Two threads that look in the same moment do no harm.
_next_look = 0.0


def connect() -> None:
    request_finished.connect(after_request, dispatch_uid="wagtail_drip.watch")


@harmless
def after_request(sender: Any, **_: Any) -> None:
    """
    Look whether workers live, now and then: hear ``request_finished``.

    The visitor has their page, and the request's transaction is over. Only where a server serves: a site's
    tests, whose client is no server, count their queries as before.
    """
    global _next_look
    present = time.monotonic()
    if present < _next_look or not (
        isinstance(sender, type) and issubclass(sender, WSGIHandler | ASGIHandler)
    ):
        return
    _next_look = present + SECONDS
    try:
        notice()
    finally:
        # Django closed what this request had used before we asked.
        close_old_connections()


def notice() -> None:
    """Where no worker lives, make the alarms that a worker would make; one web process at a time."""
    if pulse.workers().are_alive or claims.take_lease("web watch", seconds=SECONDS - 10) is None:
        return
    # Whoever came last may have left another language behind; the alarm stands in the site's.
    with translation.override(settings.LANGUAGE_CODE):
        alarms.look(now=clock.now())
