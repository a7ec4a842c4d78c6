from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin import places
from wagtail_drip.admin.ready import registration
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import State
from wagtail_drip.admin.ready.words import TITLES
from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.compliance import readiness
from wagtail_drip.conf import settings
from wagtail_drip.contacts import phone
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock

# In this order a line asks for attention.
STATES: list[tuple[State, Any, str]] = [
    (State.TO_DO, gettext_lazy("to do"), "critical"),
    (State.UNKNOWN, gettext_lazy("cannot be known here"), "unknown"),
    (State.OK, gettext_lazy("in order"), "ok"),
]


class ReadyView(SiteScreen):
    """One country: that in the address, else where most contacts live, else the site's own; none where it has none."""

    template_name = "wagtail_drip/admin/ready/ready.html"
    header_icon = "check"

    page_title = gettext_lazy("Are you ready to text customers?")

    def get_page_subtitle(self) -> str:
        # In no sentence: some countries' names want an article there, in English and elsewhere.
        return places.name_of(self.place) if self.place else ""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {
            "url": reverse("wagtail_drip_settings:site", args=[self.site.pk]),
            "label": _("Text message settings"),
        }
        return [*self.breadcrumbs_items, above, {"url": "", "label": str(self.page_title)}]

    @cached_property
    def people(self) -> dict[str, int]:
        return contacts.countries()

    @cached_property
    def place(self) -> str:
        asked = self.request.GET.get("country", "").upper()
        if asked in phone.regions():
            return asked
        known = next((country for country in self.people if country in phone.regions()), "")
        return known or core.site_settings(self.site.pk).region or str(settings.DEFAULT_REGION)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = core.site_settings(self.site.pk)
        facts = Facts(row, self.place, self.people.get(self.place, 0), clock.now())
        told = [
            (line, date.fromisoformat(line.read), TITLES[line.check], CHECKS[line.check](facts, line))
            for line in (readiness.lines_for(self.place) if self.place else ())
        ]
        groups = [
            (state, label, style, [each for each in told if each[3].state is state])
            for state, label, style in STATES
        ]
        return {
            **super().get_context_data(**kwargs),
            "place": self.place,
            "country": places.name_of(self.place),
            "people": facts.people,
            "groups": groups,
            "of_contacts": [
                (country, places.name_of(country), n) for country, n in self.people.items() if country
            ],
            "nowhere": self.people.get("", 0),
            "choices": places.countries(),
        }


def urls() -> list[URLPattern]:
    """Return the addresses of this screen and of what is noted on it, below the settings."""
    return [path("<int:site_id>/ready/", ReadyView.as_view(), name="ready"), *registration.urls()]
