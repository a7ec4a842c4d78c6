"""Saved messages: texts that several steps can use, written and previewed like a step's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, ObjectList, PublishingPanel
from wagtail.admin.ui.tables import Column, LiveStatusTagColumn, UpdatedAtColumn
from wagtail.snippets.views.snippets import CopyView, CreateView, EditView, SnippetViewSet

from wagtail_drip.admin.content.uses import UsesPanel, UsesView
from wagtail_drip.admin.preview import page
from wagtail_drip.admin.preview.bubbles import bubble
from wagtail_drip.admin.preview.editor_data import EditorDataPanel
from wagtail_drip.admin.preview.panels import PersonPreviewMixin
from wagtail_drip.admin.preview.views import PreviewOnCreateAs, PreviewOnEditAs
from wagtail_drip.admin.sequences import usage
from wagtail_drip.admin.word_advice import WarnsOfWords
from wagtail_drip.compliance import word_actions
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.content.widgets import MessageTextarea


class MessageTemplateCreateView(PersonPreviewMixin, WarnsOfWords, CreateView):
    pass


class MessageTemplateCopyView(PersonPreviewMixin, WarnsOfWords, CopyView):
    pass


class MessageTemplateEditView(PersonPreviewMixin, WarnsOfWords, EditView):
    def publish_action(self) -> HttpResponse | None:
        """Publish; where running sequences send the old words, go and ask what becomes of these."""
        public = MessageTemplate.objects.filter(pk=self.object.pk, live=True)
        before = public.values_list("text", flat=True).first()
        response: HttpResponse | None = super().publish_action()
        after = public.first()
        if response is not None or before is None or after is None or before == after.text:
            return response
        if not usage.uses(after):
            return None
        return redirect("wagtail_drip_saved_messages:uses", pk=after.pk)


class MessageTemplateViewSet(SnippetViewSet):
    model = MessageTemplate
    icon = "mail"
    menu_label = _("Saved messages")
    menu_order = 200
    url_prefix = "text-messages/saved-messages"
    url_namespace = "wagtail_drip_saved_messages"
    edit_handler = ObjectList(
        [
            UsesPanel(),
            FieldPanel(
                "name",
                classname="title",
                widget=forms.TextInput(attrs={"placeholder": _("Name it, for example Farewell")}),
            ),
            FieldPanel(
                "text",
                widget=MessageTextarea(),
                help_text=_(
                    "Steps keep the words they were published with; publish them again to take over a change."
                ),
            ),
            EditorDataPanel(),
            PublishingPanel(),
        ]
    )
    list_display = [
        "name",
        Column("text", label=_("Text"), accessor=lambda saved: Truncator(saved.text).chars(80)),
        # Wagtail's own labels would be those of the language in which the server started.
        LiveStatusTagColumn(label=_("Status")),
        UpdatedAtColumn(label=_("Updated")),
    ]
    search_backend_name = None
    search_fields = ["name", "text"]
    ordering = ["name"]
    add_view_class = MessageTemplateCreateView
    copy_view_class = MessageTemplateCopyView
    edit_view_class = MessageTemplateEditView
    preview_on_add_view_class = PreviewOnCreateAs
    preview_on_edit_view_class = PreviewOnEditAs

    def get_urlpatterns(self) -> list[Any]:
        return [*super().get_urlpatterns(), path("uses/<int:pk>/", UsesView.as_view(), name="uses")]


@page.in_the_readers_language
def render_preview(instance: MessageTemplate, request: HttpRequest, mode_name: str) -> HttpResponse:
    """Draw a saved message; wagtail_hooks puts this into the slot of ``content.preview``."""
    site_id = page.site_id_for(instance)
    person = page.person_for(request, trigger_event="", site_id=site_id)
    return page.respond(
        request,
        instance,
        person=person,
        site_id=site_id,
        single=bubble(
            instance.text, person.variables, place=person.place, words=word_actions.lists_of(site_id)
        ),
    )
