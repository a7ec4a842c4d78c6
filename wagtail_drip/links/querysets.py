"""Reading links."""

from __future__ import annotations

from wagtail_drip.links.models import Link


def find_target(token: str) -> str | None:
    """Return where a short link leads, recording nothing; None for an unknown token."""
    return Link.objects.filter(token=token).values_list("url", flat=True).first()
