from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_drip.admin import places
from wagtail_drip.admin.opt_in_wordings.forms import WordingForm
from wagtail_drip.admin.ready.words import MISSING
from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.compliance import opt_in_wording, own_wording
from wagtail_drip.compliance.models import OptInWording
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.core.listed import listed

SAVED = "wagtail_drip.save_opt_in_wording"
DELETED = "wagtail_drip.delete_opt_in_wording"


class _WordingsScreen(SiteScreen):
    header_icon = "mobile-alt"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_settings:index"), "label": _("Text message settings")},
            *self.above(),
            {"url": "", "label": self.get_page_title()},
        ]

    def above(self) -> list[dict[str, Any]]:
        return [{"url": reverse("wagtail_drip_settings:wordings"), "label": _("Sign-up wording")}]

    def note(self, row: OptInWording, action: str) -> None:
        """Keep in Wagtail's log who wrote what, word by word: it is what people were shown."""
        log(
            instance=row,
            action=action,
            user=self.request.user,
            data={
                "country": row.country,
                "language": row.language,
                "group": row.group,
                "text": row.text,
                "must_say": row.must_say,
                "source": row.source,
                "url": row.url,
                "read_on": row.read_on.isoformat(),
            },
        )


class WordingsView(_WordingsScreen):
    """The owner's own words, ours, and what has to be said."""

    template_name = "wagtail_drip/admin/opt_in_wordings/index.html"
    page_title = gettext_lazy("Sign-up wording")

    def above(self) -> list[dict[str, Any]]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = OptInWording.objects.order_by("country", "group", "language", "pk")
        return {
            **super().get_context_data(**kwargs),
            "own": [
                {
                    "row": row,
                    "where": where(row.country),
                    "language": language(row.language),
                    "warned": left_out(row),
                }
                for row in rows
            ],
            "drafts": [
                {
                    "row": each,
                    "places": named(each.places),
                    "language": language(each.language),
                    "is_marketing": each.group == PurposeGroup.MARKETING,
                    "read": date.fromisoformat(each.read),
                }
                for each in opt_in_wording.DRAFTS
            ],
            "rules": [
                {
                    "row": each,
                    "name": MISSING[each.code],
                    "places": named(each.places),
                    "read": date.fromisoformat(each.read),
                }
                for each in opt_in_wording.RULES
            ],
        }


class EditWordingView(_WordingsScreen):
    """Add words of the owner's, or change them."""

    template_name = "wagtail_drip/admin/opt_in_wordings/edit.html"

    def get_page_title(self) -> str:
        return _("Change your wording") if self.row else _("Add your wording")

    @cached_property
    def row(self) -> OptInWording | None:
        pk = self.kwargs.get("pk")
        if pk is None:
            return None
        found = OptInWording.objects.filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = WordingForm(request.POST, row=self.row)
        saved = self._save(form) if form.is_valid() else None
        if saved is None:
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        messages.success(request, _("The wording was saved. What people agreed to before stays as it was."))
        warned = left_out(saved)
        if warned:
            messages.warning(request, _("It does not say: %(names)s.") % {"names": warned})
        return redirect("wagtail_drip_settings:wordings")

    def _save(self, form: WordingForm) -> OptInWording | None:
        try:
            with transaction.atomic():
                row = own_wording.save(
                    form.draft(),
                    by=self.request.user.get_username(),
                    now=clock.now(),
                    pk=self.kwargs.get("pk"),
                )
                if row is None:
                    raise Http404
                self.note(row, SAVED)
                return row
        except own_wording.WordingIsThere:
            form.add_error(
                "country", _("You have words for this country and language already. Change those.")
            )
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": WordingForm(row=self.row),
            **super().get_context_data(**kwargs),
            "row": self.row,
            "warned": left_out(self.row) if self.row else "",
        }


class DeleteWordingView(_WordingsScreen):
    """Take words of the owner's away; by POST only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The log wants the row as it was.
        row = OptInWording.objects.filter(pk=kwargs["pk"]).first()
        with transaction.atomic():
            if row is None or not own_wording.delete(kwargs["pk"]):
                raise Http404
            self.note(row, DELETED)
        messages.success(request, _("The wording was removed. Forms show ours again."))
        return redirect("wagtail_drip_settings:wordings")


def left_out(row: OptInWording) -> str:
    """Return what the owner's words do not say that they have to, as a list in words; '' for nothing."""
    if not row.text:
        return ""
    region = row.country if row.group == PurposeGroup.MARKETING else ""
    # The name is put in when a form is shown, so that its place must be there.
    codes = opt_in_wording.missing(row.text, region=region, senders=("{sender}",))
    own = opt_in_wording.unsaid(row.text, row.must_say)
    return listed([*(str(MISSING[code]) for code in codes), *(f"“{phrase}”" for phrase in own)])


def where(country: str) -> str:
    return places.name_of(country) if country else _("Everywhere else")


def language(code: str) -> str:
    if not code:
        return _("Any language")
    return _(dict(settings.LANGUAGES).get(code, code))


def named(codes: frozenset[str]) -> list[str]:
    return [places.name_of(code) for code in sorted(codes)]


def urls() -> list[URLPattern]:
    """Return the addresses of these screens, below the settings."""
    return [
        path("wordings/", WordingsView.as_view(), name="wordings"),
        path("wordings/add/", EditWordingView.as_view(), name="add_wording"),
        path("wordings/<int:pk>/", EditWordingView.as_view(), name="edit_wording"),
        path("wordings/<int:pk>/delete/", DeleteWordingView.as_view(), name="delete_wording"),
    ]
