"""The shape of a site's caps, shared by settings and compliance. Pure."""

from __future__ import annotations

from typing import Any

MOST = 1000  # no cap is set higher


def default_caps() -> dict[str, Any]:
    """
    Return two a week and eight a month for everybody, and nothing more for any purpose or topic.

    ``{"week": 2, "month": 8, "purposes": {"promotional": {"week": 1, "month": null}}, "topics": {…}}``; null is
    no limit.
    """
    return {"week": 2, "month": 8, "purposes": {}, "topics": {}}
