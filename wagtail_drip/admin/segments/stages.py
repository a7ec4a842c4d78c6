"""The rules by which customers are told apart as new, loyal, lost …, and how many are in each stage."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.rules_screen import RulesScreen
from wagtail_drip.core import clock
from wagtail_drip.segments import life_stage_actions as actions
from wagtail_drip.segments import life_stages
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.life_stages import Limits

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


class StagesView(RulesScreen):
    template_name = "wagtail_drip/admin/segments/stages.html"
    page_title = gettext_lazy("Stages of your customers")
    header_icon = "group"

    form_class = LimitsForm
    may_see = "wagtail_drip.view_segment"
    may_save = "wagtail_drip.change_segment"
    saved = gettext_lazy("The rules were saved. Everybody is sorted by them in the next minutes.")
    own_url = "wagtail_drip_segments:stages"
    list_url = "wagtail_drip_segments:list"
    list_title = gettext_lazy("Segments")

    def find_rules(self) -> LifeStageRules:
        return actions.rules(now=clock.now())

    def change_rules(self, values: dict[str, Any]) -> None:
        limits = Limits(**values)
        if limits != self.rules.limits:
            actions.change_limits(limits, now=clock.now())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        counted = dict(
            LifeStage.objects.filter(current=1).values_list("stage").annotate(n=Count("pk")).order_by()
        )
        labels, about = dict(LIFE_STAGES), meanings(self.rules)
        return {
            **super().get_context_data(**kwargs),
            "stages": [(name, labels[name], about[name], counted.get(name, 0)) for name in labels],
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
