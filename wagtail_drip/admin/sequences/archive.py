"""The archive: where deleted sequences go, and from where they come back for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.admin.sequences import usage
from wagtail_drip.admin.sequences.switching import DELETE, SwitchView, texts_not_sent
from wagtail_drip.admin.sequences.views import words_of_use
from wagtail_drip.core import clock
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState


class ArchiveView(SwitchView):
    permission = DELETE
    switch = "archive"
    button = gettext_lazy("Put into the archive")
    question = gettext_lazy("Delete “%(name)s”?")
    explanation = gettext_lazy(
        "It goes into the archive: nobody enters any more, nothing more is sent, and everybody inside is taken "
        "out. For 30 days you can have it back from there. What was sent and agreed to stays on record for good."
    )
    done = gettext_lazy("“%(name)s” is in the archive, and can be had back for 30 days.")
    icon = "bin"
    to = RuntimeState.ARCHIVED
    act = sequences.archive
    is_serious = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sequence = Sequence.objects.filter(pk=kwargs["pk"]).first()
        if sequence is not None and request.user.has_perm(DELETE) and (found := usage.used_in(sequence)):
            messages.error(request, words_of_use(sequence, found))
            return redirect("wagtail_drip_sequences:list")
        return super().dispatch(request, *args, **kwargs)

    def details(self) -> list[str]:
        return texts_not_sent(self.sequence.pk)

    def get_success_url(self) -> str:
        return reverse("wagtail_drip_sequences:list")


class RestoreView(SwitchView):
    permission = DELETE
    switch = "restore"
    button = gettext_lazy("Take out of the archive")
    question = gettext_lazy("Have “%(name)s” back?")
    explanation = gettext_lazy(
        "It comes back as it was written, and does nothing: nobody who was taken out comes back in. Publish it "
        "to start it anew."
    )
    done = gettext_lazy("“%(name)s” is back. Publish it to start it anew.")
    icon = "redirect"
    to = RuntimeState.ENDED
    act = sequences.restore


@dataclass(frozen=True, kw_only=True)
class Archived:
    sequence: Sequence
    archived_at: datetime
    until: datetime
    is_restorable: bool


class ArchiveListView(WagtailAdminTemplateMixin, TemplateView):
    template_name = "wagtail_drip/admin/sequences/archive.html"
    page_title = gettext_lazy("Archive")
    header_icon = "bin"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(DELETE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**kwargs))

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {"url": "", "label": _("Archive")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = clock.now()
        rows = (
            SequenceRuntime.objects.filter(state=RuntimeState.ARCHIVED, archived_at__isnull=False)
            .select_related("sequence")
            .order_by("-archived_at", "-pk")[:200]
        )
        return {
            **super().get_context_data(**kwargs),
            "rows": [
                Archived(
                    sequence=row.sequence,
                    archived_at=row.archived_at,
                    until=row.archived_at + sequences.KEPT_IN_ARCHIVE,
                    is_restorable=sequences.is_restorable(row, now=now),
                )
                for row in rows
                if row.archived_at is not None
            ],
        }
