"""The conversation beside the editor: what it shows, as whom, and to whom it never shows a customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from wagtail.models import Site
from wagtail.users.models import UserProfile

from wagtail_drip.admin.preview import people
from wagtail_drip.admin.preview.bubbles import bubble
from wagtail_drip.admin.sequences.conversation import Row, conversation
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.enrolments.steps import base as engine
from wagtail_drip.events.models import Event
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores.models import Purchase

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday


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


def made_up() -> people.Person:
    return people.person(None, trigger_event="cart_abandoned", site_id=Site.objects.get().pk)


def rows(*steps: dict[str, Any], person: people.Person | None = None) -> list[Row]:
    return conversation(sequence(*steps), person or made_up(), now=NOW).rows


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


# What the conversation shows


def test_waits_show_when_they_are_over() -> None:
    shown = rows(
        step("a", "wait_duration", amount=2, unit="hours"),
        text("b", "First"),
        step("c", "wait_until_time", time="09:30:00", weekdays=["0"]),
        text("d", "Second"),
    )

    assert [row.at for row in shown] == [
        NOW,
        datetime(2026, 5, 1, 14, tzinfo=UTC),
        datetime(2026, 5, 1, 14, tzinfo=UTC),
        datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
    ]
    assert shown[0].words == "2 hours later"
    assert shown[0].until == datetime(2026, 5, 1, 14, tzinfo=UTC)
    assert shown[2].words == "Wait until 09:30 on Monday"


def test_a_branch_has_chosen_what_happens_when_the_person_does_nothing() -> None:
    branch = step(
        "a",
        "branch",
        test="done",
        event="order_placed",
        yes=[text("b", "Thanks")],
        no=[text("c", "Still there?")],
    )

    (shown,) = rows(branch)

    assert [(option.label, option.is_chosen) for option in shown.options] == [("Yes", False), ("No", True)]
    assert shown.words == "If this has happened since entering: An order is placed"


def test_a_branch_by_a_detail_is_decided_by_the_person() -> None:
    branch = step(
        "a",
        "branch",
        test="attribute",
        property="language",
        operator="is",
        value="zh",
        yes=[text("b", "你好")],
        no=[],
    )
    chinese = contact(first_name="Mei", language="zh")
    site_id = Site.objects.get().pk

    as_chinese = rows(
        branch, person=people.person(chinese.pk, trigger_event="cart_abandoned", site_id=site_id)
    )
    as_made_up = rows(branch)

    assert [option.is_chosen for option in as_chinese[0].options] == [True, False]
    assert [option.is_chosen for option in as_made_up[0].options] == [False, True]


def test_the_way_not_taken_has_its_moments_too() -> None:
    branch = step(
        "a",
        "branch",
        test="done",
        event="order_placed",
        yes=[step("w", "wait_duration", amount=3, unit="days"), text("b", "Thanks")],
        no=[],
    )

    shown = rows(step("s", "wait_duration", amount=1, unit="hours"), branch, text("last", "Bye"))

    assert shown[1].options[0].rows[1].at == datetime(2026, 5, 4, 13, tzinfo=UTC)
    assert shown[2].at == datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_nobody_comes_behind_the_end() -> None:
    shown = rows(text("a", "Hi"), step("b", "exit", reason=""), text("c", "Never"))

    assert shown[1].words == "The sequence ends here"
    assert shown[2].at is None


def test_an_unfinished_draft_is_shown_as_far_as_it_goes() -> None:
    shown = rows(
        step("a", "wait_duration", amount=None, unit="days"),
        step("b", "update_contact", field="attribute", attribute="", value=""),
        text("c", ""),
        step("d", "branch", test="done", event="", yes=[], no=[]),
        text("e", "Hi {{ contact.first_name"),
    )

    assert shown[0].words == "Wait: not set yet"
    assert shown[2].at == NOW
    assert shown[4].bubble is not None
    assert shown[4].bubble.error == "Line 1: A “{{” is opened and not closed."


def test_what_it_costs_is_counted_on_the_way_taken() -> None:
    branch = step(
        "a", "branch", test="done", event="order_placed", yes=[text("b", "x" * 161)], no=[text("c", "x")]
    )

    found = conversation(sequence(branch, text("d", "y")), made_up(), now=NOW)

    assert found.segments == 2


def test_only_the_first_marketing_text_of_each_way_must_say_how_to_stop() -> None:
    branch = step(
        "a", "branch", test="done", event="order_placed", yes=[text("b", "One")], no=[text("c", "Two")]
    )

    shown = rows(branch, text("d", "Three"))

    assert [option.rows[0].needs_opt_out for option in shown[0].options] == [True, True]
    assert not shown[1].needs_opt_out


def test_a_text_about_an_order_need_not_say_how_to_stop() -> None:
    shown = rows(text("a", "Your order is on its way.", purpose="transactional"))

    assert not shown[0].needs_opt_out


@pytest.mark.parametrize(
    "words",
    ["Reply STOP to opt out", "Stop? Reply unsubscribe", "回复退订", "Répondez ARRET", "Stopp svarar du"],
)
def test_people_say_how_to_stop_in_many_ways(words: str) -> None:
    assert bubble(words, {}).says_how_to_stop


def test_links_cost_what_short_links_cost() -> None:
    long = "https://shop.example/" + "x" * 200

    assert bubble(f"Look: {long}", {}).segments == 1
    assert bubble(f"Look: {long}", {}, track_links=False).segments == 2


def test_a_detail_that_is_not_there_is_named() -> None:
    shown = bubble("Hi {{ contact.first_name }}, {{ order.number | default: 'hello' }}", {"contact": {}})

    assert shown.text == "Hi , hello"
    assert shown.missing == ("contact.first_name",)


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


@pytest.mark.parametrize("path", ["", "results/", "chosen/{pk}/"])
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
    client = staff("ada", *EDITOR, "view_contact")

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


def test_a_new_sequence_is_shown_before_it_has_a_name() -> None:
    client = staff("ada", *EDITOR)
    unnamed = {**form_of(sequence(text("a", "Hello there"))), "name": ""}

    posted = client.post("/admin/text-messages/sequences/preview/", unnamed).json()
    page = client.get("/admin/text-messages/sequences/preview/", {"mode": ""}).content.decode()

    assert posted == {"is_valid": True, "is_available": True}
    assert "Hello there" in page


def test_a_kind_that_the_engine_lacks_is_shown_without_its_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.kinds()
    monkeypatch.delitem(engine._ours, "update_contact")

    shown = rows(
        text("a", "Hi"),
        step("b", "update_contact", field="attribute", attribute="vip", value="yes"),
        text("c", "Ho"),
    )

    assert [row.kind for row in shown] == ["send_message", "update_contact", "send_message"]
    assert shown[1].words == "Notes vip: yes"
    assert shown[2].at is None
