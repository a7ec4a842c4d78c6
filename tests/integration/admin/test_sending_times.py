"""Sending times: the week that an owner edits, and what it would have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from wagtail_drip.admin.sending_times import effect, grid, spans
from wagtail_drip.admin.sending_times.effect import Variant
from wagtail_drip.compliance.quiet_hours import week_of
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.windows import default_windows, three_good_windows
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

ALL_DAY = {str(day): [["00:00", "24:00"]] for day in range(7)}


def week(windows: dict[str, list[list[str]]] | None = None, **fields: Any) -> dict[str, Any]:
    windows = default_windows() if windows is None else windows
    data: dict[str, Any] = {"holidays": "usual", "spread_minutes": "10", "action": "save"}
    for day in range(7):
        data[f"begin_{day}"] = [begin for begin, _ in windows.get(str(day), [])]
        data[f"end_{day}"] = [end for _, end in windows.get(str(day), [])]
    return {**data, **fields}


def sent(contact: Contact, site_id: int, wanted_at: datetime, **fields: Any) -> None:
    number = Message.objects.count()
    message = Message.objects.create(
        **{
            "key": f"s:{number}",
            "reference": f"{number:032d}",
            "contact": contact,
            "site_id": site_id,
            "gateway": "default",
            "purpose": "promotional",
            "created_at": wanted_at,
            "expires_at": wanted_at + timedelta(hours=24),
            "state": "sent",
            **fields,
        }
    )
    SendLedger.objects.create(
        message=message,
        contact=contact,
        site_id=site_id,
        purpose=message.purpose,
        handed_over_at=wanted_at + timedelta(minutes=1),
    )


class TestTheWeek:
    url = "wagtail_drip_sending_times:index"

    def test_several_windows_a_day_are_saved_in_order(self, admin_client: Any, site_id: int) -> None:
        data = week({"0": [["13:00", "15:00"], ["09:00", "11:00"]], "5": [["22:00", "02:00"]]})

        response = admin_client.post(
            reverse(self.url), {**data, "holidays": "closed", "spread_minutes": "45"}
        )

        assert response.status_code == 302
        row = SiteSettings.objects.get(site_id=site_id)
        assert row.windows["0"] == [["09:00", "11:00"], ["13:00", "15:00"]]
        assert row.windows["5"] == [["22:00", "02:00"]]
        assert row.windows["6"] == []
        assert (row.holidays, row.spread_minutes) == ("closed", 45)

    def test_windows_that_overlap_become_one(self, admin_client: Any, site_id: int) -> None:
        data = week({"0": [["09:00", "12:00"], ["11:00", "14:00"], ["14:00", "15:00"]]})

        admin_client.post(reverse(self.url), data)

        assert SiteSettings.objects.get(site_id=site_id).windows["0"] == [["09:00", "15:00"]]

    def test_midnight_as_an_end_is_the_end_of_the_day_there_and_back(
        self, admin_client: Any, site_id: int
    ) -> None:
        admin_client.post(reverse(self.url), week({"0": [["00:00", "00:00"]], "1": [["18:00", "00:00"]]}))

        row = SiteSettings.objects.get(site_id=site_id)
        assert (row.windows["0"], row.windows["1"]) == ([["00:00", "24:00"]], [["18:00", "24:00"]])
        assert 'name="end_1" value="00:00"' in admin_client.get(reverse(self.url)).content.decode()

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"begin_2": ["09:00"], "end_2": [""]}, "A window needs a begin and an end."),
            ({"begin_2": ["09:00"], "end_2": ["09:00"]}, "from 09:00 to 09:00 is empty"),
            ({"begin_2": ["nine"], "end_2": ["five"]}, "are not times"),
            ({"spread_minutes": "241"}, "less than or equal to 240"),
            ({"holidays": "never"}, "Select a valid choice"),
        ],
    )
    def test_bad_input_is_said_beside_the_day_and_changes_nothing(
        self, admin_client: Any, site_id: int, wrong: dict[str, Any], said: str
    ) -> None:
        before = core.site_settings(site_id).windows

        response = admin_client.post(reverse(self.url), week(**wrong))

        assert response.status_code == 200
        assert said in response.content.decode()
        assert SiteSettings.objects.get(site_id=site_id).windows == before

    @pytest.mark.parametrize(
        ("preset", "first"), [("three", "11:00"), ("wide", "20:00"), ("business", "17:00")]
    )
    def test_a_preset_fills_the_week_in_and_saves_nothing(
        self, admin_client: Any, site_id: int, preset: str, first: str
    ) -> None:
        core.change_site_settings(site_id, windows={"0": [["08:00", "08:30"]]})

        page = admin_client.post(reverse(self.url), week(preset=preset)).content.decode()

        assert f'name="end_0" value="{first}"' in page
        assert "Not saved yet" in page
        assert SiteSettings.objects.get(site_id=site_id).windows == {"0": [["08:00", "08:30"]]}

    def test_the_law_of_the_sites_country_is_drawn_in(self, admin_client: Any, site_id: int) -> None:
        core.change_site_settings(site_id, region="FR")

        page = admin_client.get(reverse(self.url)).content.decode()
        texas = admin_client.get(reverse(self.url), {"place": "US-TX"}).content.decode()

        assert "legal hours of France forbid it" in page
        # Before eight, a third of a day; and all of Sunday.
        assert page.count("inset-inline-start: 0.0000%; width: 33.3333%") == 6
        assert page.count("inset-inline-start: 0.0000%; width: 100.0000%") == 1
        assert "legal hours of United States: Texas forbid it" in texas

    def test_custom_is_advice(self, admin_client: Any, site_id: int) -> None:
        core.change_site_settings(site_id, region="GB")

        assert "no law binds" in admin_client.get(reverse(self.url)).content.decode()

    def test_what_waits_for_the_old_times_asks_again_by_the_new(
        self, admin_client: Any, site_id: int
    ) -> None:
        person = reachable_contact()
        later = clock.now() + timedelta(days=1)
        waits = [
            Message.objects.create(
                key=f"w:{reason}",
                reference=f"{number:032d}",
                contact=person,
                site_id=site_id,
                gateway="default",
                purpose="promotional",
                created_at=NOW,
                state="scheduled",
                defer_reason=reason,
                due_at=later,
            )
            for number, reason in enumerate(["send_window", "frequency_cap"])
        ]

        admin_client.post(reverse(self.url), week(ALL_DAY))

        for message in waits:
            message.refresh_from_db()
        assert waits[0].due_at is not None
        assert waits[0].due_at <= clock.now()
        assert waits[1].due_at == later

    def test_nobody_changes_it_without_permission(self, client: Any, site_id: int) -> None:
        user = User.objects.create_user("staff", password="staff")
        user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "open_texting"]))
        client.force_login(user)

        for method in (client.get, client.post):
            assert method(reverse(self.url)).status_code == 302
        assert (
            SiteSettings.objects.filter(site_id=site_id).first() is None
            or core.site_settings(site_id).windows == default_windows()
        )


class TestTheEffect:
    def test_what_would_have_waited_and_how_long(self, site_id: int) -> None:
        core.change_site_settings(site_id, zone="Europe/London", region="GB")
        row = core.site_settings(site_id)
        person = reachable_contact()  # a British number
        for hour in (7, 10, 12):  # a Thursday
            sent(person, site_id, datetime(2026, 11, 19, hour, tzinfo=UTC))

        saved, three, never = effect.measure(
            row,
            [
                Variant(ALL_DAY, "usual"),
                Variant(three_good_windows(), "usual"),
                Variant({}, "usual"),
            ],
            now=NOW,
        )

        assert (saved.messages, saved.waited, saved.mean_minutes, saved.expired) == (3, 0, 0, 0)
        # 07:00 waits two hours, 12:00 one.
        assert (three.waited, three.mean_minutes, three.expired) == (2, 90, 0)
        assert (never.waited, never.expired) == (0, 3)

    def test_only_marketing_of_this_site_in_the_last_30_days_counts(self, site_id: int) -> None:
        row = core.site_settings(site_id)
        person = reachable_contact()
        at = NOW - timedelta(days=2)
        sent(person, site_id, at)
        sent(person, site_id, at, purpose="transactional")
        sent(person, site_id, at, ignores_windows=True)
        sent(person, site_id, NOW - timedelta(days=31))

        (found,) = effect.measure(row, [Variant(ALL_DAY, "usual")], now=NOW)

        assert found.messages == 1

    def test_each_persons_own_clock_counts(self, site_id: int) -> None:
        row = core.site_settings(site_id)
        sent(reachable_contact(zone="Asia/Tokyo"), site_id, datetime(2026, 11, 19, 12, tzinfo=UTC))

        (found,) = effect.measure(row, [Variant(default_windows(), "usual")], now=NOW)

        # 21:00 in Tokyo waits for nine.
        assert (found.waited, found.mean_minutes) == (1, 12 * 60)

    def test_it_takes_two_queries_however_many_texts_there_are(self, site_id: int) -> None:
        row = core.site_settings(site_id)
        counts = []
        for number in (1, 30):
            for _n in range(number):
                sent(reachable_contact(), site_id, NOW - timedelta(days=3))
            with CaptureQueriesContext(connection) as queries:
                effect.measure(row, [Variant(ALL_DAY, "usual")] * 2, now=NOW)
            counts.append(len(queries))

        assert counts == [2, 2]

    def test_the_page_asks_for_the_figures_alone_while_somebody_types(
        self, admin_client: Any, site_id: int
    ) -> None:
        sent(reachable_contact(), site_id, clock.now() - timedelta(days=3))
        url = reverse("wagtail_drip_sending_times:site", args=[site_id])

        figures = admin_client.post(url, week({}, action="effect")).content.decode()
        broken = admin_client.post(url, week(begin_0=["x"], end_0=["y"], action="effect")).content.decode()

        assert "<html" not in figures
        assert "These times:" in figures
        assert "1 expire" in figures
        assert "Correct the times first." in broken


@pytest.mark.parametrize("reason", ["send_window", "blackout_date"])
def test_asking_again_is_done_in_chunks_and_only_for_what_was_put_off(
    site_id: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messaging, "_CHUNK", 3)
    person = reachable_contact()
    for number in range(8):
        Message.objects.create(
            key=f"w:{number}",
            reference=f"{number:032d}",
            contact=person,
            site_id=site_id,
            gateway="default",
            purpose="promotional",
            created_at=NOW,
            state="scheduled",
            defer_reason=reason,
            # The last one is parked: its sequence is paused.
            due_at=NOW + timedelta(hours=number + 1) if number < 7 else None,
        )

    assert messaging.ask_again(site_id=site_id + 1, reasons=[reason], now=NOW) == 0
    assert messaging.ask_again(site_id=site_id, reasons=["quiet_hours"], now=NOW) == 0
    assert messaging.ask_again(site_id=site_id, reasons=[reason], now=NOW) == 7
    assert list(Message.objects.order_by("pk").values_list("due_at", flat=True)) == [NOW] * 7 + [None]


def test_bars_fill_the_day_and_nights_stand_on_two() -> None:
    found = week_of({"0": [["06:00", "12:00"], ["22:00", "06:00"]]})

    assert grid.open_bars(found)[0] == [("25.0000%", "25.0000%"), ("91.6667%", "8.3333%")]
    assert grid.open_bars(found)[1] == [("0.0000%", "25.0000%")]
    assert grid.closed_bars(found)[0] == [("0.0000%", "25.0000%"), ("50.0000%", "41.6667%")]
    assert grid.closed_bars(found)[1] == [("25.0000%", "75.0000%")]
    assert grid.closed_bars(found)[2] == [("0.0000%", "100.0000%")]


def test_a_week_in_few_words() -> None:
    assert spans.in_words(default_windows()) == [
        ("Monday to Saturday", "09:00–20:00"),
        ("Sunday", "10:00–18:00"),
    ]
    assert spans.in_words(three_good_windows()) == [("Every day", "09:00–11:00, 13:00–15:00, 19:00–21:00")]
    assert spans.in_words({}) == [("Every day", "closed")]
