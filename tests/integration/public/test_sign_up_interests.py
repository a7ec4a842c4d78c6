"""Interests in a sign-up form: shown where an editor wants it, and somebody's only once they have confirmed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from wagtail.models import Site

from tests.integration.inbox.test_sign_ups import reply, send
from tests.integration.messaging.conftest import _empty_gateway, open_site
from tests.integration.public.test_signing_up import drawn, post, site, value
from wagtail_drip.admin.contacts.interested import source_in_words
from wagtail_drip.contacts import opt_in_actions as opt_ins
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.core import clock
from wagtail_drip.events.models import Event
from wagtail_drip.inbox import sign_ups
from wagtail_drip.messaging.models import Message
from wagtail_drip.privacy import erase
from wagtail_drip.public.sign_up_forms import SignUpForm
from wagtail_drip.stores import interest_actions
from wagtail_drip.stores.interest_models import Interest, StatedInterest

__all__ = ["_empty_gateway", "open_site", "site"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def coffee() -> Interest:
    return Interest.objects.create(name="Coffee")


@pytest.fixture
def tea() -> Interest:
    return Interest.objects.create(name="Tea & more")


@pytest.fixture
def form(open_site: int) -> SignUpForm:
    return SignUpForm(
        site_id=open_site,
        wording="Text me. STOP ends it.",
        region="GB",
        language="en",
        source="/tea/",
        asks_interests=True,
    )


def said() -> list[tuple[str, str]]:
    rows = StatedInterest.objects.filter(current=1).order_by("pk")
    return list(rows.values_list("interest__name", "source"))


def boxes(html: str) -> dict[str, bool]:
    """Return the interests that a form shows, by their names, and whether they are ticked."""
    found = re.findall(
        r'name="interests" value="\d+" id="[\w-]+"( checked)?>\s*<label[^>]*>([^<]*)</label>', html
    )
    return {name: bool(checked) for checked, name in found}


def test_a_block_shows_them_only_where_an_editor_wants_it(site: int, coffee: Interest, tea: Interest) -> None:
    Interest.objects.create(name="For our eyes", is_offered=False)

    def shown(**fields: Any) -> dict[str, bool]:
        block, given = value(**fields)
        request = RequestFactory().get("/", headers={"host": "shop.example"})
        return boxes(block.render(block.clean(given), context={"request": request}))

    assert shown() == {}
    assert shown(interests=True) == {"Coffee": False, "Tea &amp; more": False}


def test_a_tag_shows_them_where_it_is_told_to(site: int, coffee: Interest) -> None:
    assert boxes(drawn("{% load drip %}{% drip_sign_up interests=True %}")) == {"Coffee": False}
    assert boxes(drawn("{% load drip %}{% drip_sign_up %}")) == {}


def test_a_shop_without_interests_shows_nothing_of_them(site: int) -> None:
    assert "fieldset" not in drawn("{% load drip %}{% drip_sign_up interests=True %}")


def test_what_was_ticked_stays_ticked_where_something_else_was_wrong(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    page = post(form, phone="12", interests=str(tea.pk)).content.decode()

    assert boxes(page) == {"Coffee": False, "Tea &amp; more": True}


def test_what_is_ticked_is_theirs_only_once_they_have_said_yes(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=[str(coffee.pk), str(tea.pk)])
    now = clock.now()
    send(now)
    assert (said(), Event.objects.count()) == ([], 0)

    reply("YES", now, number="+447700900123")

    assert said() == [("Coffee", "form:/tea/"), ("Tea & more", "form:/tea/")]
    names = [event.properties["interest"] for event in Event.objects.filter(name="interest_stated")]
    assert names == ["Coffee", "Tea & more"]
    assert source_in_words("form:/tea/") == "in the sign-up form on /tea/"


def test_what_is_ticked_in_a_second_form_counts_with_the_same_yes(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=str(coffee.pk))
    post(replace(form, source="/coffee/"), interests=[str(tea.pk), str(coffee.pk)])
    now = clock.now()
    send(now)
    post(form)
    asked = OptInRequest.objects.get()
    page = Client().get(reverse("wagtail_drip:confirm_opt_in", args=[asked.token])).content.decode()

    reply("YES", now, number="+447700900123")

    assert asked.interests == [coffee.pk, tea.pk]
    assert "Coffee" in page
    assert "Tea &amp; more" in page
    assert said() == [("Coffee", "form:/tea/"), ("Tea & more", "form:/tea/")]
    assert Message.objects.filter(key__startswith="optin:").count() == 1


@pytest.mark.parametrize("kind", ["after the yes", "another site", "after a no"])
def test_a_second_form_adds_nothing_to_a_question_that_is_not_open_on_its_site(
    kind: str, form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=str(coffee.pk))
    now = clock.now()
    send(now)
    if kind == "another site":
        here = Site.objects.get()
        other = Site.objects.create(hostname="other.example", root_page=here.root_page)
        post(replace(form, site_id=other.pk), interests=str(tea.pk))
    reply("STOP" if kind == "after a no" else "YES", now, number="+447700900123")
    post(form, interests=str(tea.pk))
    reply("YES", now, number="+447700900123")

    assert said() == ([] if kind == "after a no" else [("Coffee", "form:/tea/")])


def test_what_is_ticked_while_somebody_confirms_is_not_lost(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=str(coffee.pk))
    read_before = OptInRequest.objects.get()
    post(form, interests=str(tea.pk))

    (confirmed,) = opt_ins.confirm([read_before], by="page", now=clock.now())

    assert confirmed.interests == [coffee.pk, tea.pk]


def test_the_page_behind_the_link_shows_them_to_whoever_confirms(form: SignUpForm, tea: Interest) -> None:
    post(form, interests=str(tea.pk))
    address = reverse("wagtail_drip:confirm_opt_in", args=[OptInRequest.objects.get().token])

    page = Client().get(address).content.decode()
    before = said()
    Client().post(address)
    Client().post(address)

    assert "Tea &amp; more" in page
    assert (before, said()) == ([], [("Tea & more", "form:/tea/")])


def test_who_refuses_says_nothing_of_it(form: SignUpForm, tea: Interest) -> None:
    post(form, interests=str(tea.pk))
    now = clock.now()
    send(now)

    reply("STOP", now, number="+447700900123")
    reply("YES", now, number="+447700900123")

    assert said() == []


def test_without_a_confirmation_they_are_theirs_at_once(
    open_site: int, coffee: Interest, tea: Interest, now: datetime
) -> None:
    single = SignUpForm(
        site_id=open_site, wording="w", region="GB", source="/x/", is_double=False, asks_interests=True
    )

    post(single, interests=str(tea.pk))
    first = said()
    post(single, interests=str(coffee.pk))

    assert first == [("Tea & more", "form:/x/")]
    assert said() == [("Tea & more", "form:/x/"), ("Coffee", "form:/x/")]
    assert (OptInRequest.objects.count(), Message.objects.count()) == (1, 1)


def test_a_form_adds_to_what_they_said_and_takes_nothing(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=str(tea.pk))
    person = Contact.objects.get()
    interest_actions.state(person.pk, {coffee.pk: True}, site_id=None, source="staff", now=clock.now())

    sign_ups.confirm_by_page(OptInRequest.objects.get().token, now=clock.now())

    assert said() == [("Coffee", "staff"), ("Tea & more", "form:/tea/")]


@pytest.mark.parametrize("kind", ["not asked", "not offered", "no number", "gone"])
def test_what_the_form_did_not_offer_is_left_out(
    kind: str, form: SignUpForm, open_site: int, tea: Interest
) -> None:
    if kind == "not offered":
        Interest.objects.update(is_offered=False)
    if kind == "not asked":
        form = SignUpForm(site_id=open_site, wording="w", region="GB")

    answer = post(form, interests={"no number": "tea", "gone": "999999"}.get(kind, str(tea.pk)))

    assert answer.status_code == 302
    assert OptInRequest.objects.get().interests is None


def test_an_interest_that_goes_before_they_confirm_is_left_out(
    form: SignUpForm, coffee: Interest, tea: Interest
) -> None:
    post(form, interests=[str(coffee.pk), str(tea.pk)])
    tea.delete()
    request = OptInRequest.objects.get()

    page = Client().get(reverse("wagtail_drip:confirm_opt_in", args=[request.token])).content.decode()
    sign_ups.confirm_by_page(request.token, now=clock.now())

    assert "Tea" not in page
    assert said() == [("Coffee", "form:/tea/")]


def test_erasing_takes_what_was_ticked(form: SignUpForm, tea: Interest) -> None:
    post(form, interests=str(tea.pk))
    now = clock.now()

    erase.begin(Contact.objects.get().pk, now=now, by="test")
    while erase.erase_due(now=now):
        pass

    assert not OptInRequest.objects.exclude(interests=None).exists()
