"""The preview beside the editor: as whom it is shown, and to whom it never shows a customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from wagtail.models import Site
from wagtail.users.models import UserProfile

from wagtail_drip.admin.preview import people
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import actions as core
from wagtail_drip.events.models import Event
from wagtail_drip.sequences import problems
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores.models import Purchase

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def step(step_id: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "id": step_id, "value": value}


def text(step_id: str, words: str, **value: Any) -> dict[str, Any]:
    return step(step_id, "send_message", text=words, **value)


def sequence(*steps: dict[str, Any], **fields: Any) -> Sequence:
    return Sequence.objects.create(
        **{
            "name": "Baskets",
            "trigger_event": "cart_abandoned",
            "live": False,
            "steps": list(steps),
            **fields,
        }
    )


def contact(**fields: Any) -> Contact:
    return Contact.objects.create(created_at=NOW, changed_at=NOW, **fields)


def staff(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, password="pass", is_staff=True)
    wanted = ("access_admin", *permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


EDITOR = ("add_sequence", "change_sequence")


def preview(client: Client, of: Sequence, person: object = "") -> str:
    """Draw the stored preview, as the panel does after it has posted the form."""
    response = client.get(
        f"/admin/text-messages/sequences/preview/{of.pk}/",
        {"mode": "", "in_preview_panel": "true", "person": str(person)},
    )
    assert response.status_code == 200
    return response.content.decode()


def form_of(of: Sequence) -> dict[str, Any]:
    """Return what the editor's page would post for a sequence with one text."""
    child = of.steps[0]
    return {
        "name": of.name,
        "trigger_event": of.trigger_event,
        "goal_event": "",
        "trigger_conditions-count": "0",
        "goal_conditions-count": "0",
        "exit_rules-count": "0",
        "reentry": "never",
        "reentry_days": "30",
        "purpose": "promotional",
        "topic": "",
        "site": "",
        "notes": "",
        "steps-count": "1",
        "steps-0-deleted": "",
        "steps-0-order": "0",
        "steps-0-type": "send_message",
        "steps-0-id": child.id,
        "steps-0-value-text": child.value["text"],
        "steps-0-value-name": "",
        "steps-0-value-saved_message": "",
        "steps-0-value-purpose": "",
        "steps-0-value-topic": "",
        "steps-0-value-track_links": "on",
        "steps-0-value-expires_hours": "",
    }


def post(client: Client, of: Sequence, person: object = "") -> dict[str, Any]:
    response = client.post(f"/admin/text-messages/sequences/preview/{of.pk}/?person={person}", form_of(of))
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


# As whom


def test_the_persons_own_event_and_cart_are_shown() -> None:
    ben = contact(first_name="Ben", zone="Europe/London")
    Event.objects.create(
        contact=ben,
        site=Site.objects.get(),
        store="oscar",
        name="cart_abandoned",
        key="1",
        properties={"total": "9.99"},
        occurred_at=NOW,
        recorded_at=NOW,
    )

    person = people.person(ben.pk, trigger_event="cart_abandoned", site_id=Site.objects.get().pk)

    assert (person.label, person.zone) == ("Ben", "Europe/London")
    assert person.variables["event"] == {"total": "9.99"}
    assert person.variables["contact"]["first_name"] == "Ben"


def test_somebody_to_whom_it_has_not_happened_has_a_sample_cart() -> None:
    ben = contact(first_name="Ben")

    person = people.person(ben.pk, trigger_event="cart_abandoned", site_id=Site.objects.get().pk)

    assert person.variables["cart"]["first_product"] == "Teapot"
    assert not person.variables["order"]


def test_people_worth_looking_at_are_offered() -> None:
    site = Site.objects.get()
    ben = contact(first_name="Ben")
    nobody = contact(phone="+447700900123")
    zoe = contact(first_name="Zoë")
    contact(first_name="Gone", erased_at=NOW)
    Purchase.objects.create(
        store="oscar", order_id="1", contact=ben, site=site, total="42.00", placed_at=NOW, recorded_at=NOW
    )

    assert [(choice.contact_id, choice.label) for choice in people.choices()] == [
        (ben.pk, "Latest customer with an order (Ben)"),
        (nobody.pk, "Someone with no first name (+44 •••• •• 123)"),
        (zoe.pk, "Someone without an order (Zoë)"),
    ]


