from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.log_actions import log

from wagtail_drip.admin import places
from wagtail_drip.admin.sensitive_words import NAMES
from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.admin.word_lists.forms import ListForm, OwnWordForm
from wagtail_drip.compliance import sensitive_words, word_actions
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.compliance.sensitive_words import OWN, WordList
from wagtail_drip.core import clock

SILENCED = "wagtail_drip.silence_sensitive_word"
WARNED = "wagtail_drip.warn_of_sensitive_word"
SAVED = "wagtail_drip.save_own_word"
DELETED = "wagtail_drip.delete_own_word"


class _WordsScreen(SiteScreen):
    header_icon = "warning"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        settings = {
            "url": reverse("wagtail_drip_settings:site", args=[self.site.pk]),
            "label": _("Text message settings"),
        }
        return [*self.breadcrumbs_items, settings, *self.above(), {"url": "", "label": self.get_page_title()}]

    def above(self) -> list[dict[str, Any]]:
        return [{"url": self.index_url, "label": _("Sensitive words")}]

    @property
    def index_url(self) -> str:
        return reverse("wagtail_drip_settings:words", args=[self.site.pk])

    def note(self, row: SensitiveWord, action: str) -> None:
        """Keep in Wagtail's log who said what of which word."""
        log(
            instance=row,
            action=action,
            user=self.request.user,
            data={"list": row.kind, "word": row.word, "country": row.country, "reason": row.reason},
        )


class WordsView(_WordsScreen):
    """All lists and the shop's own words."""

    template_name = "wagtail_drip/admin/word_lists/index.html"
    page_title = gettext_lazy("Sensitive words")

    def above(self) -> list[dict[str, Any]]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows: defaultdict[str, list[SensitiveWord]] = defaultdict(list)
        for row in SensitiveWord.objects.filter(site_id=self.site.pk).order_by("word", "country"):
            rows[row.kind].append(row)
        return {
            **super().get_context_data(**kwargs),
            "own": [(row, places.name_of(row.country) if row.country else "") for row in rows[OWN]],
            "lists": [told(each, rows[each.kind]) for each in sensitive_words.LISTS],
        }


def told(each: WordList, rows: list[SensitiveWord]) -> dict[str, Any]:
    """Return a shipped list as the screens show it: *rows* is what is switched off of it."""
    return {
        "kind": each.kind,
        "name": NAMES[each.kind],
        "places": [places.name_of(place) for place in sorted(each.places)],
        "list": each,
        "read": date.fromisoformat(each.read),
        "off": next((row for row in rows if not row.word), None),
        "silent": [row for row in rows if row.word],
    }


class ListView(_WordsScreen):
    """One shipped list, word by word."""

    template_name = "wagtail_drip/admin/word_lists/list.html"

    def get_page_title(self) -> str:
        return str(NAMES[self.shown.kind]).capitalize()

    @cached_property
    def shown(self) -> WordList:
        kind = self.kwargs["kind"]
        found = next((each for each in sensitive_words.LISTS if each.kind == kind), None)
        if found is None:
            raise Http404
        return found

    @cached_property
    def rows(self) -> list[SensitiveWord]:
        found = SensitiveWord.objects.filter(site_id=self.site.pk, kind=self.shown.kind)
        return list(found.order_by("word"))

    def form(self, data: Any = None) -> ListForm:
        return ListForm(data, shown=self.shown, silent=[row.word for row in self.rows])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        silent, again = word_actions.change_list(
            self.site.pk,
            self.shown.kind,
            silent=form.silent(),
            reason=form.cleaned_data["reason"],
            by=request.user.get_username(),
            now=clock.now(),
        )
        for row in silent:
            self.note(row, SILENCED)
        for row in again:
            self.note(row, WARNED)
        count = len(silent) + len(again)
        messages.success(
            request,
            ngettext("%(n)d switch was changed.", "%(n)d switches were changed.", count) % {"n": count}
            if count
            else _("Nothing was changed."),
        )
        return redirect(self.index_url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": self.form(),
            **super().get_context_data(**kwargs),
            "told": told(self.shown, self.rows),
            "back_url": self.index_url,
        }


class OwnWordView(_WordsScreen):
    """Add a word of the shop's own, or change one."""

    template_name = "wagtail_drip/admin/word_lists/own.html"

    def get_page_title(self) -> str:
        return _("“%(word)s”") % {"word": self.row.word} if self.row else _("Add a word of your own")

    @cached_property
    def row(self) -> SensitiveWord | None:
        pk = self.kwargs.get("word_id")
        if pk is None:
            return None
        found = SensitiveWord.objects.filter(site_id=self.site.pk, kind=OWN, pk=pk).first()
        if found is None:
            raise Http404
        return found

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = OwnWordForm(request.POST, instance=self.row)
        if form.is_valid():
            saved = self._save(form)
            if saved is not None:
                self.note(saved, SAVED)
                messages.success(request, _("“%(word)s” was saved.") % {"word": saved.word})
                return redirect(self.index_url)
        messages.error(request, _("Nothing was saved: please correct the errors below."))
        return self.render_to_response(self.get_context_data(form=form))

    def _save(self, form: OwnWordForm) -> SensitiveWord | None:
        try:
            return word_actions.save_own(
                self.site.pk,
                form.draft(),
                by=self.request.user.get_username(),
                now=clock.now(),
                pk=self.kwargs.get("word_id"),
            )
        except word_actions.WordIsThere:
            form.add_error("word", _("You have this word for this country already. Change that one."))
        except word_actions.TooManyWords:
            form.add_error(
                None,
                _("You have %(most)d words already. Remove some that no text has.")
                % {"most": word_actions.MOST_OWN},
            )
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": OwnWordForm(instance=self.row),
            **super().get_context_data(**kwargs),
            "row": self.row,
            "back_url": self.index_url,
        }


class DeleteOwnWordView(_WordsScreen):
    """Take a word of the shop's own away; by POST only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = SensitiveWord.objects.filter(site_id=self.site.pk, kind=OWN, pk=kwargs["word_id"]).first()
        if row is None:
            raise Http404
        # The log wants the row as it was.
        if word_actions.delete_own(self.site.pk, row.pk):
            self.note(row, DELETED)
            messages.success(request, _("“%(word)s” was removed.") % {"word": row.word})
        return redirect(self.index_url)


def urls() -> list[URLPattern]:
    """Return the addresses of these screens, below the settings."""
    return [
        path("<int:site_id>/words/", WordsView.as_view(), name="words"),
        path("<int:site_id>/words/lists/<slug:kind>/", ListView.as_view(), name="word_list"),
        path("<int:site_id>/words/own/", OwnWordView.as_view(), name="add_word"),
        path("<int:site_id>/words/own/<int:word_id>/", OwnWordView.as_view(), name="own_word"),
        path(
            "<int:site_id>/words/own/<int:word_id>/delete/", DeleteOwnWordView.as_view(), name="delete_word"
        ),
    ]
