"""What owners note of registrations: one note a site and country, theirs to correct, to take back and to note again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from wagtail.models import Page, Site

from wagtail_drip.compliance import registrations
from wagtail_drip.compliance.models import Registration
from wagtail_drip.compliance.registrations import NotRegisteredYet, RegistrationDraft
from wagtail_drip.core import actions as core

pytestmark = pytest.mark.django_db


def draft(**fields: Any) -> RegistrationDraft:
    given = {"reference": "B-123", "registered_on": date(2026, 11, 3), "registered_by": "Twilio"}
    return RegistrationDraft(**{**given, **fields})


def test_a_note_keeps_whose_word_it_is_and_for_which_sender(site_id: int, now: datetime) -> None:
    core.change_site_settings(site_id, sender_gateway="default", sender_address="+12015550100")

    row = registrations.note(site_id, "US", draft(reference=" B-123 "), by="ada", now=now)

    row.refresh_from_db()
    assert (row.reference, row.registered_on, row.registered_by) == ("B-123", date(2026, 11, 3), "Twilio")
    assert (row.sender, row.noted_by, row.noted_at, row.holds) == ("default:+12015550100", "ada", now, True)
    assert registrations.find(site_id, "US") == row
    assert registrations.find(site_id, "CN") is None


def test_sites_and_countries_have_notes_of_their_own_and_each_one(site_id: int, now: datetime) -> None:
    other = Site.objects.create(hostname="other.example", root_page=Page.objects.get(depth=1))
    for site, country in ((site_id, "US"), (site_id, "CN"), (other.pk, "US")):
        registrations.note(site, country, draft(), by="ada", now=now)

    registrations.note(site_id, "US", draft(reference="B-124"), by="bob", now=now + timedelta(days=1))

    found = Registration.objects.order_by("pk").values_list("site", "country", "reference", "noted_by")
    assert list(found) == [
        (site_id, "US", "B-124", "bob"),
        (site_id, "CN", "B-123", "ada"),
        (other.pk, "US", "B-123", "ada"),
    ]


def test_what_is_taken_back_holds_no_longer_and_can_be_noted_again(site_id: int, now: datetime) -> None:
    registrations.note(site_id, "US", draft(), by="ada", now=now)

    taken = registrations.take_back(site_id, "US", by="bob", now=now)

    assert taken is not None
    assert (taken.holds, taken.taken_back_by, taken.taken_back_at, taken.reference) == (
        False,
        "bob",
        now,
        "B-123",
    )
    assert registrations.take_back(site_id, "US", by="cyd", now=now) is None
    assert registrations.take_back(site_id, "CN", by="cyd", now=now) is None
    assert Registration.objects.get().taken_back_by == "bob"
    again = registrations.note(site_id, "US", draft(), by="ada", now=now)
    assert (again.pk, again.holds, again.taken_back_by) == (taken.pk, True, "")


@pytest.mark.parametrize("field", ["reference", "registered_by"])
def test_a_note_without_a_reference_or_a_name_is_refused(site_id: int, now: datetime, field: str) -> None:
    with pytest.raises(ValueError, match="give both"):
        registrations.note(site_id, "US", draft(**{field: "  "}), by="ada", now=now)

    assert not Registration.objects.exists()


def test_nothing_is_registered_on_a_day_to_come(site_id: int, now: datetime) -> None:
    registrations.note(site_id, "US", draft(registered_on=now.date()), by="ada", now=now)

    with pytest.raises(NotRegisteredYet):
        registrations.note(
            site_id, "US", draft(registered_on=now.date() + timedelta(days=1)), by="bob", now=now
        )

    assert Registration.objects.get().noted_by == "ada"
