from __future__ import annotations

import logging

import pytest

from wagtail_drip.events import harmless as module
from wagtail_drip.events.harmless import harmless


@pytest.fixture(autouse=True)
def _nothing_was_logged_yet():
    module._logged.clear()


def test_what_fails_inside_is_logged_without_its_words_and_goes_no_further(caplog):
    @harmless
    def receiver(**_):
        raise ValueError("+447400123456")

    with caplog.at_level(logging.ERROR):
        receiver()

    assert len(caplog.messages) == 1
    assert "ValueError" in caplog.text
    assert "+447400123456" not in caplog.text


def test_the_same_cause_is_logged_once_a_minute(caplog, monkeypatch):
    moment = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: moment)

    @harmless
    def receiver(kind, **_):
        raise kind

    for _ in range(3):
        receiver(ValueError())
    receiver(KeyError())
    moment += 60
    receiver(ValueError())

    assert [each.split(" with ")[1].split(";")[0] for each in caplog.messages] == [
        "ValueError",
        "KeyError",
        "ValueError",
    ]


@pytest.mark.parametrize(
    ("switch", "kwargs", "runs"),
    [
        pytest.param(True, {}, True, id="as usual"),
        pytest.param(False, {}, False, id="switched off"),
        pytest.param(True, {"raw": True}, False, id="a fixture is loading"),
        pytest.param(True, {"raw": False}, True, id="no fixture is loading"),
    ],
)
def test_it_runs(settings, switch, kwargs, runs):
    settings.WAGTAIL_DRIP = {"ENABLED": switch}
    seen = []

    harmless(lambda **_: seen.append(1))(**kwargs)

    assert bool(seen) is runs


def test_settings_that_are_no_dict_harm_nobody_either(settings, caplog):
    settings.WAGTAIL_DRIP = ["not a dict"]

    harmless(lambda: None)()

    assert "ImproperlyConfigured" in caplog.text
