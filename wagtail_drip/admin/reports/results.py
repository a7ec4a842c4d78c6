"""A sequence's results page: what went out at each step, who is inside, and the days as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import formats
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.models import Site

from wagtail_drip.admin.read_only import OwnPermissions
from wagtail_drip.content.models import PinnedText
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.reports import metrics
from wagtail_drip.reports.metrics import Counts
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.flow import Flow, Step
from wagtail_drip.sequences.models import Sequence, SequenceRuntime

DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Row:
    """One step of the table; *depth* is how many branches it stands in."""

    number: str
    step_id: str
    label: str
    text: str
    depth: int
    standing: int
    counts: Counts


class SequenceResultsView(OwnPermissions, PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    model = Sequence
    any_permission_required = ["add", "change", "publish", "view"]
    template_name = "wagtail_drip/admin/reports/results.html"
    page_title = gettext_lazy("Results")
    header_icon = "tasks"

    @cached_property
    def sequence(self) -> Sequence:
        return get_object_or_404(Sequence, pk=self.kwargs["pk"])

    def get_page_subtitle(self) -> str:
        return self.sequence.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {
                "url": reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk]),
                "label": self.sequence.name,
            },
            {"url": "", "label": self.page_title, "sublabel": self.sequence.name},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        settings = _settings_of(self.sequence)
        steps = metrics.by_step(self.sequence.pk)
        total = metrics.total(steps)
        runtime = SequenceRuntime.objects.filter(sequence=self.sequence).select_related("version").first()
        flow = _flow(runtime)
        today = clock.now().astimezone(ZoneInfo(settings.zone)).date()
        cost = metrics.cost(total.segments, settings.price_per_segment)
        return {
            **context,
            "sequence": self.sequence,
            "runtime": runtime,
            "people": metrics.people(self.sequence.pk),
            "total": total,
            "delivery_rate": percent(total.delivery_rate),
            "click_rate": percent(total.click_rate),
            "cost": cost,
            "currency": settings.currency,
            "rows": _rows(flow, steps, metrics.standing(self.sequence.pk)),
            "former": _former(flow, steps),
            "chart": _chart(self.sequence, today=today),
        }


def percent(rate: float | None) -> str | None:
    """Return a rate as people read it; None where there is nothing to take it of."""
    return None if rate is None else f"{formats.number_format(round(rate * 100, 1), 1)} %"


def _settings_of(sequence: Sequence) -> SiteSettings:
    site_id = sequence.site_id or Site.objects.get(is_default_site=True).pk
    return core.site_settings(site_id)


def _flow(runtime: SequenceRuntime | None) -> Flow | None:
    if runtime is None or runtime.version_id is None:
        return None
    return sequences.flows([runtime.version_id])[runtime.version_id]


def _rows(flow: Flow | None, steps: Mapping[str, Counts], standing: Mapping[str, int]) -> list[Row]:
    if flow is None:
        return []
    in_order = list(flow.in_order())
    texts = _texts(in_order)
    depths = _depths(flow)
    return [
        Row(
            number=str(place),
            step_id=step.id,
            label=_label(step),
            text=texts.get(step.id, ""),
            depth=depths.get(step.id, 0),
            standing=standing.get(step.id, 0),
            counts=steps.get(step.id, Counts()),
        )
        for place, step in enumerate(in_order, start=1)
    ]


def _former(flow: Flow | None, steps: Mapping[str, Counts]) -> Counts | None:
    """Return what was counted at steps that the current version no longer has."""
    known = set(flow.steps) if flow else set()
    gone = {step_id: counts for step_id, counts in steps.items() if step_id not in known}
    return metrics.total(gone) if gone else None


def _label(step: Step) -> str:
    block = blocks.step_blocks().get(step.kind)
    return block.name_of_kind() if block else step.kind


def _texts(steps: list[Step]) -> dict[str, str]:
    ids = {step.id: step.settings.get("text_id") for step in steps}
    pinned = dict(
        PinnedText.objects.filter(pk__in=[pk for pk in ids.values() if pk]).values_list("pk", "source")
    )
    named = {step.id: str(step.settings.get("name") or "") for step in steps}
    return {step_id: named[step_id] or pinned.get(pk or 0, "") for step_id, pk in ids.items()}


def _depths(flow: Flow) -> dict[str, int]:
    """Return how deep in branches each step stands, by following every path until it joins again."""
    depths: dict[str, int] = {}

    def follow(step_id: str | None, depth: int, until: str | None) -> None:
        while step_id is not None and step_id != until and step_id not in depths:
            step = flow.steps[step_id]
            depths[step_id] = depth
            for path in step.paths:
                # A jump leads to a step that has its own place.
                if path.start != step.next and step.kind != "jump_to":
                    follow(path.start, depth + 1, step.next)
            step_id = step.next

    follow(flow.start, 0, None)
    return depths


def _chart(sequence: Sequence, *, today: Any) -> dict[str, Any]:
    days = metrics.by_day(sequence.pk, days=DAYS, today=today)
    since = formats.date_format(today - timedelta(days=DAYS - 1), "SHORT_DATE_FORMAT")
    return {
        "id": "drip-results-by-day",
        "title": _("Messages by day"),
        "description": _("By the day of the hand-over, since %(since)s.") % {"since": since},
        "kind": "bar",
        "columns": [
            {"label": _("Day")},
            {"label": _("Sent")},
            {"label": _("Delivered")},
            {"label": _("Not delivered or failed")},
        ],
        "rows": [
            [
                formats.date_format(day, "MONTH_DAY_FORMAT"),
                counts.sent,
                counts.delivered,
                counts.undelivered + counts.failed,
            ]
            for day, counts in days
        ],
    }
