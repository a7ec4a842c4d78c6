"""An owner prepares 双11, in Chinese: the limits, the event, its sequences, and what it would have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from wagtail.models import Site
from wagtail.users.models import UserProfile

from tests.browser import pictures
from tests.browser.stage import desk
from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.types import MessageDraft
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """A browser of an owner who reads Chinese."""
    user = User.objects.create_superuser("owner", "owner@shop.example", "pass")
    UserProfile.objects.create(user=user, preferred_language="zh-hans")
    with desk(chromium, live_server.url, user) as opened:
        yield opened


@pytest.fixture
def look(owner: Page) -> Callable[[str], None]:
    """Keep a picture of the page where DRIP_SHOTS names a folder: wide, narrow and dark."""

    def keep(name: str) -> None:
        if not pictures.FOLDER:
            return
        owner.set_viewport_size({"width": 1400, "height": 1700})
        pictures.shoot(owner, f"{name}")
        owner.emulate_media(color_scheme="dark")
        pictures.shoot(owner, f"{name}.dark")
        owner.emulate_media(color_scheme="light")
        owner.set_viewport_size({"width": 390, "height": 1900})
        pictures.shoot(owner, f"{name}.phone")
        owner.set_viewport_size({"width": 1400, "height": 950})

    return keep


@pytest.fixture
def sale(drip_outbox: list[object]) -> Sequence:
    """A sequence for the sale, and what its customers were sent in the last days."""
    sequence = live_sequence(
        name="双11 预热", purpose="promotional", topic="大促", steps=[("send_message", {"text": "双11 来了"})]
    )
    site, now = Site.objects.get(is_default_site=True), clock.now()
    for ago in ([1, 2], [1, 2, 3], [1, 4, 5, 6]):
        contact = reachable_contact()
        for days in ago:
            key = f"t:{uuid4().hex}"
            draft = MessageDraft(
                key=key,
                contact_id=contact.pk,
                site_id=site.pk,
                purpose="promotional",
                due_at=now,
                source_text="双11 来了",
                sequence_id=sequence.pk,
            )
            messaging.queue([draft], now=now)
            Message.objects.filter(key=key).update(state="sent", due_at=None)
            SendLedger.objects.create(
                message=Message.objects.get(key=key),
                contact=contact,
                site=site,
                purpose="promotional",
                handed_over_at=now - timedelta(days=days),
            )
    return sequence


def numbers(page: Page, *, rows: int) -> list[list[str]]:
    """Return the numbers of the effect, once it has so many rows."""
    found = page.locator(".drip-effect__table tbody tr")
    expect(found).to_have_count(rows)
    return [row.locator("td").all_inner_texts() for row in found.all()]


def test_an_owner_prepares_double_eleven(owner: Page, sale: Sequence, look: Callable[[str], None]) -> None:
    site = Site.objects.get(is_default_site=True)
    owner.goto("/admin/text-messages/how-often/")
    expect(owner.locator("input[name=preset][value=weekly]")).to_be_checked()
    assert numbers(owner, rows=1) == [["6", "0", "3", "2"]]
    look("how-often")

    # Fewer every day, so that the sale is worth looking at: seen first, saved then.
    owner.locator("input[name=preset][value=monthly]").check()
    owner.locator("input[name=purpose_promotional_week]").fill("1")
    owner.locator("button[name=action][value=try]").click()
    assert numbers(owner, rows=2) == [["6", "0", "3", "2"], ["3", "0", "6", "3"]]
    look("how-often-tried")
    assert core.site_settings(site.pk).caps["month"] == 8
    owner.locator("main form button[type=submit]:not([name])").last.click()
    expect(owner.locator(".messages .success")).to_be_visible()
    assert core.site_settings(site.pk).caps["purposes"] == {"promotional": {"week": 1, "month": None}}

    # The event itself: declared in the calendar, raised, bounded, for the one sequence.
    year = clock.now().year + 1
    owner.locator(f"a[href='/admin/text-messages/calendar/{site.pk}/events/add/']").click()
    owner.locator("input[name=name]").fill("双11")
    owner.locator("input[name=begins_on]").fill(f"{year}-11-01")
    owner.keyboard.press("Escape")
    owner.locator("input[name=ends_on]").fill(f"{year}-11-11")
    owner.keyboard.press("Escape")
    owner.locator("input[name=raised_week]").fill("3")
    owner.locator("input[name=raised_month]").fill("8")
    owner.locator("input[name=ceiling]").fill("6")
    owner.get_by_label("双11 预热").check()
    owner.locator("button[name=action][value=try]").click()
    assert numbers(owner, rows=2) == [["3", "0", "6", "3"], ["8", "0", "1", "1"]]
    assert not SpecialEvent.objects.exists()
    look("special-event")
    owner.locator("main form button[type=submit]:not([name])").last.click()

    expect(owner).to_have_url(f"{owner.url.split('?')[0]}?month={year}-11")
    expect(owner.locator("tbody .drip-entry--event")).to_have_count(11)
    look("calendar")
    row = SpecialEvent.objects.get()
    assert (row.name, row.begins_on, row.ends_on) == ("双11", date(year, 11, 1), date(year, 11, 11))
    assert (row.raised_week, row.raised_month, row.ceiling, row.sequences) == (3, 8, 6, [sale.pk])
