"""Places are shown by their names, whoever reads."""

from __future__ import annotations

import pytest
from django.utils import translation
from wagtail.admin.localization import WAGTAILADMIN_PROVIDED_LANGUAGES

from wagtail_drip.admin import places


@pytest.mark.parametrize("language", [code for code, _ in WAGTAILADMIN_PROVIDED_LANGUAGES])
def test_every_country_has_a_name_in_every_language_of_the_admin(language: str) -> None:
    with translation.override(language):
        assert [code for code, name in places.countries() if name == code] == []


@pytest.mark.parametrize(
    ("language", "place", "name"),
    [
        ("en", "DE", "Germany"),
        ("en", "US-TX", "United States: Texas"),
        ("en", "US-XX", "United States: XX"),
        ("en", "", ""),
        ("en", "QZ", "QZ"),
        ("zh-hans", "DE", "德国"),
        ("zh-hans", "US-TX", "美国：得克萨斯州"),
        ("pt-br", "DE", "Alemanha"),
        ("de-li", "DE", "Deutschland"),  # of which CLDR has no names of its own
        ("tlh", "DE", "Germany"),
    ],
)
def test_a_place_is_named_in_the_language_of_who_reads(language: str, place: str, name: str) -> None:
    with translation.override(language):
        assert places.name_of(place) == name


def test_an_accent_does_not_put_a_country_at_the_end() -> None:
    names = [name for _, name in places.countries()]
    assert names.index("Albania") == names.index("Åland Islands") + 1
    assert names.index("Türkiye") < names.index("Turkmenistan")
