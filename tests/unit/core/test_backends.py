from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from wagtail_drip.core import backends
from wagtail_drip.gateways import registry
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.memory import MemoryGateway

MEMORY = "wagtail_drip.gateways.memory.MemoryGateway"


def configured(**gateways: Any) -> override_settings:
    return override_settings(WAGTAIL_DRIP={"GATEWAYS": gateways})


def test_the_same_spec_gives_the_same_instance() -> None:
    with configured(one={"BACKEND": MEMORY}, two={"BACKEND": MEMORY}):
        assert registry.aliases() == ["one", "two"]
        assert isinstance(registry.get("one"), MemoryGateway)
        assert registry.get("one") is registry.get("one")
        assert registry.get("one") is not registry.get("two")
        assert registry.get("two").alias == "two"


def test_another_spec_gives_another_instance() -> None:
    with configured(one={"BACKEND": MEMORY, "OPTIONS": {"max_recipients": 2}}):
        first = registry.get("one")
    with configured(one={"BACKEND": MEMORY, "OPTIONS": {"max_recipients": 3}}):
        second = registry.get("one")

    assert (first.capabilities.max_recipients, second.capabilities.max_recipients) == (2, 3)


def test_options_that_are_changed_in_place_are_noticed() -> None:
    options = {"max_recipients": 2}
    with configured(one={"BACKEND": MEMORY, "OPTIONS": options}):
        registry.get("one")
        options["max_recipients"] = 3

        assert registry.get("one").capabilities.max_recipients == 3


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("x", 'must be a dict with a dotted path under "BACKEND"', id="not a dict"),
        pytest.param({}, 'must be a dict with a dotted path under "BACKEND"', id="no backend"),
        pytest.param({"BACKEND": "no.such.Thing"}, '["BACKEND"] cannot be imported', id="no such module"),
        pytest.param(
            {"BACKEND": "wagtail_drip.gateways.memory.Nothing"},
            '["BACKEND"] cannot be imported',
            id="no such name",
        ),
        pytest.param(
            {"BACKEND": "decimal.Decimal"},
            '["BACKEND"] is not a wagtail_drip.gateways.base.Gateway',
            id="something else",
        ),
        pytest.param(
            {"BACKEND": "wagtail_drip.gateways.memory.reset"},
            '["BACKEND"] is not a wagtail_drip.gateways.base.Gateway',
            id="a function",
        ),
        pytest.param(
            {"BACKEND": MEMORY, "OPTIONS": []}, '["OPTIONS"] must be a dict', id="options in a list"
        ),
        pytest.param(
            {"BACKEND": MEMORY, "option": {}}, 'only "BACKEND" and "OPTIONS", not option', id="misspelt"
        ),
    ],
)
def test_a_wrong_spec_is_named(spec: Any, said: str) -> None:
    with configured(uk=spec), pytest.raises(ImproperlyConfigured) as caught:
        backends.get("GATEWAYS", "uk", base=Gateway)  # type: ignore[type-abstract]

    assert 'WAGTAIL_DRIP["GATEWAYS"]["uk"]' in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_alias_is_named_with_those_that_exist() -> None:
    with configured(uk={"BACKEND": MEMORY}), pytest.raises(ImproperlyConfigured) as caught:
        registry.get("us")

    assert str(caught.value) == 'WAGTAIL_DRIP["GATEWAYS"]["us"] is missing. Configured are: uk.'
