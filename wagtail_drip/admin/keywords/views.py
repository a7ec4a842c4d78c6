"""The screens about words that stop, start and ask for help."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_drip.admin.keywords import sentences
from wagtail_drip.admin.keywords.forms import KeywordForm, TryForm
from wagtail_drip.admin.site_screen import CHANGE
from wagtail_drip.compliance import keyword_actions, keywords, querysets
from wagtail_drip.compliance.keyword_actions import KeywordRefused
from wagtail_drip.compliance.models import Keyword
from wagtail_drip.core import clock

ADDED = "wagtail_drip.add_keyword"
CHANGED = "wagtail_drip.change_keyword"
DELETED = "wagtail_drip.delete_keyword"


class KeywordScreen(WagtailAdminTemplateMixin, TemplateView):
    header_icon = "comment"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_settings:index"), "label": _("Text message settings")},
            *self.above,
            {"url": "", "label": self.get_page_title()},
        ]

    @property
    def above(self) -> list[dict[str, Any]]:
        return [{"url": reverse("wagtail_drip_settings:keywords"), "label": _("Stop and help words")}]


class KeywordsView(KeywordScreen):
    """All words, the shop's own and ours; a POST tries a reply and changes nothing."""

    template_name = "wagtail_drip/admin/keywords/list.html"
    page_title = gettext_lazy("Stop and help words")
    above = []

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TryForm(request.POST)
        tried = None
        if form.is_valid():
            reply, region = form.cleaned_data["reply"], form.cleaned_data["number_of"]
            by = querysets.own_keywords().find(reply, region=region)
            tried = sentences.tried(reply, region=region, by=by)
        return self.render_to_response(self.get_context_data(form=form, tried=tried))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": TryForm(),
            **super().get_context_data(**kwargs),
            "own": [
                {
                    "row": row,
                    "kind": sentences.KINDS[row.kind],
                    "language": sentences.language(row.language),
                    "only": sentences.only_numbers(row.country),
                }
                for row in Keyword.objects.order_by("kind", "text", "pk")
            ],
            "shipped": [
                (
                    sentences.KINDS[kind],
                    [
                        {
                            "whose": sentences.whose(each),
                            "words": each.words,
                            "source": sentences.SOURCES[each.source],
                        }
                        for each in keywords.LISTS
                        if each.kind == kind
                    ],
                )
                for kind in ("stop", "start", "help", "confirm")
            ],
        }


class EditKeywordView(KeywordScreen):
    """Add a word, or change one."""

    template_name = "wagtail_drip/admin/keywords/edit.html"

    @cached_property
    def row(self) -> Keyword | None:
        return get_object_or_404(Keyword, pk=self.kwargs["pk"]) if "pk" in self.kwargs else None

    def get_page_title(self) -> str:
        return _("Change a word") if self.row else _("Add a word")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = KeywordForm(request.POST, row=self.row)
        if form.is_valid():
            try:
                self._save(form)
            except KeywordRefused as refused:
                form.add_error("text", sentences.refusal(refused.refusal))
        if form.errors:
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        messages.success(
            request, _("“%(word)s” is obeyed from now on.") % {"word": form.cleaned_data["text"]}
        )
        return redirect("wagtail_drip_settings:keywords")

    @transaction.atomic
    def _save(self, form: KeywordForm) -> None:
        row = keyword_actions.save_keyword(
            form.draft(),
            by=self.request.user.get_username(),
            now=clock.now(),
            pk=self.row.pk if self.row else None,
        )
        _note(self.request, row, CHANGED if self.row else ADDED)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": KeywordForm(row=self.row), **super().get_context_data(**kwargs), "row": self.row}


class DeleteKeywordView(KeywordScreen):
    template_name = "wagtail_drip/admin/confirm.html"
    page_title = gettext_lazy("Delete a word")

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = get_object_or_404(Keyword, pk=kwargs["pk"])
        _note(request, row, DELETED)
        keyword_actions.delete_keyword(row.pk)
        messages.success(request, _("“%(word)s” was deleted.") % {"word": row.text})
        return redirect("wagtail_drip_settings:keywords")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = get_object_or_404(Keyword, pk=self.kwargs["pk"])
        return {
            **super().get_context_data(**kwargs),
            "consequence": _(
                "From then on %(named)s means nothing any more. Whom it has stopped stays stopped."
            )
            % {"named": sentences.own(row)},
            "keep_url": reverse("wagtail_drip_settings:edit_keyword", args=[row.pk]),
        }


def _note(request: HttpRequest, row: Keyword, action: str) -> None:
    log(
        instance=row,
        action=action,
        user=request.user,
        data={"kind": row.kind, "text": row.text, "country": row.country},
    )


def addresses() -> list[URLPattern]:
    """Return the addresses under the settings."""
    return [
        path("keywords/", KeywordsView.as_view(), name="keywords"),
        path("keywords/add/", EditKeywordView.as_view(), name="add_keyword"),
        path("keywords/<int:pk>/", EditKeywordView.as_view(), name="edit_keyword"),
        path("keywords/<int:pk>/delete/", DeleteKeywordView.as_view(), name="delete_keyword"),
    ]
