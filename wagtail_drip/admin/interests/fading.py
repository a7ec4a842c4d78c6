"""How long what people did says what they care about, and how much it takes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.rules_screen import RulesScreen
from wagtail_drip.events import catalogue
from wagtail_drip.stores import interest_actions as actions
from wagtail_drip.stores.interest_models import InterestRules
from wagtail_drip.stores.interest_signs import Fading


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


class FadingView(RulesScreen):
    template_name = "wagtail_drip/admin/interests/fading.html"
    page_title = gettext_lazy("How interests fade")
    header_icon = "time"

    form_class = FadingForm
    may_see = "wagtail_drip.view_interest"
    may_save = "wagtail_drip.change_interest"
    saved = gettext_lazy("This was saved. Everybody is looked at by it in the next minutes.")
    own_url = "wagtail_drip_interests:fading"
    list_url = "wagtail_drip_interests:list"
    list_title = gettext_lazy("Interests")

    def find_rules(self) -> InterestRules:
        return actions.rules()

    def change_rules(self, values: dict[str, Any]) -> None:
        fading = Fading(**values)
        if fading != self.rules.fading:
            actions.change_fading(fading)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        signs = catalogue.signs_of_interest()
        known = {each.name: each.label for each in catalogue.all_types()}
        return {
            **super().get_context_data(**kwargs),
            "signs": sorted(
                (
                    (str(known[name]), points, _lasts(points, self.rules.fading))
                    for name, points in signs.items()
                ),
                key=lambda sign: (-sign[1], sign[0]),
            ),
            "is_recounting": self.rules.recount_from is not None,
        }


def _lasts(points: int, fading: Fading) -> int | None:
    """Return for how many whole days one such sign alone makes an interest; None where it is too little."""
    days = fading.days(points)
    return int(days) if days is not None and days > 0 else None