@pytest.mark.parametrize("gone", ["erased_at", "merged_into"])
def test_who_is_erased_or_merged_is_not_shown(gone: str) -> None:
    ben = contact(first_name="Ben")
    Contact.objects.filter(pk=ben.pk).update(
        **{gone: NOW if gone == "erased_at" else contact(first_name="Other").pk}
    )

    assert people.person(ben.pk, trigger_event="", site_id=Site.objects.get().pk).contact_id is None


# To whom


def test_who_may_see_contacts_sees_the_customer_that_was_chosen() -> None:
    shown = sequence(text("a", "Hi {{ contact.first_name }}"))
    ben = contact(first_name="Benedict")
    client = staff("ada", *EDITOR, "view_contact")

    assert post(client, shown, ben.pk) == {"is_valid": True, "is_available": True}

    page = preview(client, shown, ben.pk)
    assert "Hi Benedict" in page
    assert "Shown as Benedict" in page


def test_who_may_not_see_contacts_sees_somebody_made_up_whatever_the_address_says() -> None:
    shown = sequence(text("a", "Hi {{ contact.first_name }}"))
    ben = contact(first_name="Benedict", phone="+447700900123")
    client = staff("bob", *EDITOR)

    assert post(client, shown, ben.pk) == {"is_valid": True, "is_available": True}

    page = preview(client, shown, ben.pk)
    assert "Benedict" not in page
    assert "Hi Mei" in page
    assert "Shown as Mei, a made-up customer" in page


@pytest.mark.parametrize("person", ["0", "-1", "1 OR 1=1", "99999999999999999999", "²", "' --", "null"])
def test_an_address_that_names_nobody_shows_somebody_made_up(person: str) -> None:
    shown = sequence(text("a", "Hi {{ contact.first_name }}"))
    contact(first_name="Benedict")
    client = staff("ada", *EDITOR, "view_contact")
    post(client, shown)

    assert "Hi Mei" in preview(client, shown, person)


def test_the_editor_offers_customers_only_to_those_who_may_see_them() -> None:
    shown = sequence(text("a", "Hi"))
    contact(first_name="Benedict")
    address = f"/admin/text-messages/sequences/edit/{shown.pk}/"

    allowed = staff("ada", *EDITOR, "view_contact").get(address).content.decode()
    refused = staff("bob", *EDITOR).get(address).content.decode()

    assert "Someone without an order (Benedict)" in allowed
    assert "Choose a customer…" in allowed
    assert "Benedict" not in refused
    assert "Choose a customer…" not in refused
    assert "A made-up customer" in refused


@pytest.mark.parametrize("path", ["", "results/", "chosen/{pk}/", "chosen-multiple/?id={pk}"])
def test_the_chooser_refuses_those_who_may_not_see_contacts(path: str) -> None:
    ben = contact(first_name="Benedict")
    address = "/admin/text-messages/choose-person/" + path.format(pk=ben.pk)

    refused = staff("bob", *EDITOR).get(address)
    allowed = staff("ada", *EDITOR, "view_contact").get(address)

    assert refused.status_code == 302
    assert "Benedict" not in refused.content.decode()
    assert allowed.status_code == 200
    assert "Benedict" in allowed.content.decode()


def test_the_chooser_finds_by_name_and_number_and_shows_no_whole_number() -> None:
    contact(first_name="Benedict", phone="+447700900123")
    contact(first_name="Zoë", phone="+447700900456")
    client = staff("ada", *EDITOR, "view_contact", "see_numbers")

    found = client.get("/admin/text-messages/choose-person/results/", {"q": "900123"}).content.decode()

    assert "Benedict" in found
    assert "Zoë" not in found
    assert "7700900123" not in found


