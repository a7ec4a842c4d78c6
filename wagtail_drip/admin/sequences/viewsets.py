from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext_lazy as _
from wagtail.snippets.views.snippets import SnippetViewSet

from wagtail_drip.admin.preview.views import PreviewOnCreateAs, PreviewOnEditAs
from wagtail_drip.admin.reports.results import SequenceResultsView
from wagtail_drip.admin.sequences import (
    add_people,
    archive,
    editing,
    panels,
    publishing,
    send_once,
    switching,
    versions,
    views,
)
from wagtail_drip.sequences.models import Sequence


class SequenceViewSet(SnippetViewSet):
    model = Sequence
    icon = "list-ol"
    menu_label = _("Sequences")
    menu_order = 100
    url_prefix = "text-messages/sequences"
    url_namespace = "wagtail_drip_sequences"
    edit_handler = panels.edit_handler
    list_display = views.LIST_DISPLAY
    list_filter = ["live", "purpose"]
    search_backend_name = None
    search_fields = ["name"]
    ordering = ["name"]
    add_to_reference_index = True
    index_view_class = views.SequenceIndexView
    add_view_class = views.SequenceCreateView
    copy_view_class = views.SequenceCopyView
    edit_view_class = editing.SequenceEditView
    unpublish_view_class = views.SequenceUnpublishView
    preview_on_add_view_class = PreviewOnCreateAs
    preview_on_edit_view_class = PreviewOnEditAs
    index_template_name = "wagtail_drip/admin/sequences/index.html"

    def get_urlpatterns(self) -> list[Any]:
        return [
            *super().get_urlpatterns(),
            path("results/<int:pk>/", SequenceResultsView.as_view(), name="results"),
            path("versions/<int:pk>/", versions.VersionsView.as_view(), name="versions"),
            path("publish/<int:pk>/", publishing.PublishView.as_view(), name="publish"),
            path("undo/<int:pk>/", publishing.UndoMovesView.as_view(), name="undo"),
            path("archive/", archive.ArchiveListView.as_view(), name="archived"),
            path("archive/<int:pk>/", archive.ArchiveView.as_view(), name="archive"),
            path("restore/<int:pk>/", archive.RestoreView.as_view(), name="restore"),
            path("pause/<int:pk>/", switching.PauseView.as_view(), name="pause"),
            path("resume/<int:pk>/", switching.ResumeView.as_view(), name="resume"),
            path("end/<int:pk>/", switching.EndView.as_view(), name="end"),
            path("once/<int:pk>/", send_once.SendOnceView.as_view(), name="once"),
            path("once/<int:pk>/stop/", send_once.StopOnceView.as_view(), name="stop_once"),
            path("add/<int:pk>/people/", add_people.AddPeopleView.as_view(), name="add_people"),
        ]
