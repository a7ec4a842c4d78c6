from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from wagtail_drip.admin import places
from wagtail_drip.admin.sending_times import effect, grid, legal, looser
from wagtail_drip.admin.sending_times.effect import Variant
from wagtail_drip.admin.sending_times.week_form import WeekForm
from wagtail_drip.admin.site_screen import CHANGE, SiteScreen, menu_item_for
from wagtail_drip.compliance import rulebook, times
from wagtail_drip.compliance.jurisdictions import Kind
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock, windows
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.states import DeferReason

PRESETS = {
    "three": (gettext_lazy("Three good windows"), windows.three_good_windows),
    "wide": (gettext_lazy("All day"), windows.default_windows),
    "business": (gettext_lazy("Business hours"), windows.business_hours),
}


class SendingTimesView(SiteScreen):
    """
    The week of a site. What is posted is saved, tried (``preview``), filled in (``preset``) or only measured
    (``effect``, which answers with the figures alone and is what the page asks for while somebody types).
    """

    template_name = "wagtail_drip/admin/sending_times/week.html"
    page_title = gettext_lazy("Sending times")
    header_icon = "time"

    @cached_property
    def row(self) -> SiteSettings:
        return core.site_settings(self.site.pk)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = WeekForm(request.POST, row=self.row)
        action = request.POST.get("action", "save")
        is_valid = form.is_valid()
        if action == "effect":
            context = {"effects": self.effects(form)}
            return render(request, "wagtail_drip/admin/sending_times/effect.html", context)
        preset = PRESETS.get(request.POST.get("preset", ""))
        if preset is not None:
            form = WeekForm(row=self.row, windows=preset[1]())
            return self.render_to_response(self.get_context_data(form=form, is_tried=True))
        if not is_valid:
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        if action == "preview":
            return self.render_to_response(self.get_context_data(form=form, is_tried=True))
        found = form.cleaned_data
        core.change_site_settings(
            self.site.pk,
            windows=found["windows"],
            holidays=found["holidays"],
            spread_minutes=found["spread_minutes"],
        )
        # What waits for the old times asks again by the new ones.
        messaging.ask_again(
            site_id=self.site.pk,
            reasons=[DeferReason.SEND_WINDOW, DeferReason.BLACKOUT_DATE],
            now=clock.now(),
        )
        messages.success(request, _("The sending times were saved."))
        return redirect("wagtail_drip_sending_times:site", site_id=self.site.pk)

    def effects(self, form: WeekForm) -> dict[str, Any]:
        """Return what is saved, and what stands in the form, do to the last 30 days; nothing of a broken form."""
        saved = Variant(self.row.windows, self.row.holidays)
        tried = saved
        if form.is_bound and form.is_valid():
            tried = Variant(form.cleaned_data["windows"], form.cleaned_data["holidays"])
        elif form.is_bound:
            return {}
        else:
            tried = Variant(form.windows, self.row.holidays)
        variants = [saved] if tried == saved else [saved, tried]
        measured = effect.measure(self.row, variants, now=clock.now())
        return {"saved": measured[0], "tried": measured[1] if len(measured) > 1 else None}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form: WeekForm = kwargs.get("form") or WeekForm(row=self.row)
        is_fine = form.is_bound and form.is_valid()
        week = times.week_of(form.cleaned_data["windows"] if is_fine else form.windows)
        rules = rulebook.read().legal
        place = self.request.GET.get("place", self.row.region)
        rule = rules.get(place)
        open_bars = grid.open_bars(week)
        closed = grid.closed_bars(rule.week) if rule else [[] for _day in range(7)]
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "days": [{**day, "open": open_bars[n], "closed": closed[n]} for n, day in enumerate(form.days)],
            "hours": range(0, 25, 3),
            "presets": [(slug, label) for slug, (label, _week) in PRESETS.items()],
            "effects": self.effects(form),
            "rule": rule,
            "warned": looser.warning(rule) if rule else "",
            "rule_is_advice": rule is not None and rule.kind is Kind.BEST,
            "place": place,
            "place_name": places.name_of(place) if place else "",
            "places": sorted(((code, places.name_of(code)) for code in rules), key=lambda pair: pair[1]),
        }


class SendingTimesViewSet(ViewSet):
    name = "wagtail_drip_sending_times"
    url_prefix = "text-messages/sending-times"
    icon = "time"
    menu_label = gettext_lazy("Sending times")
    menu_order = 700

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", SendingTimesView.as_view(), name="index"),
            path("<int:site_id>/", SendingTimesView.as_view(), name="site"),
            path("legal/", legal.LegalHoursView.as_view(), name="legal"),
            path("legal/add/", legal.EditLegalHoursView.as_view(), name="add_legal"),
            path("legal/<str:place>/", legal.EditLegalHoursView.as_view(), name="edit_legal"),
            path("legal/<str:place>/restore/", legal.RestoreView.as_view(), name="restore_legal"),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return menu_item_for(CHANGE)
