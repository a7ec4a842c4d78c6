"""The calendar: what stands in a month, and how days without texts are added, changed and taken away."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Site

from wagtail_drip.admin.calendar import month
from wagtail_drip.admin.calendar.entries import Entry
from wagtail_drip.compliance import time_actions
from wagtail_drip.compliance.models import BlackoutDate
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

DAY = date(2026, 12, 8)


def page(client: Any, **query: str) -> str:
    response = client.get(reverse("wagtail_drip_calendar:index"), query)
    assert response.status_code == 200
    return str(response.content.decode())


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "Stocktaking", "begins_on": "2026-12-08", "ends_on": "2026-12-10", **fields}


def test_a_month_shows_days_without_texts_and_the_holidays_of_the_sites_country(
    admin_client: Any, site_id: int
) -> None:
    core.change_site_settings(site_id, region="GB")
    time_actions.save_blackout(name="Stocktaking", begins_on=DAY, ends_on=DAY + timedelta(days=2))

    december = page(admin_client, month="2026-12").partition("<tbody>")[2].partition("</tbody>")[0]
    november = page(admin_client, month="2026-11").partition("<tbody>")[2].partition("</tbody>")[0]

    assert december.count("Stocktaking") == 3
    assert "Boxing Day" in december
    assert "Stocktaking" not in november


@pytest.mark.parametrize("asked", ["", "nonsense", "2026-13", "0001-01", "9999-12"])
def test_a_month_that_is_none_is_this_one(admin_client: Any, site_id: int, asked: str) -> None:
    assert f'datetime="{clock.now():%Y-%m}-15"' in page(admin_client, month=asked)


def test_days_without_texts_are_added(admin_client: Any, site_id: int) -> None:
    sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
    url = reverse("wagtail_drip_calendar:add_blackout", args=[site_id])

    response = admin_client.post(url, form(purposes=["promotional"], sequences=[sequence.pk]))

    assert response.url == reverse("wagtail_drip_calendar:site", args=[site_id]) + "?month=2026-12"
    row = BlackoutDate.objects.get()
    assert (row.begins_on, row.ends_on, row.site_id) == (DAY, DAY + timedelta(days=2), site_id)
    assert (row.purposes, row.sequences) == (["promotional"], [sequence.pk])


def test_one_day_needs_no_last_day(admin_client: Any, site_id: int) -> None:
    admin_client.post(reverse("wagtail_drip_calendar:add_blackout", args=[site_id]), form(ends_on=""))

    assert BlackoutDate.objects.get().ends_on == DAY


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ends_on": "2026-12-07"}, "The last day is before the first."),
        ({"begins_on": "soon"}, "Enter a valid date."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_saved(
    admin_client: Any, site_id: int, wrong: dict[str, str], words: str
) -> None:
    response = admin_client.post(reverse("wagtail_drip_calendar:add_blackout", args=[site_id]), form(**wrong))

    assert words in response.content.decode()
    assert not BlackoutDate.objects.exists()


def test_they_are_changed_and_deleted_after_a_question(admin_client: Any, site_id: int) -> None:
    row = time_actions.save_blackout(name="Stocktaking", begins_on=DAY, ends_on=DAY, site_id=site_id)
    edit = reverse("wagtail_drip_calendar:blackout", args=[site_id, row.pk])
    delete = reverse("wagtail_drip_calendar:delete_blackout", args=[site_id, row.pk])

    assert "Stocktaking" in admin_client.get(edit).content.decode()
    admin_client.post(edit, form(name="Moving house"))
    assert BlackoutDate.objects.get().name == "Moving house"
    question = admin_client.get(delete).content.decode()
    assert "Texts may then go out from 8 Dec 2026 to 10 Dec 2026 like on other days." in question
    assert f'href="{edit}">Keep it' in question
    assert BlackoutDate.objects.exists()
    admin_client.post(delete)
    assert not BlackoutDate.objects.exists()


def test_another_sites_days_are_not_shown_nor_changed_here(admin_client: Any, site_id: int) -> None:
    home = Site.objects.get(pk=site_id).root_page
    other = Site.objects.create(hostname="other.example", root_page=home)
    row = time_actions.save_blackout(name="Theirs", begins_on=DAY, ends_on=DAY, site_id=other.pk)
    everywhere = time_actions.save_blackout(name="Everywhere", begins_on=DAY, ends_on=DAY)

    shown = page(admin_client, month="2026-12")

    assert "Theirs" not in shown
    assert "Everywhere" in shown
    for pk, status in ((row.pk, 404), (everywhere.pk, 200)):
        url = reverse("wagtail_drip_calendar:blackout", args=[site_id, pk])
        assert admin_client.get(url).status_code == status


def test_a_full_calendar_takes_as_many_queries_as_an_empty_one(admin_client: Any, site_id: int) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            page(admin_client, month="2026-12")
        return len(found)

    queries()
    few = queries()
    for n in range(30):
        time_actions.save_blackout(name=f"D{n}", begins_on=DAY, ends_on=DAY, site_id=site_id)

    assert queries() == few


@pytest.mark.parametrize(("year", "number"), [(2026, 2), (2026, 3), (2024, 2), (2026, 12), (2027, 1)])
def test_a_month_is_whole_weeks_and_every_entry_stands_on_each_of_its_days(year: int, number: int) -> None:
    first = date(year, number, 1)
    entry = Entry(kind="x", name="x", begins=first - timedelta(days=40), ends=first + timedelta(days=1))

    weeks = month.weeks_of(year, number, [entry], today=first)

    days = [day for week in weeks for day in week]
    assert all(len(week) == 7 and week[0].date.weekday() == 0 for week in weeks)
    assert [day.date for day in days] == [days[0].date + timedelta(days=n) for n in range(len(days))]
    assert next(day.date for day in days if day.is_in_month) == first
    assert [day.date for day in days if day.is_today] == [first]
    assert all(bool(day.entries) is (day.date <= entry.ends) for day in days)
