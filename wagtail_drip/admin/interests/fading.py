"""How long what people did says what they care about, and how much it takes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.events import catalogue
from wagtail_drip.stores import interest_actions as actions
from wagtail_drip.stores.interest_signs import Fading

VIEW, CHANGE = "wagtail_drip.view_interest", "wagtail_drip.change_interest"


class FadingForm(forms.Form):
    half_life_days = forms.IntegerField(
        label=gettext_lazy("After so many days, what somebody did counts half"),
        min_value=1,
        max_value=365,
        help_text=gettext_lazy(
            "After twice as many a quarter, and so on: 30 suits most shops, 90 what is bought seldom."
        ),
    )
    least_points = forms.IntegerField(
        label=gettext_lazy("With more points than this, somebody is interested"), min_value=1, max_value=1000
    )


class FadingView(WagtailAdminTemplateMixin, TemplateView):
    template_name = "wagtail_drip/admin/interests/fading.html"
    page_title = gettext_lazy("How interests fade")
    header_icon = "time"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(VIEW) and not request.user.has_perm(CHANGE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = FadingForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        fading = Fading(**form.cleaned_data)
        if fading != actions.rules().fading:
            actions.change_fading(fading)
        messages.success(request, _("This was saved. Everybody is looked at by it in the next minutes."))
        return redirect("wagtail_drip_interests:fading")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_interests:list"), "label": _("Interests")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rules, signs = actions.rules(), catalogue.signs_of_interest()
        known = {each.name: each.label for each in catalogue.all_types()}
        return {
            "form": FadingForm(
                initial={"half_life_days": rules.half_life_days, "least_points": rules.least_points}
            ),
            **super().get_context_data(**kwargs),
            "signs": sorted(
                ((str(known[name]), points, _lasts(points, rules.fading)) for name, points in signs.items()),
                key=lambda sign: (-sign[1], sign[0]),
            ),
            "is_recounting": rules.recount_from is not None,
            "may_change": self.request.user.has_perm(CHANGE),
        }


def _lasts(points: int, fading: Fading) -> int | None:
    """Return for how many whole days one such sign alone makes an interest; None where it is too little."""
    days = fading.days(points)
    return int(days) if days is not None and days > 0 else None
