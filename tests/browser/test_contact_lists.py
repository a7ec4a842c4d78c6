"""Many contacts at once, in a real browser: everybody of a narrowed list is given a tag."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect
from wagtail.models import Site

from tests.browser.pictures import shoot
from wagtail_drip.contacts.models import Contact, ContactTag
from wagtail_drip.core import clock
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import Purchase

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_owner_tags_everybody_who_lives_in_one_country(page: Page) -> None:
    now = clock.now()
    Contact.objects.bulk_create(
        Contact(
            first_name=f"Person {number}",
            region="GB" if number % 2 else "FR",
            created_at=now,
            changed_at=now,
        )
        for number in range(140)
    )

    page.goto("/admin/text-messages/contacts/?region=GB")
    page.locator("[data-bulk-action-select-all-checkbox]").first.check()
    page.get_by_role("button", name="Select everybody in this list").click()
    shoot(page, "list-1-chosen")
    page.get_by_role("link", name="Add a tag").click()
    expect(page.get_by_text("70 contacts")).to_be_visible()
    page.get_by_label("Tag").fill("British")
    shoot(page, "list-2-tag")
    page.get_by_role("button", name="Add a tag").click()

    expect(page.get_by_text("70 contacts have the tag.")).to_be_visible()
    assert ContactTag.objects.filter(tag="british", contact__region="GB").count() == 70
    assert ContactTag.objects.count() == 70


def test_an_owner_finds_the_best_customers_by_what_they_bought(page: Page) -> None:
    site_id = Site.objects.get(is_default_site=True).pk
    now = clock.now()
    for name, orders in (("Ada", 3), ("Grace", 1), ("Mary", 0)):
        contact = Contact.objects.create(first_name=name, region="GB", created_at=now, changed_at=now)
        for number in range(orders):
            Purchase.objects.create(
                store="paper",
                order_id=f"{name}-{number}",
                contact=contact,
                site_id=site_id,
                currency="GBP",
                total=Decimal("1120.50"),
                placed_at=now - timedelta(days=30 * number),
                recorded_at=now,
            )
        with transaction.atomic():
            tallies.refresh([contact.pk])

    page.goto("/admin/text-messages/contacts/")
    page.get_by_role("link", name="Spent").click()
    page.get_by_role("link", name="Spent").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("3,361.50 GBP")
    shoot(page, "bought-1-list")
    page.get_by_role("button", name="Show filters").click()
    shoot(page, "bought-2-filters")
    page.goto("/admin/text-messages/contacts/?orders_min=1")
    expect(page.get_by_role("link", name="Mary")).to_have_count(0)
    page.get_by_role("link", name="Ada").click()
    expect(page.get_by_text("3 (3,361.50 GBP)")).to_be_visible()
    shoot(page, "bought-3-page")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/admin/text-messages/contacts/")
    shoot(page, "bought-4-phone")


def test_an_owner_downloads_whom_they_ticked(page: Page) -> None:
    now = clock.now()
    for name in ("Ada", "Grace", "Mary"):
        Contact.objects.create(first_name=name, created_at=now, changed_at=now)

    page.goto("/admin/text-messages/contacts/")
    for name in ("Ada", "Mary"):
        page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
    shoot(page, "ticked-1-list")
    page.get_by_role("link", name="Download the selected contacts").click()
    expect(page.get_by_text("2 contacts")).to_be_visible()
    page.get_by_label("Text with commas (CSV)").check()
    shoot(page, "ticked-2-asked")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()

    taken = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert "Ada" in taken
    assert "Mary" in taken
    assert "Grace" not in taken
