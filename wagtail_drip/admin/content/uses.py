"""Where a saved message is used, told while it is edited; and what becomes of its old words once it is published."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin.panels import Panel
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.admin.sequences import usage
from wagtail_drip.admin.sequences.switching import PUBLISH
from wagtail_drip.admin.sequences.usage import Use
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import clock
from wagtail_drip.core.listed import listed
from wagtail_drip.sequences import actions as sequences


def in_words(uses: list[Use]) -> str:
    """Return "Used in 3 running sequences; 120 people have it before them."."""
    waiting = sum(use.waiting for use in uses)
    where = ngettext("Used in %(n)d running sequence", "Used in %(n)d running sequences", len(uses))
    people = ngettext("%(n)d person waits for it", "%(n)d people wait for it", waiting)
    return _("%(where)s, %(people)s.") % {
        "where": where % {"n": len(uses)},
        "people": people % {"n": waiting},
    }


class UsesPanel(Panel):
    """Says above the form who would be concerned by other words."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_drip/admin/content/uses_panel.html"

        @cached_property
        def uses(self) -> list[Use]:
            return usage.uses(self.instance) if self.instance.pk else []

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            return {**context, "uses": self.uses, "words": in_words(self.uses)}

        def is_shown(self) -> bool:
            return bool(self.uses)


class UsesView(WagtailAdminTemplateMixin, TemplateView):
    """Asks which sequences take the new words over; the others keep the words they were published with."""

    template_name = "wagtail_drip/admin/content/uses.html"
    page_title = gettext_lazy("Where it is used")
    header_icon = "mail"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        self.saved = get_object_or_404(MessageTemplate, pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def uses(self) -> list[Use]:
        return usage.uses(self.saved)

    def get_page_subtitle(self) -> str:
        return self.saved.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_saved_messages:list"), "label": _("Saved messages")},
            {
                "url": reverse("wagtail_drip_saved_messages:edit", args=[self.saved.pk]),
                "label": self.saved.name,
            },
            {"url": "", "label": _("Where it is used")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "saved": self.saved,
            "uses": self.uses,
            "words": in_words(self.uses),
            "back_url": reverse("wagtail_drip_saved_messages:list"),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = set(request.POST.getlist("sequence"))
        chosen = [use.sequence for use in self.uses if str(use.sequence.pk) in wanted]
        now = clock.now()
        changed = [each for each in chosen if sequences.take_over_saved_messages(each.pk, now=now)]
        unchanged = [each.name for each in chosen if each not in changed]
        if changed:
            messages.success(
                request,
                _("These send the new words from now on: %(names)s.")
                % {"names": listed(each.name for each in changed)},
            )
        if unchanged:
            messages.warning(
                request,
                _("These send what they sent before: %(names)s. If publishing failed, their page says why.")
                % {"names": listed(unchanged)},
            )
        if not chosen:
            messages.success(
                request, _("Everything that runs keeps the old words until it is published again.")
            )
        return redirect("wagtail_drip_saved_messages:list")
