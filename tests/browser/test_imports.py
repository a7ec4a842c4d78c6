"""A list taken in, in a real browser: uploaded, its columns named, checked, started, followed to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from wagtail.models import Site
from wagtail.users.models import UserProfile

from tests.browser import pictures
from tests.browser.pictures import shoot
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.privacy import importing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = 30


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


def everywhere(page: Page, name: str) -> None:
    """Keep it in the dark, on a telephone and in Chinese as well."""
    shoot(page, name)
    if not pictures.FOLDER:
        return
    profile = UserProfile.get_for_user(User.objects.get(username="ada"))
    profile.theme, profile.preferred_language = "dark", "zh-hans"
    profile.save()
    page.reload()
    shoot(page, f"{name}-dark-zh")
    profile.theme, profile.preferred_language = "light", "en"
    profile.save()
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    shoot(page, f"{name}-phone")
    page.set_viewport_size({"width": 1500, "height": 950})
    page.reload()


def test_an_owner_imports_customers(page: Page, tmp_path: Path) -> None:
    core.change_site_settings(Site.objects.get(is_default_site=True).pk, region="GB")
    lines = [
        f"07400 1{number:05d},王小明{number},c{number}@shop.example,{30 + number},vip"
        for number in range(PEOPLE)
    ]
    list_of_people = tmp_path / "客户.csv"
    text = "手机号,姓名,邮箱,Shoe size,Club\n" + "\n".join([*lines, "nonsense,李雷,,,", lines[0]])
    list_of_people.write_bytes(text.encode("gb18030"))

    page.goto("/admin/text-messages/contacts/")
    page.get_by_role("link", name="Import contacts").last.click()
    everywhere(page, "import-1-upload")
    page.get_by_label("List of customers").set_input_files(list_of_people)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_label("What “手机号” is")).to_have_value("phone")
    expect(page.get_by_label("What “姓名” is")).to_have_value("full_name")
    page.get_by_label("What “Shoe size” is").select_option("attribute:number")
    page.get_by_label("What “Club” is").select_option("tags")
    page.get_by_label("marketing texts", exact=True).check()
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("This is part of the proof: fill it in.").first).to_be_visible()
    shoot(page, "import-2-columns")
    page.get_by_label("Where they agreed").fill("Form at the till")
    page.get_by_label("The words they agreed to").fill("Text me offers, at most four a month.")
    page.get_by_label("The day on which they agreed").fill("2026-01-15")
    page.get_by_role("button", name="Check the list").click()

    expect(page.get_by_text("is being checked")).to_be_visible()
    shoot(page, "import-3-checking")
    while importing.import_due(now=clock.now(), limit=10):
        pass
    # The page looks by itself.
    expect(page.get_by_role("button", name="Start the import")).to_be_visible()
    expect(page.locator("[data-figure=new]")).to_have_text(str(PEOPLE))
    expect(page.locator("[data-figure=refused]")).to_have_text("2")
    everywhere(page, "import-4-checked")
    assert not Contact.objects.exists()

    page.get_by_role("button", name="Start the import").click()
    importing.import_due(now=clock.now(), limit=10)
    expect(page.get_by_text(f"10 of {PEOPLE + 2} lines")).to_be_visible()
    everywhere(page, "import-5-running")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").click()
    while importing.import_due(now=clock.now(), limit=10):
        pass
    expect(page.get_by_text("taken in", exact=True)).to_be_visible()
    everywhere(page, "import-6-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download every refused line").click()
    assert "手机号" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert Contact.objects.filter(tags__tag="vip").count() == PEOPLE


def test_an_owner_says_which_numbers_are_never_texted_and_takes_it_back(page: Page, tmp_path: Path) -> None:
    core.change_site_settings(Site.objects.get(is_default_site=True).pk, region="GB")
    opt_outs = tmp_path / "opt-outs.csv"
    opt_outs.write_text(
        "Mobile,Name,When\n07400 100001,Ada,2026-01-02\n07400 100002,Grace,2026-01-03\nnone,,\n"
    )
    page.goto("/admin/text-messages/imports/")
    page.get_by_label("List of customers").set_input_files(opt_outs)
    page.get_by_role("button", name="Upload").click()

    day = page.get_by_label("The day by which the numbers had changed hands")
    expect(day).to_be_hidden()
    page.get_by_label("numbers that somebody else has by now").check()
    expect(day).to_be_visible()
    shoot(page, "hands-columns")
    page.get_by_label("numbers that are never to be texted").check()
    expect(day).to_be_hidden()
    # Nothing is asked of such a list that is not read.
    expect(page.get_by_label("Where they agreed")).to_be_hidden()
    expect(page.get_by_label("Tags for everybody on the list")).to_be_hidden()
    shoot(page, "never-1-columns")
    page.get_by_role("button", name="Check the list").click()
    while importing.import_due(now=clock.now()):
        pass
    expect(page.locator("[data-figure=closed]")).to_have_text("2")
    everywhere(page, "never-2-checked")
    page.get_by_role("button", name="Never text these numbers").click()
    while importing.import_due(now=clock.now()):
        pass
    expect(page.get_by_text("taken in", exact=True)).to_be_visible()
    everywhere(page, "never-3-done")
    assert Suppression.objects.filter(reason="list", lifted_at=None).count() == 2

    page.get_by_role("link", name="Take this list back").click()
    everywhere(page, "never-4-asked")
    page.get_by_role("button", name="Take this list back").click()
    expect(page.get_by_text("2 numbers may be texted again")).to_be_visible()
    everywhere(page, "never-5-taken-back")
    assert not Suppression.objects.filter(lifted_at=None).exists()
    assert not Contact.objects.exists()
