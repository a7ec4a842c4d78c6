from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, PublishingPanel
from wagtail.models import DraftStateMixin, LockableMixin, PreviewableMixin, RevisionMixin, WorkflowMixin

from wagtail_drip.content import preview
from wagtail_drip.content.forms import MessageTemplateForm


class MessageTemplate(
    WorkflowMixin, DraftStateMixin, LockableMixin, RevisionMixin, PreviewableMixin, models.Model
):
    """A reusable text; "saved message" on screen."""

    name = models.CharField(_("name"), max_length=120)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(auto_now_add=True)

    base_form_class = MessageTemplateForm
    name.required_on_save = True  # type: ignore[attr-defined] # Wagtail reads it

    panels = [FieldPanel("name"), FieldPanel("text"), PublishingPanel()]

    class Meta:
        verbose_name = _("saved message")
        verbose_name_plural = _("saved messages")

    def __str__(self) -> str:
        return self.name

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return preview.serve(self, request, mode_name)

    @property
    def preview_sizes(self) -> list[dict[str, Any]]:
        sizes: list[dict[str, Any]] = super().preview_sizes
        return sizes


class PinnedText(models.Model):
    """A text exactly as it stood at publish; flow and message carry its id."""

    digest = models.CharField(max_length=64, unique=True)
    source = models.TextField()
    language = models.CharField(max_length=16, default="", blank=True)
    created_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return self.digest[:12]
