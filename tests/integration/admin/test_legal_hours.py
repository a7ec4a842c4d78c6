"""Legal hours as an owner sees and changes them: ours are the floor, and what is looser is shown as theirs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from wagtail.models import ModelLogEntry

from wagtail_drip.compliance import jurisdictions
from wagtail_drip.compliance.models import LegalHours
from wagtail_drip.core import clock

pytestmark = pytest.mark.django_db


class TestLegalHours:
    def form(self, **fields: Any) -> dict[str, Any]:
        return {
            "place": "US-TX",
            **{f"day_{day}": "10:00-20:00" for day in range(6)},
            "day_6": "13:00-20:00",
            "holidays": "usual",
            "kind": "law",
            "source": "our lawyer",
            "url": "",
            "read_on": "2026-11-20",
            "reason": "",
            **fields,
        }

    def test_the_list_names_sources_and_the_day_they_were_read(self, admin_client: Any, site_id: int) -> None:
        page = admin_client.get(reverse("wagtail_drip_sending_times:legal")).content.decode()

        assert "United States: Texas" in page
        assert "Texas SB 140" in page
        assert "https://www.ecfr.gov/current/title-47/section-64.1200" in page
        assert "11/21/2026" in page or "21/11/2026" in page

    def test_stricter_hours_are_saved_with_who_and_restored(self, admin_client: Any, site_id: int) -> None:
        edit = reverse("wagtail_drip_sending_times:edit_legal", args=["US-TX"])

        assert 'value="09:00-21:00"' in admin_client.get(edit).content.decode()
        assert admin_client.post(edit, self.form()).status_code == 302
        row = LegalHours.objects.get()
        assert (row.place, row.week["6"], row.edited_by) == ("US-TX", [["13:00", "20:00"]], "admin")
        changed = admin_client.get(edit).content.decode()
        assert "What we ship" in changed
        admin_client.post(reverse("wagtail_drip_sending_times:restore_legal", args=["US-TX"]))
        assert not LegalHours.objects.exists()

    def test_looser_hours_ask_for_a_reading_and_for_what_has_changed(
        self, admin_client: Any, site_id: int
    ) -> None:
        edit = reverse("wagtail_drip_sending_times:edit_legal", args=["US-TX"])

        refused = admin_client.post(edit, self.form(day_0="08:00-20:00"))

        errors = refused.context["form"].errors
        assert set(errors) == {"source", "reason"}
        assert "read on 21/11/2026 or later, or ours, read anew after that day." in errors["source"][0]
        assert "Say what has changed since we read our source." in errors["reason"][0]
        assert not LegalHours.objects.exists()
        assert not ModelLogEntry.objects.exists()

    def test_the_shipped_hours_are_shown_before_anything_is_changed(
        self, admin_client: Any, site_id: int
    ) -> None:
        admin_client.post(reverse("wagtail_drip_sending_times:add_legal"), self.form(place="US-NY"))

        for place in ("US-TX", "US-NY"):
            page = admin_client.get(
                reverse("wagtail_drip_sending_times:edit_legal", args=[place])
            ).content.decode()
            assert "What we ship" in page
            assert "You may be stricter as you like." in page
        assert "(United States)" in page
        assert "Delete these hours" in page

    def test_looser_hours_are_shown_as_such_wherever_they_are(self, admin_client: Any, site_id: int) -> None:
        edit = reverse("wagtail_drip_sending_times:edit_legal", args=["US-TX"])
        given = {"day_0": "08:00-20:00", "source": "Texas SB 999", "read_on": "2026-11-22"}

        saved = admin_client.post(edit, self.form(**given, reason="In force since May"), follow=True)

        said = "Looser than what we ship, by your own reading of Texas SB 999, 22/11/2026."
        assert f"United States: Texas: {said}" in saved.content.decode()
        for url in (
            edit,
            reverse("wagtail_drip_sending_times:legal"),
            reverse("wagtail_drip_sending_times:site", args=[site_id]) + "?place=US-TX",
        ):
            page = admin_client.get(url).content.decode()
            assert said in page
            assert "no earlier: read it again" not in page
        other = reverse("wagtail_drip_sending_times:site", args=[site_id]) + "?place=US"
        assert said not in admin_client.get(other).content.decode()

    def test_looser_hours_by_a_reading_older_than_ours_are_to_be_read_again(
        self, admin_client: Any, site_id: int
    ) -> None:
        LegalHours.objects.create(
            country="US", subdivision="TX", week={"0": [["06:00", "23:00"]]}, source="a paper",
            read_on=date(2026, 1, 5), edited_at=clock.now(),
        )  # fmt: skip

        page = admin_client.get(reverse("wagtail_drip_sending_times:legal")).content.decode()

        assert "Looser than what we ship, by your own reading of a paper, 05/01/2026." in page
        assert "We read ours on 21/11/2026, no earlier: read it again, or restore what we ship." in page

    def test_a_day_to_come_is_no_day_of_reading(self, admin_client: Any, site_id: int) -> None:
        edit = reverse("wagtail_drip_sending_times:edit_legal", args=["US-TX"])

        refused = admin_client.post(edit, self.form(read_on="2100-01-01"))

        assert refused.context["form"].errors == {"read_on": ["This day is still to come."]}

    def test_the_log_tells_who_changed_hours_by_what_they_had_read(
        self, admin_client: Any, site_id: int
    ) -> None:
        edit = reverse("wagtail_drip_sending_times:edit_legal", args=["US-TX"])
        admin_client.post(edit, self.form())
        admin_client.post(reverse("wagtail_drip_sending_times:restore_legal", args=["US-TX"]))

        entries = list(ModelLogEntry.objects.order_by("pk"))

        assert [entry.message for entry in entries] == [
            "Changed the legal hours of United States: Texas by our lawyer, read 20/11/2026",
            "Took the changed legal hours of United States: Texas back",
        ]
        assert {entry.user.get_username() for entry in entries} == {"admin"}
        assert entries[1].data["week"]["6"] == [["13:00", "20:00"]]

    def test_the_queries_do_not_grow_with_changed_hours(self, admin_client: Any, site_id: int) -> None:
        url = reverse("wagtail_drip_sending_times:legal")

        def queries(number: int) -> int:
            LegalHours.objects.all().delete()
            for place in sorted(jurisdictions.RULES)[:number]:
                country, _dash, state = place.partition("-")
                LegalHours.objects.create(
                    country=country, subdivision=state, week={"0": [["00:00", "23:59"]]}, source="a paper",
                    read_on=date(2026, 1, 5), edited_at=clock.now(),
                )  # fmt: skip
            with CaptureQueriesContext(connection) as found:
                admin_client.get(url)
            return len(found)

        queries(1)

        assert queries(40) == queries(4)

    def test_a_country_that_we_do_not_know_is_added(self, admin_client: Any, site_id: int) -> None:
        url = reverse("wagtail_drip_sending_times:add_legal")

        assert admin_client.get(url).status_code == 200
        assert admin_client.post(url, self.form(place="ie")).status_code == 302
        assert LegalHours.objects.get().place == "IE"
        assert "Ireland" in admin_client.get(reverse("wagtail_drip_sending_times:legal")).content.decode()

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"day_0": "nine to five"}, "Write it like 09:00-11:00"),
            ({"day_0": "09:00-09:00"}, "begins and ends"),
            ({"source": ""}, "This field is required."),
            ({"place": "Texas"}, "is not a country or state code"),
            ({"read_on": "lately"}, "Enter a valid date."),
        ],
    )
    def test_bad_input_names_the_field(
        self, admin_client: Any, site_id: int, wrong: dict[str, Any], said: str
    ) -> None:
        response = admin_client.post(reverse("wagtail_drip_sending_times:add_legal"), self.form(**wrong))

        assert escape(said) in response.content.decode()
        assert not LegalHours.objects.exists()

    @pytest.mark.parametrize("place", ["XX", "us-tx", "US-ZZ"])
    def test_a_place_without_hours_is_not_found(self, admin_client: Any, site_id: int, place: str) -> None:
        url = reverse("wagtail_drip_sending_times:edit_legal", args=[place])

        assert admin_client.get(url).status_code == 404
