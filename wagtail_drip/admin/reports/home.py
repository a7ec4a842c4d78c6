"""The panel on the admin's home page: today in four figures, what runs, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from wagtail.admin.ui.components import Component

from wagtail_drip.core import clock
from wagtail_drip.reports import attention, metrics
from wagtail_drip.reports.attention import Finding
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState


class HomePanel(Component):
    name = "text_messages"
    template_name = "wagtail_drip/admin/home/panel.html"
    order = 150

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def is_shown(self) -> bool:
        return bool(self.request.user.has_perm("wagtail_drip.view_message"))

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        now = clock.now()
        counts = metrics.today_counts(now=now)
        found = attention.findings(now=now)
        return {
            "counts": counts,
            "failed": counts.failed + counts.undelivered,
            "live": SequenceRuntime.objects.filter(state=RuntimeState.LIVE).exclude(version=None).count(),
            "findings": [(finding, _address(finding)) for finding in found if not _stands_above(finding)],
            "is_well": not found,
            "log_url": reverse("wagtail_drip_messages:index"),
            "sequences_url": reverse("wagtail_drip_sequences:list"),
        }


def _stands_above(finding: Finding) -> bool:
    """Tell whether the banner above the panel says it already."""
    return finding.subject == "workers" and finding.is_critical


def _address(finding: Finding) -> str:
    kind, _, key = finding.subject.partition(":")
    if kind == "sequence":
        return reverse("wagtail_drip_sequences:edit", args=[int(key)])
    if kind == "segment":
        return reverse("wagtail_drip_segments:edit", args=[int(key)])
    if kind == "once":
        return reverse("wagtail_drip_sequences:once", args=[int(key)])
    if kind == "messages":
        return f"{reverse('wagtail_drip_messages:index')}?state={key}"
    if kind == "holds":
        return reverse("wagtail_drip_settings:index")
    return ""
