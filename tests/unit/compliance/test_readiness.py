"""What is asked before a country is texted: each line has a source, a check and a title."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.words import REGISTRATION, TITLES
from wagtail_drip.compliance import keywords, readiness
from wagtail_drip.compliance.readiness import LINES
from wagtail_drip.contacts import phone


@pytest.mark.parametrize(
    "line", LINES, ids=[f"{line.check}-{'-'.join(sorted(line.places))}" for line in LINES]
)
def test_each_line_has_a_check_a_title_a_source_and_a_day(line: readiness.Line) -> None:
    assert line.check in CHECKS
    assert line.check in TITLES
    assert line.source
    assert date.fromisoformat(line.read) <= datetime.now(tz=UTC).date()
    assert line.places <= phone.regions()
    assert line.check != "registration" or line.says in REGISTRATION


def test_no_country_is_asked_the_same_twice_and_each_is_asked_all_that_counts_everywhere() -> None:
    for place in phone.regions():
        asked = [line.check for line in readiness.lines_for(place)]

        assert len(asked) == len(set(asked))
        assert set(CHECKS) - {"registration"} <= set(asked)


def test_a_countrys_own_line_stands_instead_of_that_for_everywhere() -> None:
    (american,) = [line for line in readiness.lines_for("US") if line.check == "consent"]
    (french,) = [line for line in readiness.lines_for("FR") if line.check == "consent"]

    assert american.source.startswith("47 CFR 64.1200")
    assert french.source.startswith("GDPR")


def test_the_languages_are_those_of_the_stop_words() -> None:
    known = {each for names in keywords.STOP for each in names.split(", ")}

    assert {each for place in phone.regions() for each in readiness.languages_of(place)} <= known
