"""Names of countries and states that have hours of their own. Others are shown by their code."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from wagtail_drip.contacts import phone

COUNTRIES: dict[str, Any] = {
    "AE": gettext_lazy("United Arab Emirates"),
    "AT": gettext_lazy("Austria"),
    "AU": gettext_lazy("Australia"),
    "BE": gettext_lazy("Belgium"),
    "BR": gettext_lazy("Brazil"),
    "CA": gettext_lazy("Canada"),
    "CH": gettext_lazy("Switzerland"),
    "CN": gettext_lazy("China"),
    "DE": gettext_lazy("Germany"),
    "DK": gettext_lazy("Denmark"),
    "ES": gettext_lazy("Spain"),
    "FI": gettext_lazy("Finland"),
    "FR": gettext_lazy("France"),
    "GB": gettext_lazy("United Kingdom"),
    "HK": gettext_lazy("Hong Kong"),
    "IE": gettext_lazy("Ireland"),
    "IN": gettext_lazy("India"),
    "IT": gettext_lazy("Italy"),
    "JP": gettext_lazy("Japan"),
    "KR": gettext_lazy("South Korea"),
    "MX": gettext_lazy("Mexico"),
    "NL": gettext_lazy("Netherlands"),
    "NO": gettext_lazy("Norway"),
    "NZ": gettext_lazy("New Zealand"),
    "PL": gettext_lazy("Poland"),
    "PR": gettext_lazy("Puerto Rico"),
    "PT": gettext_lazy("Portugal"),
    "SA": gettext_lazy("Saudi Arabia"),
    "SE": gettext_lazy("Sweden"),
    "SG": gettext_lazy("Singapore"),
    "TR": gettext_lazy("Türkiye"),
    "TW": gettext_lazy("Taiwan"),
    "US": gettext_lazy("United States"),
    "ZA": gettext_lazy("South Africa"),
}

STATES: dict[str, Any] = {
    "US-AL": pgettext_lazy("state", "Alabama"),
    "US-CA": pgettext_lazy("state", "California"),
    "US-CT": pgettext_lazy("state", "Connecticut"),
    "US-FL": pgettext_lazy("state", "Florida"),
    "US-IL": pgettext_lazy("state", "Illinois"),
    "US-KY": pgettext_lazy("state", "Kentucky"),
    "US-LA": pgettext_lazy("state", "Louisiana"),
    "US-MA": pgettext_lazy("state", "Massachusetts"),
    "US-MD": pgettext_lazy("state", "Maryland"),
    "US-MI": pgettext_lazy("state", "Michigan"),
    "US-MN": pgettext_lazy("state", "Minnesota"),
    "US-MS": pgettext_lazy("state", "Mississippi"),
    "US-NE": pgettext_lazy("state", "Nebraska"),
    "US-NJ": pgettext_lazy("state", "New Jersey"),
    "US-NM": pgettext_lazy("state", "New Mexico"),
    "US-NV": pgettext_lazy("state", "Nevada"),
    "US-OK": pgettext_lazy("state", "Oklahoma"),
    "US-PA": pgettext_lazy("state", "Pennsylvania"),
    "US-RI": pgettext_lazy("state", "Rhode Island"),
    "US-SD": pgettext_lazy("state", "South Dakota"),
    "US-TX": pgettext_lazy("state", "Texas"),
    "US-UT": pgettext_lazy("state", "Utah"),
    "US-WA": pgettext_lazy("state", "Washington"),
    "US-WY": pgettext_lazy("state", "Wyoming"),
}


def countries() -> list[tuple[str, str]]:
    """Return the code and name of every country that has telephone numbers, by name, to choose from."""
    return sorted(((code, name_of(code)) for code in phone.regions()), key=lambda each: each[1])


def name_of(place: str) -> str:
    """Return the name of "US" or "US-TX"; its code where we have none."""
    country, _dash, state = place.partition("-")
    known = str(COUNTRIES.get(country, country))
    if not state:
        return known
    return _("%(country)s: %(state)s") % {"country": known, "state": STATES.get(place, state)}
