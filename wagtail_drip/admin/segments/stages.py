"""The rules by which customers are told apart as new, loyal, lost …, and how many are in each stage."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.core import clock
from wagtail_drip.segments import life_stage_actions as actions
from wagtail_drip.segments import life_stages
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.life_stages import Limits

VIEW, CHANGE = "wagtail_drip.view_segment", "wagtail_drip.change_segment"
MOST_DAYS = 3650


class LimitsForm(forms.Form):
    new_days = forms.IntegerField(
        label=gettext_lazy("New: for so many days after the first order"), min_value=1, max_value=MOST_DAYS
    )
    loyal_orders = forms.IntegerField(
        label=gettext_lazy("Loyal: with at least so many orders"), min_value=2, max_value=1000
    )
    at_risk_days = forms.IntegerField(
        label=gettext_lazy("At risk: after so many days without an order"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=gettext_lazy(
            "For customers with one or two orders. From three orders on, their own habit counts: they are at risk "
            "when they have waited twice as long as they usually do, and at least 14 days."
        ),
    )
    dormant_days = forms.IntegerField(
        label=gettext_lazy("Dormant: after so many days without an order"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("Who orders seldom has longer: three times as long as they usually wait."),
    )
    lost_days = forms.IntegerField(
        label=gettext_lazy("Lost: after so many days without an order"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("Who orders seldom has longer: four times as long as they usually wait."),
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for sooner, later in (("at_risk_days", "dormant_days"), ("dormant_days", "lost_days")):
            if sooner in found and later in found and found[later] <= found[sooner]:
                self.add_error(later, _("Write more days than for the stage before it."))
        return found


class StagesView(WagtailAdminTemplateMixin, TemplateView):
    template_name = "wagtail_drip/admin/segments/stages.html"
    page_title = gettext_lazy("Stages of your customers")
    header_icon = "group"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(VIEW) and not request.user.has_perm(CHANGE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = LimitsForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        limits, now = Limits(**form.cleaned_data), clock.now()
        if limits != actions.rules(now=now).limits:
            actions.change_limits(limits, now=now)
        messages.success(request, _("The rules were saved. Everybody is sorted by them in the next minutes."))
        return redirect("wagtail_drip_segments:stages")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_segments:list"), "label": _("Segments")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rules = actions.rules(now=clock.now())
        counted = dict(
            LifeStage.objects.filter(current=1).values_list("stage").annotate(n=Count("pk")).order_by()
        )
        labels, about = dict(LIFE_STAGES), meanings(rules)
        return {
            "form": LimitsForm(initial={name: getattr(rules, name) for name in LimitsForm.base_fields}),
            **super().get_context_data(**kwargs),
            "rules": rules,
            "stages": [(name, labels[name], about[name], counted.get(name, 0)) for name in labels],
            "may_change": self.request.user.has_perm(CHANGE),
            "may_see_people": self.request.user.has_perm("wagtail_drip.view_contact"),
        }


def meanings(rules: LifeStageRules) -> dict[str, str]:
    """Return who is in each stage, as one reads it."""
    return {
        life_stages.LEAD: _("Has not ordered yet, or has cancelled every order."),
        life_stages.NEW: _("First ordered less than %(n)s days ago.") % {"n": rules.new_days},
        life_stages.ACTIVE: _("Has ordered, and is in none of the other stages."),
        life_stages.LOYAL: _("Has at least %(n)s orders, and is not late.") % {"n": rules.loyal_orders},
        life_stages.AT_RISK: _("Later than usual, or %(n)s days without an order.")
        % {"n": rules.at_risk_days},
        life_stages.DORMANT: _("%(n)s days without an order, or longer.") % {"n": rules.dormant_days},
        life_stages.LOST: _("%(n)s days without an order, or longer.") % {"n": rules.lost_days},
    }
