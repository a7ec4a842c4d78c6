"""The pages that people look at: who may, what they show, and how many queries they take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from wagtail_drip.admin.menu import TextMessagesGroup
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease, SiteSettings
from wagtail_drip.events.models import Event
from wagtail_drip.messaging.models import Hold, Message
from wagtail_drip.reports.models import StepDay
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def somebody(*codenames: str) -> User:
    user = User.objects.create_user("staff", password="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *codenames]))
    return user


def message(contact: Contact, site_id: int, number: int, **fields) -> Message:
    return Message.objects.create(
        **{
            "key": f"staff:{number}",
            "reference": f"{number:032d}",
            "contact": contact,
            "site_id": site_id,
            "gateway": "default",
            "purpose": "promotional",
            "created_at": NOW,
            "body": "Hello from the shop",
            **fields,
        }
    )


def queries_of(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


class TestContacts:
    url = "wagtail_drip_contacts:index"

    def test_the_list_shows_who_agreed(self, admin_client, site_id):
        reachable_contact(first_name="Ada", last_name="Lovelace")
        reachable_contact(first_name="Ben", agreed_to=())

        page = admin_client.get(reverse(self.url)).content.decode()

        assert "Ada Lovelace" in page
        assert "Never asked" in page

    @pytest.mark.parametrize(("agreed", "names"), [("yes", {"Ada"}), ("unknown", {"Ben"}), ("no", set())])
    def test_the_filter_finds_them_by_their_answer(self, admin_client, site_id, agreed, names):
        reachable_contact(first_name="Ada")
        reachable_contact(first_name="Ben", agreed_to=())

        response = admin_client.get(reverse(self.url), {"agreed": agreed})

        assert {contact.first_name for contact in response.context["object_list"]} == names

    def test_the_list_takes_the_same_queries_for_two_people_as_for_twenty(self, admin_client, site_id):
        for number in range(2):
            reachable_contact(first_name=f"P{number}")
        admin_client.get(reverse(self.url))
        few = queries_of(admin_client, reverse(self.url))
        for number in range(18):
            reachable_contact(first_name=f"Q{number}")

        assert queries_of(admin_client, reverse(self.url)) == few

    def test_nobody_sees_it_without_permission(self, client, site_id):
        person = reachable_contact(first_name="Ada")
        client.force_login(somebody("view_message"))

        for address in (reverse(self.url), reverse("wagtail_drip_contacts:inspect", args=[person.pk])):
            response = client.get(address)
            assert response.status_code == 302
            assert response.url == reverse("wagtailadmin_home")

    def test_an_export_needs_a_permission_of_its_own(self, client, site_id):
        reachable_contact(first_name="Ada")
        client.force_login(somebody("view_contact"))

        assert client.get(reverse(self.url), {"export": "csv"}).status_code in (302, 403)

    def test_the_story_of_one_person(self, admin_client, site_id):
        person = reachable_contact(first_name="Ada")
        message(person, site_id, 1, state="skipped", reason="suppressed")

        page = admin_client.get(reverse("wagtail_drip_contacts:inspect", args=[person.pk])).content.decode()

        assert "Hello from the shop" in page
        assert "Agreed to marketing texts" in page
        assert "this number said stop" in page

    def test_the_story_tells_what_an_event_declares_and_all_of_a_shops_own(self, admin_client, site_id):
        person = reachable_contact(first_name="Ada", language="de")
        for number, name in enumerate(("order_placed", "appointment_booked", "custom:tea_tasting")):
            Event.objects.create(
                name=name,
                contact=person,
                site_id=site_id,
                store="shop",
                key=str(number),
                occurred_at=NOW,
                recorded_at=NOW,
                properties={
                    "number": "A-1",
                    "starts_at": "2026-12-01T14:30:00+00:00",
                    "is_first_order": False,
                    "pot": f"clay {number}",
                },
            )

        page = admin_client.get(reverse("wagtail_drip_contacts:inspect", args=[person.pk])).content.decode()

        assert "Order number" in page
        assert "clay 0" not in page
        assert "clay 1" not in page
        assert "clay 2" in page
        assert "False" not in page
        assert page.count("2026-12-01T") == 1  # nothing is known of what a shop's own event holds
        assert "German" in page

    def test_a_long_story_has_pages_and_constant_queries(self, admin_client, site_id):
        person = reachable_contact(first_name="Ada")
        url = reverse("wagtail_drip_contacts:inspect", args=[person.pk])
        admin_client.get(url)
        few = queries_of(admin_client, url)
        for number in range(60):
            message(person, site_id, number, created_at=NOW + timedelta(minutes=number))

        assert queries_of(admin_client, url) == few
        assert "Older" in admin_client.get(url).content.decode()


class TestMessageLog:
    url = "wagtail_drip_messages:index"

    def test_every_message_with_its_reason(self, admin_client, site_id):
        person = reachable_contact(first_name="Ada")
        message(person, site_id, 1, state="skipped", reason="not_open_yet")

        page = admin_client.get(reverse(self.url)).content.decode()

        assert "Not sent" in page
        assert "this site does not text customers yet" in page

    @pytest.mark.parametrize("address", ["index", "inspect"])
    def test_a_code_of_the_providers_is_said_to_be_the_gateways(self, admin_client, site_id, address):
        row = message(reachable_contact(), site_id, 1, state="undelivered", reason="30003")
        args = [row.pk] if address == "inspect" else []

        page = admin_client.get(reverse(f"wagtail_drip_messages:{address}", args=args)).content.decode()

        assert "the gateway says: 30003" in page

    def test_without_permission_to_see_contacts_names_and_texts_are_hidden(self, client, site_id):
        person = reachable_contact(first_name="Adalbert")
        row = message(person, site_id, 1)
        client.force_login(somebody("view_message"))

        for address in (reverse(self.url), reverse("wagtail_drip_messages:inspect", args=[row.pk])):
            page = client.get(address).content.decode()
            assert "Hidden" in page
            assert "Adalbert" not in page
            assert "Hello from the shop" not in page
            assert person.phone not in page

    def test_the_log_takes_the_same_queries_for_two_messages_as_for_forty(self, admin_client, site_id):
        person = reachable_contact()
        for number in range(2):
            message(person, site_id, number)
        admin_client.get(reverse(self.url))
        few = queries_of(admin_client, reverse(self.url))
        for number in range(2, 40):
            message(person, site_id, number)

        assert queries_of(admin_client, reverse(self.url)) == few

    def test_filtered_by_state(self, admin_client, site_id):
        person = reachable_contact()
        message(person, site_id, 1, state="failed")
        message(person, site_id, 2, state="sent")

        response = admin_client.get(reverse(self.url), {"state": "failed"})

        assert [row.state for row in response.context["object_list"]] == ["failed"]


class TestResults:
    def test_counts_by_step_from_the_rollup(self, admin_client, site_id):
        sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
        (step_id,) = (sequence.runtime.version.flow["steps"][0]["id"],)
        for measure, n in [("sent", 7), ("delivered", 5), ("undelivered", 1), ("handed_over", 7)]:
            StepDay.objects.create(
                site_id=site_id,
                sequence_id=sequence.pk,
                step_id=step_id,
                measure=f"message:{measure}",
                day=NOW.date(),
                n=n,
                segments=n * 2,
            )

        response = admin_client.get(reverse("wagtail_drip_sequences:results", args=[sequence.pk]))

        (row,) = response.context["rows"]
        assert (row.counts.sent, row.counts.delivered, row.counts.segments) == (7, 5, 14)
        assert response.context["cost"] is None
        assert "unknown" in response.content.decode()

    def test_the_cost_is_known_once_a_price_is(self, admin_client, site_id):
        sequence = live_sequence(steps=[("send_message", {"text": "Hello"})])
        core.change_site_settings(site_id, price_per_segment=Decimal("0.04"), currency="GBP")
        StepDay.objects.create(
            site_id=site_id,
            sequence_id=sequence.pk,
            measure="message:handed_over",
            day=NOW.date(),
            n=1,
            segments=3,
        )

        response = admin_client.get(reverse("wagtail_drip_sequences:results", args=[sequence.pk]))

        assert response.context["cost"] == Decimal("0.12")


class TestSettings:
    url = "wagtail_drip_settings:index"

    def form(self, site_id: int, **changes) -> dict[str, str]:
        return {
            "zone": "Europe/London",
            "region": "gb",
            "currency": "gbp",
            "sender_gateway": "default",
            "sender_name": "Shop",
            "sender_address": "SHOP",
            "stop_scope": "sender",
            "help_text": "",
            "price_per_segment": "",
            "test_numbers": "",
            **changes,
        }

    def test_numbers_are_read_as_people_write_them(self, admin_client, site_id):
        data = self.form(site_id, test_numbers="07400 123456")

        response = admin_client.post(reverse(self.url), data)

        assert response.status_code == 302
        row = SiteSettings.objects.get(site_id=site_id)
        assert row.test_numbers == ["+447400123456"]
        assert (row.region, row.currency, row.price_per_segment) == ("GB", "GBP", None)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            pytest.param("test_numbers", "12", "is not a phone number", id="a number that is none"),
            pytest.param("price_per_segment", "-1", "cannot be negative", id="a negative price"),
            pytest.param("zone", "Mars/Olympus", "Select a valid choice", id="a zone that does not exist"),
        ],
    )
    def test_bad_input_names_the_field_and_changes_nothing(self, admin_client, site_id, field, value, said):
        before = core.site_settings(site_id)

        response = admin_client.post(reverse(self.url), self.form(site_id, **{field: value}))

        assert response.status_code == 200
        assert escape(said) in response.content.decode()
        after = core.site_settings(site_id)
        assert (after.windows, after.zone, after.test_numbers) == (
            before.windows,
            before.zone,
            before.test_numbers,
        )

    def test_opening_asks_first_and_then_binds_the_site_to_here(self, admin_client, site_id):
        reachable_contact()
        url = reverse("wagtail_drip_settings:open", args=[site_id])

        asked = admin_client.get(url)
        assert asked.context["forecast"].reachable == 1
        assert SiteSettings.objects.get(site_id=site_id).opened_at is None

        admin_client.post(url)
        row = SiteSettings.objects.get(site_id=site_id)
        assert core.is_open(row, account="memory")

        admin_client.post(url, {"action": "close"})
        assert SiteSettings.objects.get(site_id=site_id).opened_at is None

    def test_stop_everything_and_go_on(self, admin_client, site_id):
        admin_client.post(reverse("wagtail_drip_settings:stop"))

        hold = Hold.objects.get()
        assert (hold.scope, hold.lifted_at) == ("all", None)

        admin_client.post(reverse("wagtail_drip_settings:lift", args=[hold.pk]))
        assert Hold.objects.get().lifted_at is not None

    def test_who_may_only_stop_everything_gets_to_the_button_and_changes_nothing_else(self, client, site_id):
        client.force_login(somebody("stop_everything"))
        before = core.site_settings(site_id).sender_name

        page = client.get(reverse(self.url))
        client.post(reverse(self.url), self.form(site_id, sender_name="Mine"))
        client.post(reverse("wagtail_drip_settings:open", args=[site_id]))
        client.post(reverse("wagtail_drip_settings:stop"))

        assert "Stop everything" in page.content.decode()
        assert 'name="sender_name"' not in page.content.decode()
        row = SiteSettings.objects.get(site_id=site_id)
        assert (row.sender_name, row.opened_at) == (before, None)
        assert Hold.objects.get().scope == "all"

    def test_who_may_change_settings_may_still_neither_open_nor_stop(self, client, site_id):
        client.force_login(somebody("change_sitesettings"))

        assert client.get(reverse(self.url)).status_code == 200
        client.post(reverse("wagtail_drip_settings:open", args=[site_id]))
        client.post(reverse("wagtail_drip_settings:stop"))

        assert SiteSettings.objects.get(site_id=site_id).opened_at is None
        assert not Hold.objects.exists()


class TestHome:
    def test_the_panel_counts_today_and_says_that_no_worker_runs(self, admin_client, site_id):
        page = admin_client.get(reverse("wagtailadmin_home")).content.decode()

        assert "Text messages today" in page
        assert "No worker has run yet" in page

    def test_work_that_nobody_takes_up_is_told_only_where_workers_run(self, admin_client, site_id):
        person = reachable_contact()
        lost = clock.lease_now() - timedelta(minutes=11)
        message(person, site_id, 1, state="claimed", lease_until=lost)
        message(person, site_id, 2, state="claimed", lease_until=lost)
        words = "2 tasks have waited more than ten minutes for a worker"
        assert words not in admin_client.get(reverse("wagtailadmin_home")).content.decode()

        Lease.objects.create(name="tick", started_at=clock.lease_now(), until=clock.lease_now())

        assert words in admin_client.get(reverse("wagtailadmin_home")).content.decode()

    def test_who_may_not_see_messages_has_no_panel(self, client, site_id):
        client.force_login(somebody())

        assert "Text messages today" not in client.get(reverse("wagtailadmin_home")).content.decode()


class TestMenu:
    def test_each_entry_leads_to_the_first_page_of_its_screens(self, admin_client, site_id) -> None:
        """Not to another of them, such as Stages for Segments: Wagtail takes the first address of a viewset."""
        entries = TextMessagesGroup().registerables
        found = {str(each.menu_label): each.menu_url for each in entries}
        assert found == {str(each.menu_label): f"/admin/{each.url_prefix}/" for each in entries}
        assert {admin_client.get(url).status_code for url in found.values()} == {200}
