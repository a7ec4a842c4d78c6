"""Segments on screen: the live count answers unsaved rules, a mistake is named, and what is in use stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from wagtail.models import Site

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock
from wagtail_drip.segments import blocks, refresh
from wagtail_drip.segments.models import Segment
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


def posted(*rules: tuple[str, dict[str, str]], **others: str) -> dict[str, str]:
    """Return what a browser sends for these rules."""
    fields = {"name": "Regulars", "match": "all", "rules-count": str(len(rules)), **others}
    for number, (kind, values) in enumerate(rules):
        fields |= {
            f"rules-{number}-type": kind,
            f"rules-{number}-order": str(number),
            f"rules-{number}-deleted": "",
            f"rules-{number}-id": f"00000000-0000-4000-8000-00000000000{number}",
            **{f"rules-{number}-value-{name}": value for name, value in values.items()},
        }
    return fields


VIP = ("tag", {"negate": "", "tag": "VIP "})


def test_the_count_answers_rules_that_are_not_saved(admin_client: Client) -> None:
    ada = reachable_contact(first_name="Ada")
    reachable_contact(first_name="Bo")
    change_tags(add=[(ada.pk, "vip")], now=clock.now())

    page = admin_client.post(reverse("wagtail_drip_segments:count"), posted(VIP)).content.decode()

    assert "<strong>1</strong> person" in page
    assert "Ada" in page
    assert "Bo" not in page
    assert "People of whom the tag “vip” is there." in page
    assert not Segment.objects.exists()


def test_the_count_says_what_is_missing(admin_client: Client) -> None:
    page = admin_client.post(
        reverse("wagtail_drip_segments:count"), posted(VIP, ("tag", {"negate": "", "tag": ""}))
    ).content.decode()

    assert "Rule 2: Write the tag, such as vip." in page
    assert "drip-count__number" not in page


def test_whoever_may_not_see_contacts_gets_a_number_and_no_names(client: Client) -> None:
    ada = reachable_contact(first_name="Ada")
    change_tags(add=[(ada.pk, "vip")], now=clock.now())
    editor = User.objects.create_user("ed", password="x")
    editor.user_permissions.add(
        *Permission.objects.filter(codename__in=["access_admin", "change_segment", "add_segment"])
    )
    client.force_login(editor)

    page = client.post(reverse("wagtail_drip_segments:count"), posted(VIP)).content.decode()

    assert "<strong>1</strong>" in page
    assert "Ada" not in page


def test_whoever_may_not_write_segments_gets_no_count(client: Client) -> None:
    visitor = User.objects.create_user("vi", password="x")
    visitor.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(visitor)

    assert client.post(reverse("wagtail_drip_segments:count"), posted(VIP)).status_code in (302, 403)


def test_a_segment_is_saved_and_a_mistake_is_named(admin_client: Client) -> None:
    add = reverse("wagtail_drip_segments:add")

    refused = admin_client.post(add, posted(("tag", {"negate": "", "tag": ""}), notes="")).content.decode()
    assert "Rule 1: Write the tag, such as vip." in refused
    assert not Segment.objects.exists()

    admin_client.post(add, posted(VIP, notes="", is_kept_up_to_date="on"))
    saved = Segment.objects.get()
    assert saved.compiled == {"match": "all", "rules": [{"kind": "tag", "tag": "vip", "negate": False}]}

    refresh.refresh_due()
    listed = admin_client.get(reverse("wagtail_drip_segments:list")).content.decode()
    assert "People of whom the tag “vip” is there." in listed
    assert f"?segment={saved.pk}" in listed


def test_the_list_costs_the_same_however_many_segments_name_others(admin_client: Client) -> None:
    first = Segment.objects.create(name="First", rules=[("tag", {"tag": "vip", "negate": ""})])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get(reverse("wagtail_drip_segments:list")).content.decode()
        assert "they are in “First”" in page
        return len(queries)

    named = [
        ("segment", {"segment": str(first.pk)}),
        ("consent", {"group": "marketing", "site": str(Site.objects.get().pk)}),
    ]
    for number in range(2):
        Segment.objects.create(name=f"Of first {number}", rules=named)
    few = cost()
    for number in range(2, 9):
        Segment.objects.create(name=f"Of first {number}", rules=named)
    assert cost() == few


def test_the_list_of_contacts_shows_a_segment_only(admin_client: Client) -> None:
    ada, _bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bobby")
    change_tags(add=[(ada.pk, "vip")], now=clock.now())
    saved = Segment.objects.create(name="Regulars", rules=[("tag", {"tag": "vip", "negate": ""})])
    refresh.refresh_due()

    page = admin_client.get(reverse("wagtail_drip_contacts:index"), {"segment": saved.pk}).content.decode()

    assert "Ada" in page
    assert "Bobby" not in page


def test_a_contacts_page_names_their_segments(admin_client: Client) -> None:
    ada, bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bo")
    change_tags(add=[(ada.pk, "vip")], now=clock.now())
    Segment.objects.create(name="Our regulars", rules=[("tag", {"tag": "vip", "negate": ""})])
    refresh.refresh_due()

    def shown(contact: Contact) -> str:
        address = reverse("wagtail_drip_contacts:inspect", args=[contact.pk])
        return admin_client.get(address).content.decode()

    assert "Our regulars" in shown(ada)
    assert "Our regulars" not in shown(bo)


def test_two_segments_cannot_ask_for_each_other() -> None:
    first = Segment.objects.create(name="First", rules=[("tag", {"tag": "vip", "negate": ""})])
    second = Segment.objects.create(
        name="Second", rules=[("segment", {"segment": str(first.pk), "negate": ""})]
    )
    first.rules = [("segment", {"segment": str(second.pk), "negate": ""})]

    with pytest.raises(Exception, match="asks for this one"):
        first.full_clean()


@pytest.mark.parametrize(
    "by", ["a segment", "a sequence's audience", "whom it leaves out", "a draft", "a branch"]
)
def test_a_segment_that_is_asked_for_is_not_deleted(admin_client: Client, by: str) -> None:
    saved = Segment.objects.create(name="Regulars", rules=[("tag", {"tag": "vip", "negate": ""})])
    hello = ("send_message", {"text": "Hello, reply STOP to opt out."})
    if by == "a segment":
        Segment.objects.create(
            name="Asking", rules=[("segment", {"segment": str(saved.pk), "negate": "not"})]
        )
    elif by == "a branch":
        branch: dict[str, Any] = {"test": "in_segment", "segment": str(saved.pk), "yes": [hello]}
        live_sequence(name="Asking", steps=[("branch", branch)])
    elif by == "whom it leaves out":
        live_sequence(name="Asking", trigger_kind="once", trigger_without_segments=[saved.pk], steps=[hello])
    elif by == "a draft":
        written = live_sequence(name="Asking", trigger_kind="once", steps=[hello])
        written.trigger_without_segments = [saved.pk]
        written.save_revision()
    else:
        live_sequence(
            name="Asking",
            trigger_kind="once",
            trigger_audience="segment",
            trigger_segment=saved,
            steps=[hello],
        )

    page = admin_client.post(reverse("wagtail_drip_segments:delete", args=[saved.pk]), follow=True)

    assert Segment.objects.filter(pk=saved.pk).exists()
    assert "“Asking”" in page.content.decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"when": "next", "days": 7}, "their birthday is today or in the next 7 days"),
        ({"when": "next", "days": 1}, "their birthday is today or tomorrow"),
        ({"when": "last", "days": 1}, "their birthday is today or was yesterday"),
        ({"when": "last", "days": 0}, "their birthday is today"),
        ({"when": "last", "days": 0, "negate": "not"}, "their birthday is not today"),
        ({"when": "last", "days": 9, "negate": "not"},
         "this is not so: their birthday is today or was in the last 9 days"),
    ],
)  # fmt: skip
def test_the_sentence_of_a_date(value: dict[str, Any], expected: str) -> None:
    saved = Segment(name="x", rules=[("date", {"date": "birthday", **value})])

    assert blocks.sentence(saved.match, saved.rules) == f"People of whom {expected}."


def test_a_date_without_its_name_or_days_is_refused() -> None:
    saved = Segment(name="x", rules=[("date", {"date": " ", "when": "next", "days": None})])

    assert list(blocks.problems(saved.rules)) == [
        "Rule 1: Say which date of the person to look at, such as birthday.",
        "Rule 1: Fill in how many days; 0 is today.",
    ]


def test_the_sentence_names_the_site() -> None:
    site = Site.objects.get()
    saved = Segment(name="x", rules=[("consent", {"group": "marketing", "site": str(site.pk)})])

    told = blocks.sentence(saved.match, saved.rules)

    assert told == f"People of whom they have agreed to marketing texts on {site}."


def test_the_sentence_reads_in_both_languages() -> None:
    saved = Segment(
        name="x",
        match="any",
        rules=[
            ("event", {"event": "order_placed", "times": 2, "days": 30, "negate": "not"}),
            (
                "group",
                {"match": "none", "rules": [("tag", {"tag": "vip"}), ("consent", {"group": "marketing"})]},
            ),
        ],
    )

    assert blocks.sentence(saved.match, saved.rules) == (
        "People of whom this did not happen: Order placed 2 times or more in the last 30 days or (none of "
        "this is true: the tag “vip” is there or they have agreed to marketing texts)."
    )
    with translation.override("zh-hans"):
        told = blocks.sentence(saved.match, saved.rules)
    assert "30" in told
    assert "vip" in told
    assert "People" not in told
