"""Legal hours and blackout dates in the database, and how a pass reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from wagtail_drip.compliance import jurisdictions, rulebook, time_actions
from wagtail_drip.compliance.jurisdictions import Standing
from wagtail_drip.compliance.models import BlackoutDate, LegalHours
from wagtail_drip.compliance.quiet_hours import week_of
from wagtail_drip.compliance.time_actions import LegalHoursDraft, LooserNeedsReading

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
DAILY = {str(day): [["10:00", "18:00"]] for day in range(7)}


def draft(**fields: Any) -> LegalHoursDraft:
    given = {"country": "US", "subdivision": "NY", "week": DAILY, "source": "our lawyer", "read_on": TODAY}
    return LegalHoursDraft(**{**given, **fields})


def test_an_owners_stricter_hours_stand_instead_of_the_shipped_ones() -> None:
    time_actions.change_legal_hours(draft(), by="ada", now=NOW)

    rule = rulebook.read(TODAY).binding("US", "NY", is_marketing=False)

    assert rule is not None
    assert (rule.place, rule.week, rule.source) == ("US-NY", week_of(DAILY), "our lawyer")
    assert rulebook.read(TODAY).binding("US", "GA", is_marketing=False) == jurisdictions.RULES["US"]
    row = LegalHours.objects.get()
    assert (row.edited_by, row.edited_at) == ("ada", NOW)


OURS = jurisdictions.RULES["US"]
READ_BY_US = date.fromisoformat(OURS.read)
LATE = {str(day): [["06:00", "23:00"]] for day in range(7)}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"reason": "  "}, id="that say nothing of what has changed"),
        pytest.param({"read_on": READ_BY_US - timedelta(days=1)}, id="by a reading older than ours"),
        pytest.param(
            {"source": OURS.source.upper() + " ", "url": OURS.url, "read_on": READ_BY_US},
            id="by our own reading",
        ),
        pytest.param({"read_on": TODAY + timedelta(days=2)}, id="by a reading to come"),
    ],
)
def test_looser_hours_are_refused(fields: dict[str, Any]) -> None:
    time_actions.change_legal_hours(draft(), by="ada", now=NOW)
    given = {"week": LATE, "source": "Telephone Act of 2026", "reason": "Section 3 is new", **fields}

    with pytest.raises(LooserNeedsReading, match="US NY"):
        time_actions.change_legal_hours(draft(**given), by="bob", now=NOW)

    assert LegalHours.objects.get().edited_by == "ada"
    assert rulebook.read(TODAY).binding("US", "NY", is_marketing=True).week == week_of(DAILY)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"read_on": READ_BY_US}, id="another source, read when we read ours"),
        pytest.param({"source": OURS.source, "url": OURS.url}, id="our source, read anew"),
        pytest.param(
            {"source": OURS.source, "url": "https://law.example/1", "read_on": READ_BY_US}, id="elsewhere"
        ),
    ],
)
def test_looser_hours_stand_by_a_reading_of_the_owners_own(fields: dict[str, Any]) -> None:
    given = {"week": LATE, "reason": "Section 3 is new", **fields}

    row = time_actions.change_legal_hours(draft(**given), by="ada", now=NOW)

    rule = rulebook.read(TODAY).binding("US", "NY", is_marketing=True)
    assert rule is not None
    assert rule.week == week_of(LATE)
    assert jurisdictions.standing(rule) is Standing.LOOSER
    assert row.reason == "Section 3 is new"


def test_stricter_hours_need_no_reading() -> None:
    ours = {"source": OURS.source, "url": OURS.url, "read_on": READ_BY_US, "reason": ""}

    time_actions.change_legal_hours(draft(**ours), by="ada", now=NOW)

    rule = rulebook.read(TODAY).legal["US-NY"]
    assert jurisdictions.standing(rule) is Standing.NO_LOOSER


def test_looser_hours_that_came_in_by_another_way_are_known_to_rest_on_nothing() -> None:
    LegalHours.objects.create(
        country="US", week=LATE, source="somebody", read_on=READ_BY_US - timedelta(days=1), edited_at=NOW
    )

    assert jurisdictions.standing(rulebook.read(TODAY).legal["US"]) is Standing.UNREAD


def test_a_second_change_of_a_place_replaces_the_first() -> None:
    time_actions.change_legal_hours(draft(), by="ada", now=NOW)
    time_actions.change_legal_hours(draft(source="another lawyer"), by="bob", now=NOW)

    assert list(LegalHours.objects.values_list("source", "edited_by")) == [("another lawyer", "bob")]


def test_restoring_goes_back_to_what_is_shipped() -> None:
    time_actions.change_legal_hours(draft(subdivision="TX", reason="read anew"), by="ada", now=NOW)

    assert time_actions.restore_legal_hours("US", "TX") is True
    assert time_actions.restore_legal_hours("US", "TX") is False
    assert rulebook.read(TODAY).binding("US", "TX", is_marketing=True) == jurisdictions.RULES["US-TX"]


def test_hours_that_make_no_sense_leave_the_shipped_ones_in_force(caplog: pytest.LogCaptureFixture) -> None:
    time_actions.change_legal_hours(draft(subdivision="TX", reason="read anew"), by="ada", now=NOW)
    LegalHours.objects.update(week={"0": "nonsense"})

    assert rulebook.read(TODAY).binding("US", "TX", is_marketing=True) == jurisdictions.RULES["US-TX"]
    assert "US-TX" in caplog.text


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        pytest.param(date(2026, 11, 20), date(2026, 11, 20), False, id="over"),
        pytest.param(date(2026, 11, 20), date(2026, 11, 22), True, id="still on somewhere in the world"),
        pytest.param(date(2026, 11, 20), date(2026, 12, 31), True, id="on"),
        pytest.param(date(2027, 11, 20), date(2027, 11, 20), True, id="next year"),
        pytest.param(date(2028, 11, 20), date(2028, 11, 20), False, id="far off"),
    ],
)
def test_a_pass_reads_the_blackout_dates_that_may_matter(begins: date, ends: date, expected: bool) -> None:
    time_actions.save_blackout(name="Closed", begins_on=begins, ends_on=ends)

    found = rulebook.read(TODAY).black_dates(1, None, "promotional")

    assert bool(found) is expected


def test_a_blackout_date_is_changed_and_deleted(site_id: int) -> None:
    row = time_actions.save_blackout(name="Closed", begins_on=TODAY, ends_on=TODAY)

    time_actions.save_blackout(
        name="Mourning", begins_on=TODAY, ends_on=TODAY, site_id=site_id, purposes={"survey"}, pk=row.pk
    )

    (read,) = rulebook.read(TODAY).blackouts
    assert (read.name, read.site_id, read.purposes) == ("Mourning", site_id, {"survey"})
    assert time_actions.delete_blackout(row.pk) is True
    assert rulebook.read(TODAY).blackouts == ()


def test_a_blackout_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends_on"):
        time_actions.save_blackout(name="Odd", begins_on=TODAY, ends_on=date(2026, 11, 22))
    with pytest.raises(IntegrityError), transaction.atomic():
        BlackoutDate.objects.create(name="Odd", begins_on=TODAY, ends_on=date(2026, 11, 22))


def test_a_pass_reads_its_rules_in_two_queries_however_many_there_are(
    django_assert_num_queries: Any,
) -> None:
    for state in ("NY", "TX", "FL", "KY"):
        time_actions.change_legal_hours(draft(subdivision=state, reason="-"), by="ada", now=NOW)
        time_actions.save_blackout(name=state, begins_on=TODAY, ends_on=TODAY)

    with django_assert_num_queries(2):
        rulebook.read(TODAY)