def test_a_saved_message_is_previewed_like_a_step() -> None:
    saved = MessageTemplate.objects.create(name="Farewell", text="Bye {{ contact.first_name }}", live=False)
    ben = contact(first_name="Benedict")
    address = f"/admin/text-messages/saved-messages/preview/{saved.pk}/"
    permissions = ("add_messagetemplate", "change_messagetemplate")

    pages = {}
    for name, extra in (("ada", ("view_contact",)), ("bob", ())):
        client = staff(name, *permissions, *extra)
        client.post(address, {"name": "Farewell", "text": "Bye {{ contact.first_name }}"})
        pages[name] = client.get(address, {"person": ben.pk, "mode": ""}).content.decode()

    assert "Bye Benedict" in pages["ada"]
    assert "Bye Mei" in pages["bob"]
    assert "Benedict" not in pages["bob"]


def test_a_published_revision_is_shown_as_somebody_made_up() -> None:
    shown = sequence(text("a", "Hi {{ contact.first_name }}"))
    ben = contact(first_name="Benedict")
    revision = shown.save_revision()

    response = staff("ada", *EDITOR, "view_contact").get(
        f"/admin/text-messages/sequences/history/{shown.pk}/revisions/{revision.pk}/view/", {"person": ben.pk}
    )

    assert "Hi Mei" in response.content.decode()


def test_the_preview_speaks_the_readers_language_and_wears_their_theme() -> None:
    shown = sequence(text("a", "Hi"))
    client = staff("ada", *EDITOR)
    UserProfile.objects.create(
        user=User.objects.get(username="ada"),
        preferred_language="ar",
        theme=UserProfile.AdminColorThemes.DARK,
    )

    post(client, shown)
    page = preview(client, shown)

    assert '<html lang="ar" class="theme-dark" dir="rtl">' in page
    assert '<p dir="auto" class="bubble"' in page


def test_where_no_language_was_chosen_the_preview_speaks_the_browsers_as_the_editor_does() -> None:
    shown = sequence(text("a", "Hi"))
    client = staff("ada", *EDITOR)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"

    post(client, shown)

    assert '<html lang="zh-hans"' in preview(client, shown)


def test_a_new_sequence_is_shown_before_it_has_a_name() -> None:
    client = staff("ada", *EDITOR)
    unnamed = {**form_of(sequence(text("a", "Hello there"))), "name": ""}

    posted = client.post("/admin/text-messages/sequences/preview/", unnamed).json()
    page = client.get("/admin/text-messages/sequences/preview/", {"mode": ""}).content.decode()

    assert posted == {"is_valid": True, "is_available": True}
    assert "Hello there" in page


# Words that need care


def test_a_word_is_warned_of_where_the_customer_lives(admin_client: Client) -> None:
    made = sequence(text("a", "Wine for two, tonight only. Reply STOP to opt out"))
    there = contact(first_name="Ada", region="US", phone="+12025550123")
    here = contact(first_name="Bo", region="DE", phone="+4915112345678")

    post(admin_client, made)
    warned, calm = preview(admin_client, made, there.pk), preview(admin_client, made, here.pk)

    assert "“wine”: United States: carriers filter texts about this" in warned
    assert 'data-sensitive="1"' in warned
    assert "carriers filter" not in calm
    assert 'data-sensitive="0"' in calm


def test_the_made_up_customer_lives_where_the_shop_does(admin_client: Client, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "DEFAULT_REGION": "CN"}
    made = sequence(text("a", "全网最低价，加微信领券。拒收请回复R"))

    post(admin_client, made)
    shown = preview(admin_client, made)

    assert "“最低价”, “全网最低”: China: the advertising law" in shown
    assert "“加微信”: China: providers refuse or stop marketing texts about this." in shown


def test_the_made_up_customer_lives_in_the_sites_own_country_before_the_installations(
    admin_client: Client, settings: Any, site_id: int
) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "DEFAULT_REGION": "CN"}
    core.change_site_settings(site_id, region="US")
    made = sequence(text("a", "Wine. Reply STOP to opt out"))

    post(admin_client, made)

    assert "“wine”: United States: carriers filter" in preview(admin_client, made)


def test_a_publish_is_not_held_back_by_a_word(admin_client: Client) -> None:
    made = sequence(text("a", "Wine for two. Reply STOP to opt out"))

    assert problems.errors(made) == []
