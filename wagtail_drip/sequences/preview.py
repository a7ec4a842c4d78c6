"""The one slot for drawing a preview. Drawing reaches upward, so the admin fills it in wagtail_hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

Renderer = Callable[[Any, HttpRequest, str], HttpResponse]

renderer: Renderer | None = None


def serve(instance: Any, request: HttpRequest, mode_name: str) -> HttpResponse:
    """Draw *instance* with whatever the admin put into the slot."""
    if renderer is None:
        return HttpResponse(status=503)
    return renderer(instance, request, mode_name)
