from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from wagtail_drip.admin.often.forms import OftenForm
from wagtail_drip.admin.site_screen import CHANGE, SiteScreen, menu_item_for
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.frequency_caps import Rules, rules_of
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import cap_effects
from wagtail_drip.messaging.cap_effects import Effect


class OftenView(SiteScreen):
    """How often one person is texted, with what it would have done in the last 30 days."""

    template_name = "wagtail_drip/admin/often/edit.html"
    page_title = gettext_lazy("How often")
    header_icon = "time"

    @cached_property
    def rules(self) -> Rules:
        now = clock.now()
        row = core.site_settings(self.site.pk)
        return compliance.rules([row], now=now, since=now - cap_effects.LOOKS_BACK)[self.site.pk]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = OftenForm(request.POST, rules=self.rules)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        if request.POST.get("action") == "try":
            tried = rules_of(form.caps(), events=self.rules.events)
            return self.render_to_response(self.get_context_data(form=form, tried=tried))
        core.change_site_settings(self.site.pk, caps=form.caps())
        messaging.ask_caps_again(self.site.pk, now=clock.now())
        messages.success(request, _("How often people are texted was saved."))
        return redirect("wagtail_drip_often:site", site_id=self.site.pk)

    def get_context_data(self, *, tried: Rules | None = None, **kwargs: Any) -> dict[str, Any]:
        asked = cap_effects.demand(self.site.pk, now=clock.now())
        effects: list[tuple[Any, Effect]] = [
            (_("As it is saved"), cap_effects.effect(asked, self.rules)),
        ]
        if tried is not None:
            effects.append((_("As you have written it"), cap_effects.effect(asked, tried)))
        return {
            "form": OftenForm(rules=self.rules),
            **super().get_context_data(**kwargs),
            "effects": effects,
            "demand": asked,
            "most_texts": cap_effects.MOST_TEXTS,
            "is_tried": tried is not None,
        }


class OftenViewSet(ViewSet):
    name = "wagtail_drip_often"
    url_prefix = "text-messages/how-often"
    icon = "time"
    menu_label = gettext_lazy("How often")
    menu_order = 710

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", OftenView.as_view(), name="index"),
            path("<int:site_id>/", OftenView.as_view(), name="site"),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return menu_item_for(CHANGE)
