"""Interests on screen: naming them, how they fade, a contact's own, and who is kept from deleting what is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry, Site

from wagtail_drip.api import BadInput, identify, state_interests
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.segments import blocks, matching
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores import interest_inferring, interests
from wagtail_drip.stores.interest_models import InferredInterest, Interest, InterestRules, StatedInterest
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/interests/"


def somebody(name: str = "Ada") -> Contact:
    now = clock.now()
    return Contact.objects.create(first_name=name, created_at=now, changed_at=now)


def bought_coffee(*contacts: Contact) -> None:
    now = clock.now()
    events.record_events(
        [
            EventDraft(
                name="order_placed",
                key=f"bought-{contact.pk}",
                store="paper",
                site_id=Site.objects.get(is_default_site=True).pk,
                contact_id=contact.pk,
                source="signal",
                occurred_at=now,
                recorded_at=now,
                properties={"products": [{"product_id": "1", "name": "Coffee beans"}]},
            )
            for contact in contacts
        ]
    )
    while interest_inferring.infer_due():
        pass


def said(interest: Interest, *contacts: Contact) -> None:
    now = clock.now()
    StatedInterest.objects.bulk_create(
        StatedInterest(contact=contact, interest=interest, source="staff", since=now) for contact in contacts
    )


def staff(client: Client, *codenames: str) -> None:
    user = User.objects.create_user("staff", password="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *codenames]))
    client.force_login(user)


def test_a_new_interest_is_found_in_what_people_did_before(admin_client: Client) -> None:
    ada = somebody()
    bought_coffee(ada)

    response = admin_client.post(
        f"{LIST}add/", {"name": "Coffee", "words": "coffee\nmoka", "is_offered": "on"}
    )

    assert response.status_code == 302
    assert InterestRules.objects.get().recount_from == 0
    while interest_inferring.infer_due():
        pass
    coffee = Interest.objects.get()
    assert list(InferredInterest.objects.values_list("contact_id", "interest_id")) == [(ada.pk, coffee.pk)]
    page = admin_client.get(LIST).content.decode()
    assert f"?interest=inferred-{coffee.pk}" in page
    assert "coffee, moka" in page
    # Nobody said it, and there is nobody to go to.
    assert f"?interest=stated-{coffee.pk}" not in page


def test_only_other_words_have_everybody_looked_at_anew(admin_client: Client) -> None:
    coffee = Interest.objects.create(name="Coffee", words="coffee")
    edit = f"{LIST}edit/{coffee.pk}/"

    admin_client.post(edit, {"name": "Kaffee", "words": "coffee\r\n"})
    assert not InterestRules.objects.filter(recount_from__isnull=False).exists()

    admin_client.post(edit, {"name": "Kaffee", "words": "coffee\r\nKaffee"})
    assert InterestRules.objects.get().recount_from == 0


def test_two_words_that_become_one_have_everybody_looked_at_anew(admin_client: Client) -> None:
    tea = Interest.objects.create(name="Tea", words="green\ntea")

    admin_client.post(f"{LIST}edit/{tea.pk}/", {"name": "Tea", "words": "green tea"})

    assert InterestRules.objects.get().recount_from == 0


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("COFFEE", "", "There is an interest of this name already."),
        ("Tea, green", "", "Write it without commas and semicolons"),
        ("Tea", "x" * 65, "is longer than 64 letters."),
        ("Tea", "\n".join(map(str, range(51))), "At most 50 words; leave some out."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    admin_client: Client, name: str, words: str, message: str
) -> None:
    Interest.objects.create(name="Coffee")

    response = admin_client.post(f"{LIST}add/", {"name": name, "words": words})

    assert message in response.content.decode()
    assert Interest.objects.count() == 1


def test_the_list_asks_the_same_whatever_it_lists(admin_client: Client) -> None:
    people = [somebody(str(n)) for n in range(3)]

    def asked(n: int) -> int:
        for number in range(Interest.objects.count(), n):
            said(Interest.objects.create(name=f"Interest {number}", words="x"), *people)
        admin_client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(LIST)
        return len(queries)

    assert asked(2) == asked(18)


def test_numbers_lead_to_people_only_for_who_may_see_them(client: Client) -> None:
    said(Interest.objects.create(name="Coffee"), somebody())
    staff(client, "view_interest")

    page = client.get(LIST).content.decode()

    assert "?interest=" not in page
    assert client.get(f"{LIST}fading/").status_code == 200
    assert client.post(f"{LIST}fading/", {"half_life_days": 5, "least_points": 2}).status_code == 302
    assert client.post(f"{LIST}add/", {"name": "Tea"}).status_code == 302
    assert InterestRules.objects.get().half_life_days == 30


def test_other_limits_are_saved_and_told_for_each_sign(admin_client: Client) -> None:
    page = admin_client.get(f"{LIST}fading/")
    told = {label: (points, days) for label, points, days in page.context["signs"]}
    assert told["Order placed"] == (5, 22)
    assert told["Product viewed"] == (1, None)

    admin_client.post(f"{LIST}fading/", {"half_life_days": 60, "least_points": 4})
    again = admin_client.post(f"{LIST}fading/", {"half_life_days": 0, "least_points": 4})

    row = InterestRules.objects.get()
    assert (row.half_life_days, row.least_points, row.recount_from) == (60, 4, 0)
    assert "Nothing was saved" in again.content.decode()


def test_what_is_asked_for_is_not_deleted(admin_client: Client) -> None:
    coffee = Interest.objects.create(name="Coffee")
    tea = Interest.objects.create(name="Tea")
    rules = blocks.RulesBlock().to_python(
        [{"type": "interest", "value": {"interest": str(coffee.pk)}, "id": "1"}]
    )
    Segment(name="Coffee lovers", rules=rules).save()
    live_sequence(
        trigger="order_placed",
        steps=[
            (
                "branch",
                {
                    "test": "interested",
                    "interest": str(tea.pk),
                    "yes": [("send_message", {"text": "Tea!"})],
                },
            )
        ],
        name="Tea time",
    )

    for interest in (coffee, tea):
        response = admin_client.post(f"{LIST}delete/{interest.pk}/", follow=True)
        assert "is asked for by" in response.content.decode()
    assert Interest.objects.count() == 2


def test_staff_note_and_forget_what_somebody_cares_about(admin_client: Client) -> None:
    coffee, tea = Interest.objects.create(name="Coffee", words="coffee"), Interest.objects.create(name="Tea")
    ada = somebody()
    bought_coffee(ada)
    page = reverse("wagtail_drip_contacts:interests", args=[ada.pk])
    assert (
        "Have shown interest in"
        in admin_client.get(reverse("wagtail_drip_contacts:inspect", args=[ada.pk])).content.decode()
    )

    admin_client.post(page, {"stated": [str(tea.pk)]})
    assert interests.said_by(ada.pk) == {tea.pk}
    admin_client.post(page, {"forget": "1"})
    admin_client.post(page, {"stated": []})

    assert interests.of([ada.pk], now=clock.now()) == {}
    assert not InferredInterest.objects.filter(interest=coffee).exists()
    noted = ModelLogEntry.objects.filter(object_id=str(ada.pk)).values_list("action", flat=True)
    assert sorted(noted) == [
        "wagtail_drip.forget_interests",
        "wagtail_drip.note_interests",
        "wagtail_drip.note_interests",
    ]


def test_who_may_not_change_contacts_notes_nothing(client: Client) -> None:
    coffee, ada = Interest.objects.create(name="Coffee"), somebody()
    staff(client, "view_contact")

    response = client.post(
        reverse("wagtail_drip_contacts:interests", args=[ada.pk]), {"stated": [str(coffee.pk)]}
    )

    assert response.status_code == 302
    assert not StatedInterest.objects.exists()


@pytest.mark.parametrize(("by", "expected"), [("stated", {"Bo"}), ("inferred", {"Ada"})])
def test_the_list_of_contacts_is_filtered_by_either(
    admin_client: Client, by: str, expected: set[str]
) -> None:
    coffee = Interest.objects.create(name="Coffee", words="coffee")
    ada, bo, _cy = somebody("Ada"), somebody("Bo"), somebody("Cy")
    bought_coffee(ada)
    said(coffee, bo)

    page = admin_client.get(reverse("wagtail_drip_contacts:index"), {"interest": f"{by}-{coffee.pk}"})

    assert {contact.first_name for contact in page.context["object_list"]} == expected


def test_a_segment_in_a_sentence_names_the_interest() -> None:
    coffee = Interest.objects.create(name="Coffee", words="coffee")
    ada, bo = somebody("Ada"), somebody("Bo")
    bought_coffee(ada)
    said(coffee, bo)

    def asked(**value: Any) -> tuple[str, set[int]]:
        stream = blocks.RulesBlock().to_python(
            [{"type": "interest", "value": {"interest": str(coffee.pk), **value}, "id": "1"}]
        )
        found = matching.people(blocks.compiled("all", stream), now=clock.now())
        return blocks.sentence("all", stream), {contact.pk for each in found for contact in each}

    assert asked() == ("People of whom they are interested in “Coffee”.", {ada.pk, bo.pk})
    assert asked(by="stated") == (
        "People of whom they said that they are interested in “Coffee”.",
        {bo.pk},
    )
    assert asked(by="inferred", negate="not") == (
        "People of whom they have shown no interest in “Coffee”.",
        {bo.pk},
    )


def test_a_site_tells_us_what_somebody_said() -> None:
    coffee, tea = Interest.objects.create(name="Coffee"), Interest.objects.create(name="Tea")
    ada = {"email": "ada@example.com"}

    state_interests(ada, ["coffee", "Tea"])
    contact = state_interests(ada, {"TEA": False}, source="survey")

    assert contact.pk == identify(ada).pk
    assert interests.said_by(contact.pk) == {coffee.pk}
    assert tea.stated.get().until is not None
    with pytest.raises(BadInput, match="no interest named 'Cofee'"):
        state_interests(ada, ["Cofee"])
    with pytest.raises(BadInput, match="a list of names"):
        state_interests(ada, "Coffee")
