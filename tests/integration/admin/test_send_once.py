"""The page that shows whom something reaches before it goes out once, and lets it go."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.integration.admin.once_page import HELLO, figures, page, start, url, written
from tests.integration.enrolments.crowd import crowd
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments import once_count
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceCount, OnceRun
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence, publish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open(site_id: int) -> None:
    core.change_site_settings(site_id, zone="UTC", region="GB", sender_address="+447700900000", caps={})
    core.open_site(site_id, account="memory", now=clock.now())


@pytest.fixture
def owner(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def with_rights(client: Client) -> Callable[..., Client]:
    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("eve", "eve@shop.example", "pass")
        user.user_permissions.set(
            Permission.objects.filter(
                codename__in=["access_admin", *codenames],
                content_type__app_label__in=["wagtailadmin", "wagtail_drip"],
            )
        )
        client.force_login(user)
        return client

    return log_in


def test_it_tells_all_there_is_to_know_before_the_button(owner: Client, site_id: int) -> None:
    core.change_site_settings(site_id, price_per_segment=Decimal("0.05"), currency="GBP")
    reachable_contact(first_name="Ada")
    reachable_contact(first_name="Bob")
    reachable_contact(agreed_to=())
    sequence = written()

    html = page(owner, sequence)

    assert figures(html) == {
        "meant": "3",
        "texted": "2",
        "not-texted": "1",
        "clashing": "0",
        "segments": "2",
        "cost": "0.10",
    }
    assert "They have not agreed to texts of this kind." in html
    assert "It goes to 2 people now." in html
    assert "Hello Ada. Reply STOP" in html
    assert "Hello Bob. Reply STOP" in html
    assert Enrolment.objects.count() == 0


def test_it_says_for_how_many_the_zone_is_guessed(owner: Client) -> None:
    reachable_contact(first_name="Ada", phone="+79161234567")
    reachable_contact(first_name="Bob", phone="+79161234568")

    assert "The time zone of 2 people is guessed" in page(owner, written())


def test_without_a_price_there_is_none(owner: Client) -> None:
    reachable_contact(first_name="Ada")

    assert "no price per SMS is set" in page(owner, written())


def test_nobody_is_nothing_to_start(owner: Client) -> None:
    reachable_contact(first_name="")
    sequence = written()

    html = page(owner, sequence)

    assert "Nobody would be texted, so there is nothing to start." in html
    assert 'id="drip-start"' not in html
    assert "Nobody would be texted" in start(owner, sequence).content.decode()
    assert OnceRun.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"version": "0"}, "It was published anew meanwhile", id="another version"),
        pytest.param({"first": "1001"}, "Nothing was started", id="too many first"),
        pytest.param({"wait_minutes": ""}, "Nothing was started", id="no wait"),
    ],
)
def test_what_cannot_be_started_is_not(owner: Client, change: dict[str, str], words: str) -> None:
    reachable_contact(first_name="Ada")
    sequence = written()
    page(owner, sequence)

    assert words in start(owner, sequence, **change).content.decode()
    assert OnceRun.objects.count() == 0


def test_what_was_counted_long_ago_is_counted_again_first(owner: Client) -> None:
    reachable_contact(first_name="Ada")
    sequence = written()
    page(owner, sequence)
    OnceCount.objects.update(counted_at=clock.now() - timedelta(hours=25))

    assert "Count again before you start it." in page(owner, sequence)
    assert "This was counted long ago." in start(owner, sequence).content.decode()
    owner.post(url(sequence), {"action": "count"})
    assert "“Sale” is started." in start(owner, sequence).content.decode()


def test_many_are_counted_in_the_background_with_progress(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once_count, "CHUNK", 5)
    crowd(12)
    sequence = written()

    html = page(owner, sequence)
    assert "Counting: 5 people looked at." in html
    assert "data-at-work" in html
    assert 'id="drip-start"' not in html
    assert "It was published anew" in start(owner, sequence).content.decode()
    monkeypatch.setattr(once_count, "CHUNKS", 1)
    once_count.count_due()
    assert "Counting: 10 of 12 people looked at." in page(owner, sequence)
    while once_count.count_due():
        pass

    part = owner.get(url(sequence) + "?part=1").content.decode()
    assert "<html" not in part
    assert "data-at-work" not in part
    assert 'id="drip-start"' in part
    assert figures(part)["texted"] == "12"


def test_the_first_part_is_offered_where_there_are_many(owner: Client) -> None:
    crowd(600)
    sequence = written()
    page(owner, sequence)
    while once_count.count_due():
        pass

    html = page(owner, sequence)

    assert "It goes now to about 50 people of the 600, and to the rest later" in html
    start(owner, sequence, first="60", wait_minutes="30", most_failed="5.5")
    run = OnceRun.objects.get()
    assert (run.first, run.wait_minutes, run.state) == (60, 30, "first")
    assert run.limits.failed_percent == 5.5


def test_who_may_not_publish_may_not_look(with_rights: Callable[..., Client]) -> None:
    sequence = written()
    client = with_rights("change_sequence", "view_contact")

    assert client.get(url(sequence)).status_code == 302
    assert start(client, sequence).redirect_chain
    assert OnceRun.objects.count() == OnceCount.objects.count() == 0


@pytest.mark.parametrize(
    ("rights", "seen", "hidden"),
    [
        pytest.param(["view_contact", "see_numbers"], ["Hello Ada", "Call +447400555123"], [], id="all"),
        pytest.param(["view_contact"], ["Hello Ada", "•••• •• 123"], ["+447400555123"], id="without numbers"),
        pytest.param([], ["You may not see contacts"], ["Ada", "447400"], id="nobody at all"),
    ],
)
def test_previews_show_no_more_than_one_may_see(
    with_rights: Callable[..., Client], rights: list[str], seen: list[str], hidden: list[str]
) -> None:
    reachable_contact(first_name="Ada", attributes={"courier": "+447400555123"})
    text = "Hello {{ contact.first_name }}! Call {{ contact.courier }}. {{ link.stop }}"
    sequence = written(steps=[("send_message", {"text": text})])

    html = page(with_rights("publish_sequence", *rights), sequence)

    assert [words for words in seen if words not in html] == []
    assert [words for words in hidden if words in html] == []


def test_the_links_in_a_preview_open_nobody_s_pages(owner: Client) -> None:
    from wagtail_drip.links import personal

    person = reachable_contact()
    sequence = written(steps=[("send_message", {"text": "Hello {{ link.stop }}", "track_links": False})])

    html = page(owner, sequence)

    assert "Hello http" in html
    assert personal.token_of(person.pk, 1) not in html


def test_publishing_leads_to_the_page_and_sends_nothing(owner: Client) -> None:
    reachable_contact(first_name="Ada")
    sequence = written()
    sequence.trigger_moment = clock.now() + timedelta(days=2)
    publish(sequence, is_started=False)
    edit = reverse("wagtail_drip_sequences:edit", args=[sequence.pk])

    assert reverse("wagtail_drip_sequences:once", args=[sequence.pk]) in owner.get(edit).content.decode()
    check_due(now=clock.now() + timedelta(days=3))
    assert Enrolment.objects.count() == 0
    assert "It goes to 1 person." in re.sub(r"On .*? it", "It", page(owner, sequence))


def test_the_list_leads_to_the_page(owner: Client) -> None:
    sequence = written()
    other = live_sequence(name="Thanks", trigger="order_placed", steps=[HELLO])

    html = owner.get(reverse("wagtail_drip_sequences:list")).content.decode()

    assert url(sequence) in html
    assert url(other) not in html


def test_it_looks_the_same_long_before_its_date(owner: Client) -> None:
    reachable_contact(first_name="Ada")

    html = page(owner, written(trigger_moment=clock.now() + timedelta(days=9)))

    assert figures(html)["texted"] == "1"
    assert "Hello Ada." in html


def test_words_that_need_care_are_told_of_what_goes(owner: Client, site_id: int) -> None:
    core.change_site_settings(site_id, region="US")
    reachable_contact(first_name="Ada")
    sequence = written(steps=[("send_message", {"text": "Free casino for you. Reply STOP to opt out."})])
    draft = Sequence.objects.get(pk=sequence.pk)
    draft.steps = [("send_message", {"text": "Cannabis. Reply STOP to opt out."})]
    draft.save_revision()

    html = page(owner, sequence)

    assert "casino" in html
    assert "annabis" not in html
    assert "Words that need care." in html


def test_what_does_not_go_out_once_has_no_such_page(owner: Client) -> None:
    other = live_sequence(trigger="order_placed", steps=[HELLO])
    draft = Sequence.objects.create(name="Draft", live=False)

    for each, words in ((other, "does not go out once"), (draft, "Publish it first")):
        response = owner.get(url(each), follow=True)
        assert response.redirect_chain[-1][0] == reverse("wagtail_drip_sequences:edit", args=[each.pk])
        assert words in response.content.decode()


def test_the_page_costs_as_many_queries_however_many_there_are(owner: Client) -> None:
    sequence = written()
    counts = []
    for size in (12, 60):
        crowd(size)
        owner.post(url(sequence), {"action": "count"})
        page(owner, sequence)
        with CaptureQueriesContext(connection) as captured:
            page(owner, sequence)
        counts.append(len(captured))
    assert Contact.objects.count() == 72
    assert counts[0] == counts[1]
