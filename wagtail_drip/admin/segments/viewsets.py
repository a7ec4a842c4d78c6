from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.widgets.button import HeaderButton
from wagtail.snippets.views.snippets import IndexView, SnippetViewSet

from wagtail_drip.admin import asked_for
from wagtail_drip.admin.preview.editor_data import EditorDataPanel
from wagtail_drip.admin.segments.count import CountPanel, CountView
from wagtail_drip.admin.segments.stages import StagesView
from wagtail_drip.admin.segments.uses import uses
from wagtail_drip.segments import blocks
from wagtail_drip.segments.models import Segment
from wagtail_drip.segments.who_rules import all_names


class SegmentIndexView(IndexView):
    @cached_property
    def header_buttons(self) -> list[Any]:
        url = reverse("wagtail_drip_segments:stages")
        return [*super().header_buttons, HeaderButton(_("Stages"), url=url, icon_name="group")]

    def paginate_queryset(self, queryset: QuerySet[Segment], page_size: int) -> Any:
        """Put the sentences on the rows: the names in them are asked for once for all."""
        found = super().paginate_queryset(queryset, page_size)
        names = all_names()
        for segment in found[2]:
            segment.sentence = blocks.sentence(segment.match, segment.rules, names)
        return found


class MembersColumn(Column):
    """How many are in it, with the way to them."""

    def get_value(self, instance: Segment) -> Any:
        if instance.error:
            return gettext("Could not be counted")
        if instance.members is None or not instance.is_filled:
            return gettext("Being counted")
        address = f"{reverse('wagtail_drip_contacts:index')}?segment={instance.pk}"
        return format_html('<a href="{}">{}</a>', address, instance.members)


class SegmentViewSet(SnippetViewSet):
    model = Segment
    icon = "group"
    menu_label = _("Segments")
    menu_order = 320
    url_prefix = "text-messages/segments"
    url_namespace = "wagtail_drip_segments"
    edit_handler = ObjectList(
        [
            EditorDataPanel(),
            FieldPanel(
                "name",
                classname="title",
                widget=forms.TextInput(attrs={"placeholder": _("Name it, for example Regulars")}),
            ),
            CountPanel(),
            MultiFieldPanel([FieldPanel("match"), FieldPanel("rules")], heading=_("Who is meant")),
            FieldPanel("is_kept_up_to_date"),
            FieldPanel("notes"),
        ]
    )
    list_display: ClassVar[list[Any]] = [
        "name",
        Column("sentence", label=_("Who is meant")),
        MembersColumn("members", label=_("People"), sort_key="members"),
        DateColumn("refreshed_at", label=_("Counted"), sort_key="refreshed_at"),
    ]
    index_view_class = SegmentIndexView
    search_backend_name = None
    search_fields = ["name", "notes"]
    ordering = ["name"]

    def get_urlpatterns(self) -> list[Any]:
        return [
            # The first is where the menu leads.
            *super().get_urlpatterns(),
            path("stages/", StagesView.as_view(), name="stages"),
            path("count/", CountView.as_view(), name="count"),
        ]


def refuse_to_delete(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    """Keep what others ask for; called before Wagtail deletes."""
    return asked_for.refuse(request, instances, Segment, uses=uses, back_to="wagtail_drip_segments:list")
