"""The editor's page: its buttons, and that publishing asks first where people are inside."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.snippets.views import snippets

from wagtail_drip.admin.preview.panels import PersonPreviewMixin
from wagtail_drip.admin.sequences import publishing, send_once
from wagtail_drip.admin.sequences.switching import DELETE, PUBLISH, switches
from wagtail_drip.admin.word_advice import WarnsOfWords
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.states import RuntimeState


def is_archived(sequence: Sequence) -> bool:
    runtime = getattr(sequence, "runtime", None)
    return runtime is not None and runtime.state == RuntimeState.ARCHIVED


class SequenceEditView(PersonPreviewMixin, WarnsOfWords, snippets.EditView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Take whoever would edit an archived sequence to where it comes back from."""
        if request.user.has_perm(DELETE) and is_archived(self.object):
            return redirect("wagtail_drip_sequences:restore", pk=self.object.pk)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    @property
    def header_more_buttons(self) -> list[Button]:
        buttons = [*super().header_more_buttons, *switches(self.request, self.object, priority=60)]
        runtime = getattr(self.object, "runtime", None)
        if runtime is not None:
            url = reverse("wagtail_drip_sequences:versions", args=[self.object.pk])
            buttons.append(Button(_("Versions"), url=url, icon_name="history", priority=65))
        if self.request.user.has_perm(PUBLISH) and publishing.undoable(runtime):
            undo = publishing.UndoMovesView
            url = reverse("wagtail_drip_sequences:undo", args=[self.object.pk])
            buttons.append(Button(undo.button, url=url, icon_name=undo.icon, priority=70))
        return buttons

    @property
    def header_buttons(self) -> list[Any]:
        buttons: list[Any] = list(super().header_buttons)
        if getattr(self.object, "runtime", None) is not None:
            if self.request.user.has_perm(PUBLISH) and send_once.goes_out_once(self.object):
                buttons.append(
                    HeaderButton(
                        _("Send once"),
                        url=reverse("wagtail_drip_sequences:once", args=[self.object.pk]),
                        icon_name="mail",
                    )
                )
            buttons.append(
                HeaderButton(
                    _("Results"),
                    url=reverse("wagtail_drip_sequences:results", args=[self.object.pk]),
                    icon_name="tasks",
                )
            )
            if self.request.user.has_perm("wagtail_drip.view_contact"):
                if self.request.user.has_perm(PUBLISH) and self.object.runtime.state == RuntimeState.LIVE:
                    buttons.append(
                        HeaderButton(
                            _("Add people…"),
                            url=reverse("wagtail_drip_sequences:add_people", args=[self.object.pk]),
                            icon_name="user",
                        )
                    )
                buttons.append(
                    HeaderButton(
                        _("People"),
                        url=reverse("wagtail_drip_contacts:of_sequence", args=[self.object.pk]),
                        icon_name="group",
                    )
                )
        return buttons

    def publish_action(self) -> HttpResponse | None:
        """Publish, or go and ask what becomes of the people inside; the draft is saved already."""
        if publishing.asks_first(self.object):
            return redirect("wagtail_drip_sequences:publish", pk=self.object.pk)
        response: HttpResponse | None = super().publish_action()
        if response is None and send_once.is_to_start(self.object.pk):
            return redirect("wagtail_drip_sequences:once", pk=self.object.pk)
        return response
