"""Names of countries, which are CLDR's, and of the states that have hours of their own, in the editor's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language, pgettext_lazy, to_locale
from django.utils.translation import gettext as _

from wagtail_drip.compliance import letters
from wagtail_drip.contacts import phone

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
    """Return the code and name of every country that has telephone numbers, by name whatever its accents, to choose from."""
    return sorted(((code, name_of(code)) for code in phone.regions()), key=lambda each: letters.bare(each[1]))


def name_of(place: str) -> str:
    """Return the name of "US" or "US-TX"; the code of what has no name."""
    country, _dash, state = place.partition("-")
    known = _names(get_language() or "en").get(country, country)
    if not state:
        return known
    return _("%(country)s: %(state)s") % {"country": known, "state": STATES.get(place, state)}


@cache
def _names(language: str) -> Mapping[str, str]:
    try:
        return Locale.parse(to_locale(language)).territories
    except UnknownLocaleError:
        return Locale("en").territories
