"""An owner names an interest and finds who has it; somebody says theirs on their phone and takes it back."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from wagtail.models import Site
from wagtail.users.models import UserProfile

from tests.browser import pictures
from tests.browser.pictures import shoot
from wagtail_drip.api import emit
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.links import personal
from wagtail_drip.public.sign_up_forms import SignUpForm
from wagtail_drip.segments.models import Segment
from wagtail_drip.stores import interest_actions, interests
from wagtail_drip.stores.interest_models import Interest
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.time_travel import run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def buys_coffee(contact: Contact) -> None:
    told = emit(
        "order_placed",
        key=f"order-{contact.pk}",
        contact={"phone": contact.phone},
        properties={
            "order_id": str(contact.pk),
            "total": "9.00",
            "currency": "GBP",
            "products": [{"product_id": "7", "name": "Espresso beans", "category": "Coffee"}],
        },
    )
    assert told


def test_an_owner_names_an_interest_and_finds_who_has_it(page: Page) -> None:
    ada, bo = reachable_contact(first_name="Ada"), reachable_contact(first_name="Bo")
    buys_coffee(ada)
    run()

    page.goto("/admin/text-messages/interests/add/")
    page.locator("input[name='name']").fill("Coffee")
    page.get_by_role("textbox", name="Words that tell it").fill("coffee\nmoka")
    shoot(page, "interests-1-add")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/text-messages/interests/")
    run()
    coffee = Interest.objects.get()
    interest_actions.state(bo.pk, {coffee.pk: True}, site_id=None, source="staff", now=clock.now())

    page.goto("/admin/text-messages/segments/add/")
    page.locator("input[name='name']").fill("Coffee lovers")
    page.locator("[data-contentpath='rules'] .c-sf-add-button").last.click()
    page.get_by_role("option", name="What they are interested in").click()
    told = page.locator(".drip-count__told")
    expect(told).to_contain_text("Choose the interest.")
    page.locator("select[name='rules-0-value-interest']").select_option(label="Coffee")
    expect(told.locator("strong")).to_have_text("2")
    page.locator("select[name='rules-0-value-by']").select_option("inferred")
    expect(told.locator("strong")).to_have_text("1")
    expect(told).to_contain_text("they have shown interest in “Coffee”")
    shoot(page, "interests-2-segment")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/text-messages/segments/")
    assert Segment.objects.get().compiled["rules"] == [
        {"kind": "interest", "interest": coffee.pk, "by": "inferred", "negate": False}
    ]

    page.goto("/admin/text-messages/interests/")
    shoot(page, "interests-3-list")
    page.get_by_role("row").filter(has_text="Coffee").get_by_role("link", name="1", exact=True).last.click()
    expect(page.get_by_role("link", name="Bo", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Ada", exact=True).click()
    expect(page.locator("dd").filter(has_text="if they do nothing more")).to_contain_text("Coffee")
    shoot(page, "interests-4-contact")
    page.get_by_role("link", name="What they are interested in").click()
    page.get_by_label("Coffee").check()
    shoot(page, "interests-5-own")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("dd").filter(has_text="noted by staff")).to_contain_text("Coffee")
    page.get_by_role("link", name="What they are interested in").click()
    page.get_by_role("button", name="Forget what they have shown").click()
    expect(page.get_by_text("What they had shown up to now was forgotten.")).to_be_visible()
    expect(page.locator("dd").filter(has_text="if they do nothing more")).to_have_count(0)

    page.goto("/admin/text-messages/interests/")
    page.get_by_role("link", name="How interests fade").click()
    expect(page.get_by_role("row").filter(has_text="Order placed")).to_contain_text("22 days")
    shoot(page, "interests-6-fading")
    if pictures.FOLDER:
        UserProfile.objects.update_or_create(
            user=User.objects.get(), defaults={"preferred_language": "zh-hans"}
        )
        for name, path in (
            ("fading", "interests/fading/"),
            ("list", "interests/"),
            ("edit", f"interests/edit/{coffee.pk}/"),
            ("own", f"contacts/{bo.pk}/interests/"),
        ):
            page.goto(f"/admin/text-messages/{path}")
            shoot(page, f"interests-7-{name}-zh")
        page.emulate_media(color_scheme="dark")
        shoot(page, "interests-8-dark")
        page.set_viewport_size({"width": 390, "height": 800})
        for name, path in (("fading", "interests/fading/"), ("list", "interests/")):
            page.goto(f"/admin/text-messages/{path}")
            shoot(page, f"interests-9-{name}-phone")


@pytest.mark.parametrize(
    ("language", "heading", "save", "saved"),
    [
        pytest.param("en", "What you are interested in", "Save", "Saved.", id="in English"),
        pytest.param("zh-hans", "您感兴趣的内容", "保存", "已保存", id="in Chinese"),
    ],
)
def test_somebody_says_what_they_care_about_on_their_phone(
    phone: Page, language: str, heading: str, save: str, saved: str
) -> None:
    site = Site.objects.get(is_default_site=True)
    core.change_site_settings(site.pk, sender_address="+447700900999", sender_name="Tea House", region="GB")
    coffee, tea = Interest.objects.create(name="Coffee"), Interest.objects.create(name="茶")
    Interest.objects.create(name="For our eyes", is_offered=False)
    person = reachable_contact(language=language)
    phone.goto(personal.path_of(personal.PREFERENCES, person.pk, site.pk))
    expect(phone.get_by_role("group", name=heading)).not_to_contain_text("For our eyes")

    phone.get_by_label("茶").check()
    shoot(phone, f"interests-preferences-{language}")
    phone.get_by_role("button", name=save).click()
    expect(phone.get_by_role("status")).to_contain_text(saved)
    assert interests.said_by(person.pk) == {tea.pk}

    phone.get_by_label("茶").uncheck()
    phone.get_by_label("Coffee").check()
    phone.get_by_role("button", name=save).click()
    expect(phone.get_by_role("status")).to_contain_text(saved)
    assert interests.said_by(person.pk) == {coffee.pk}


@pytest.mark.parametrize(
    ("language", "heading", "sign_up", "wrong", "ticked", "yes"),
    [
        pytest.param(
            "en",
            "What you are interested in",
            "Sign up",
            "not signed up yet",
            "This was ticked",
            "Yes, I want these texts",
            id="in English",
        ),
        pytest.param(
            "zh-hans", "您感兴趣的内容", "订阅", "尚未订阅成功", "勾选", "是的，我要接收", id="in Chinese"
        ),
    ],
)
def test_somebody_ticks_them_in_a_sign_up_form_and_they_are_theirs_once_confirmed(
    phone: Page, language: str, heading: str, sign_up: str, wrong: str, ticked: str, yes: str
) -> None:
    site = Site.objects.get(is_default_site=True)
    core.change_site_settings(site.pk, sender_address="+447700900999", sender_name="Tea House", region="GB")
    Interest.objects.create(name="Coffee")
    Interest.objects.create(name="茶")
    Interest.objects.create(name="For our eyes", is_offered=False)
    form = SignUpForm(
        site_id=site.pk,
        wording="Text me. STOP ends it.",
        region="GB",
        language=language,
        source="/tea/",
        asks_interests=True,
    )
    phone.goto(f"/drip/sign-up/?{urlencode({'form': form.signed()})}")
    group = phone.get_by_role("group", name=heading)
    expect(group.get_by_role("checkbox")).to_have_count(2)
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(phone, f"interests-sign-up-{language}")

    group.get_by_label("茶").check()
    phone.locator("input[name=agree]").check()
    phone.get_by_role("button", name=sign_up).click()
    expect(phone.get_by_role("alert")).to_contain_text(wrong)
    expect(group.get_by_label("茶")).to_be_checked()
    expect(group.get_by_label("Coffee")).not_to_be_checked()
    shoot(phone, f"interests-sign-up-wrong-{language}")
    phone.locator("input[name=phone]").fill("07400 155003")
    phone.get_by_role("button", name=sign_up).click()
    phone.wait_for_url("**/asked/**")
    request = OptInRequest.objects.get()
    assert interests.said_by(request.contact_id) == set()

    phone.goto(f"/drip/yes/{request.token}/")
    expect(phone.get_by_text(ticked)).to_contain_text("茶")
    shoot(phone, f"interests-confirm-{language}")
    phone.get_by_role("button", name=yes).click()
    expect(phone.get_by_role("status")).to_be_visible()
    assert interests.names()[min(interests.said_by(request.contact_id))] == "茶"
