"""Stages of customers on screen: how many are in each, other rules, and who is in which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.segments import blocks, life_stage_refresh
from wagtail_drip.segments.life_stage_models import LifeStageRules
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores.models import PurchaseTally

pytestmark = pytest.mark.django_db

PAGE = "/admin/text-messages/segments/stages/"
LIMITS = {"new_days": 10, "loyal_orders": 3, "at_risk_days": 20, "dormant_days": 40, "lost_days": 60}


def customer(name: str, *, orders: int = 0, first: int = 0, last: int = 0) -> Contact:
    """*first*, *last*: how many days ago."""
    now = clock.now()
    contact = Contact.objects.create(first_name=name, created_at=now, changed_at=now)
    if orders:
        PurchaseTally.objects.create(
            contact=contact,
            n=orders,
            first_at=now - timedelta(days=first),
            last_at=now - timedelta(days=last),
        )
    return contact


def staff(client: Client, *codenames: str) -> None:
    user = User.objects.create_user("staff", password="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *codenames]))
    client.force_login(user)


def test_the_page_says_who_is_meant_and_how_many(admin_client: Client) -> None:
    customer("Ada", orders=5, first=100, last=1)
    customer("Bo", orders=1, first=400, last=400)
    customer("Cy")
    life_stage_refresh.refresh_due()

    response = admin_client.get(reverse("wagtail_drip_segments:stages"))

    counted = {name: n for name, _, _, n in response.context["stages"]}
    assert counted == {
        "lead": 1,
        "new": 0,
        "active": 0,
        "loyal": 1,
        "at_risk": 0,
        "dormant": 0,
        "lost": 1,
    }
    assert "365 days without an order, or longer." in response.content.decode()


def test_other_rules_are_saved_and_sort_everybody_anew(admin_client: Client) -> None:
    customer("Ada", orders=1, first=45, last=45)
    life_stage_refresh.refresh_due()

    response = admin_client.post(PAGE, LIMITS)

    assert response.status_code == 302
    row = LifeStageRules.objects.get()
    assert {name: getattr(row, name) for name in LIMITS} == LIMITS
    assert row.is_filled is False
    assert "Being counted" in admin_client.get(PAGE).content.decode()
    assert life_stage_refresh.refresh_due() == 1


def test_saving_the_same_rules_counts_nothing_anew(admin_client: Client) -> None:
    admin_client.post(PAGE, LIMITS)
    life_stage_refresh.refresh_due()

    admin_client.post(PAGE, LIMITS)

    row = LifeStageRules.objects.get()
    assert (row.changes, row.is_filled) == (1, True)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        pytest.param("lost_days", "40", "Write more days than for the stage before it.", id="lost too soon"),
        pytest.param("dormant_days", "20", "Write more days than for the stage", id="dormant too soon"),
        pytest.param("loyal_orders", "1", "greater than or equal to 2", id="loyal by one order"),
        pytest.param("new_days", "", "This field is required", id="nothing"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_saved(
    admin_client: Client, field: str, value: str, said: str
) -> None:
    page = admin_client.post(PAGE, {**LIMITS, field: value}).content.decode()

    assert said in page
    assert LifeStageRules.objects.get().lost_days == 365


def test_who_may_not_see_segments_sees_no_stages(client: Client) -> None:
    staff(client, "view_contact")

    assert client.get(PAGE).status_code == 302
    assert not LifeStageRules.objects.exists()


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    staff(client, "view_segment")

    assert "Change the rules" not in client.get(PAGE).content.decode()
    client.post(PAGE, LIMITS)
    assert LifeStageRules.objects.get().lost_days == 365


def test_the_list_is_narrowed_to_a_stage(admin_client: Client) -> None:
    customer("Ada", orders=1, first=1, last=1)
    customer("Bo")
    life_stage_refresh.refresh_due()

    page = admin_client.get("/admin/text-messages/contacts/", {"stage": "new"}).content.decode()

    assert "Ada" in page
    assert ">Bo<" not in page


def test_a_contact_s_page_tells_the_stages_they_went_through(admin_client: Client) -> None:
    ada, now = customer("Ada", orders=1, first=1, last=1), clock.now()
    life_stage_refresh.refresh_due(now=now - timedelta(hours=1))
    life_stage_refresh.refresh_due(now=now + timedelta(days=40))

    response = admin_client.get(reverse("wagtail_drip_contacts:inspect", args=[ada.pk]))

    assert [row.stage for row in response.context["stages"]] == ["active", "new"]
    assert "Active <span" in response.content.decode()


def test_the_page_takes_as_many_queries_for_many_people(admin_client: Client) -> None:
    customer("Ada")
    life_stage_refresh.refresh_due()

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(PAGE)
        return len(queries)

    asked()
    few = asked()
    for number in range(20):
        customer(f"Person {number}", orders=number, first=300, last=number * 10)
    life_stage_refresh.refresh_due(now=clock.now() + timedelta(minutes=16))

    assert asked() == few


def test_a_segment_says_in_a_sentence_for_which_stage_it_asks() -> None:
    rules = [("stage", {"negate": "", "stage": "at_risk"}), ("stage", {"negate": "not", "stage": "lost"})]
    segment = Segment.objects.create(name="Worth a word", rules=rules)

    assert (
        blocks.sentence("all", segment.rules)
        == "People of whom their stage is “At risk” and their stage is not “Lost”."
    )
    with translation.override("zh-hans"):
        assert "有流失风险" in blocks.sentence("all", segment.rules)
    unfinished = Segment(name="?", rules=[("stage", {"negate": "", "stage": ""})])
    assert list(blocks.problems(unfinished.rules)) == ["Rule 1: Choose the stage."]
