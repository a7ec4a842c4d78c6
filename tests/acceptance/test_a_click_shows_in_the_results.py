from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import shop
from tests.acceptance.conftest import NOON
from tests.acceptance.town import Town, counted
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.events.models import Event
from wagtail_drip.links.models import Click, Link
from wagtail_drip.reports import metrics
from wagtail_drip.reports.metrics import Counts
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def guide(town: Town) -> Sequence:
    return live_sequence(
        name="Brewing guide",
        purpose="information",
        trigger="order_placed",
        steps=[
            ("send_message", {"name": "Guide", "text": "How to brew: {{ shop.url }}/shop/catalogue/"}),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            (
                "branch",
                {
                    "test": "done",
                    "event": "link_clicked",
                    "yes": [("send_message", {"name": "Curious", "text": "A pot makes the difference."})],
                    "no": [("exit", {"reason": "Not interested"})],
                },
            ),
        ],
    )


def test_a_click_shows_in_the_results(town: Town, guide: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    phone = town.phone(shop.PHONE)
    (link,) = phone.links()
    town.let_pass(minutes=10)

    target = town.follow(link)
    town.follow(link)
    town.let_pass(days=1)

    assert link.startswith(f"{town.url}/drip/l/")
    assert target == f"{town.url}/shop/catalogue/"
    assert Link.objects.values_list("clicks", "first_click_at", "sequence_id").get() == (
        2,
        NOON + timedelta(minutes=10),
        guide.pk,
    )
    assert Event.objects.filter(name="link_clicked").count() == 2
    assert phone.texts() == ["How to brew: <link>", "A pot makes the difference."]
    assert counted(guide, "Guide") == Counts(visited=1, sent=1, delivered=1, clicked=1, segments=1)
    assert counted(guide, "Curious") == Counts(visited=1, sent=1, delivered=1, segments=1)
    total = metrics.total(metrics.by_step(guide.pk))
    assert (total.delivery_rate, total.click_rate) == (1.0, 0.5)


def test_the_owner_reads_it_on_the_results_page(town: Town, guide: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    town.follow(town.phone(shop.PHONE).links()[0])
    owner = Client()
    owner.force_login(
        User.objects.create_superuser("owner", "owner@shop.example", "pass"),
        backend="django.contrib.auth.backends.ModelBackend",
    )

    page = owner.get(f"/admin/text-messages/sequences/results/{guide.pk}/")

    assert page.status_code == 200
    assert page.context["people"] == metrics.People(entered=1, inside=1)
    assert (page.context["delivery_rate"], page.context["click_rate"]) == ("100.0 %", "100.0 %")
    assert [(each.number, each.label, each.depth, each.standing) for each in page.context["rows"]] == [
        ("1", "Send a text", 0, 0),
        ("2", "Wait", 0, 1),
        ("3", "If / else", 0, 0),
        ("4", "Send a text", 1, 0),
        ("5", "Stop here", 1, 0),
    ]
    assert page.context["rows"][0].counts == Counts(visited=1, sent=1, delivered=1, clicked=1, segments=1)


def test_what_a_machine_opens_is_no_click_of_a_person(town: Town, guide: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.settle()
    phone = town.phone(shop.PHONE)

    town.session.headers["User-Agent"] = "facebookexternalhit/1.1"
    town.follow(phone.links()[0])
    town.let_pass(days=1)

    assert (Click.objects.count(), Link.objects.get().clicks) == (1, 0)
    assert phone.texts() == ["How to brew: <link>"]
    assert counted(guide, "Guide").clicked == 0
    enrolment = Enrolment.objects.get()
    assert enrolment.state == "exited"


def test_no_click_is_a_choice_too(town: Town, guide: Sequence) -> None:
    shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")

    town.let_pass(days=2)

    assert town.phone(shop.PHONE).texts() == ["How to brew: <link>"]
    assert counted(guide, "Curious") == Counts()
