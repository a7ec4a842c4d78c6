"""An owner sends something once: looks at whom it reaches, starts it, sees the first part, and holds it or lets it go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.compliance import actions as compliance
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments import once_count
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.reports import rollup
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence
from wagtail_drip.test.time_travel import advance_to_noon, run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EDIT = "/admin/text-messages/sequences/edit/{}/"
ONCE = "/admin/text-messages/sequences/once/{}/"
HELLO = (
    "send_message",
    {
        "text": "Spring is here, {{ contact.first_name }}! All tulips half price until Sunday. Reply STOP to opt out."
    },
)
WORDS = {
    "publish": {"en": "Publish", "zh-hans": "发布"},
    "started_twice": {"en": "is not started twice", "zh-hans": "不会启动第二次"},
    "done": {"en": "It has gone to everybody.", "zh-hans": "已发给所有人。"},
    "held": {"en": "texts failed or were not delivered", "zh-hans": "条失败或未送达"},
    "rest": {"en": "It goes to everybody who is left.", "zh-hans": "正在发给其余所有人。"},
    "stopped": {"en": "It was stopped.", "zh-hans": "已停止。"},
    "paused": {"en": "It is paused", "zh-hans": "已暂停"},
}


@pytest.fixture(autouse=True)
def _open(site_id: int) -> None:
    core.change_site_settings(
        site_id,
        zone="UTC",
        region="GB",
        sender_address="+447700900000",
        caps={},
        price_per_segment=Decimal("0.042"),
        currency="GBP",
    )
    core.open_site(site_id, account="memory", now=clock.now())
    # No offer goes out at night, whenever this is tested.
    advance_to_noon()


def test_it_is_looked_at_started_once_and_goes_to_everybody(
    owner: Page, language: str, look: Callable[[str], None]
) -> None:
    people = {reachable_contact(first_name=name).pk for name in ("Ada", "Grace", "Mary", "Joan")}
    reachable_contact(first_name="Rosa", agreed_to=())
    stopped = reachable_contact(first_name="Hedy")
    compliance.suppress(phone=stopped.phone, scope="all", reason="stop", source="test", now=clock.now())
    reachable_contact(first_name="")
    sequence = live_sequence(name="Spring sale", trigger=None, trigger_kind="manual", steps=[HELLO])
    owner.goto(EDIT.format(sequence.pk))
    owner.locator("select[name=trigger_kind]").select_option("once")
    owner.get_by_role("button", name=WORDS["publish"][language]).first.click()

    owner.wait_for_url("**/once/**")
    expect(owner.locator("[data-figure=meant]")).to_have_text("7")
    expect(owner.locator("[data-figure=texted]")).to_have_text("4")
    expect(owner.locator(".drip-examples li")).to_have_count(5)
    look("once-check")
    run()
    before = Enrolment.objects.count()
    second = owner.context.new_page()
    second.goto(ONCE.format(sequence.pk))
    owner.locator("#drip-start").click()
    expect(owner.locator("[data-figure=entered]")).to_be_visible()
    second.locator("#drip-start").click()
    expect(second.get_by_text(WORDS["started_twice"][language])).to_be_visible()
    second.close()
    run()
    run()

    # Without a reload: the page asks by itself.
    expect(owner.get_by_text(WORDS["done"][language])).to_be_visible()
    expect(owner.locator("[data-figure=sent]")).to_have_text("4")
    look("once-done")
    assert before == 0
    # Who has stopped or lacks a first name has agreed all the same: they enter, and the gate keeps the text back.
    assert set(Enrolment.objects.values_list("contact_id", flat=True)) > people
    assert (
        set(Message.objects.filter(state__in=("sent", "delivered")).values_list("contact_id", flat=True))
        == people
    )
    assert OnceRun.objects.count() == 1


@pytest.fixture
def many() -> Sequence:
    crowd(600)
    return live_sequence(
        name="Spring sale", trigger=None, trigger_kind="once", steps=[HELLO], is_started=False
    )


def test_the_first_part_is_held_back_let_go_and_stopped(
    owner: Page, language: str, look: Callable[[str], None], many: Sequence
) -> None:
    owner.goto(ONCE.format(many.pk))
    expect(owner.locator("progress")).to_be_visible()
    look("once-counting")
    while once_count.count_due():
        pass
    expect(owner.locator("#drip-start")).to_be_visible()
    expect(owner.locator("[data-figure=cost]")).to_contain_text("25.20 GBP")
    owner.locator("#drip-first summary").click()
    owner.locator("[name=first]").fill("60")
    look("once-first")
    owner.locator("#drip-start").click()
    expect(owner.locator("#drip-pause")).to_be_visible()
    while check_due():
        pass
    assert Enrolment.objects.count() == 60
    run_due()
    Message.objects.update(state="sent", due_at=None, handed_over_at=clock.now(), sent_at=clock.now())
    Message.objects.filter(pk__in=list(Message.objects.values_list("pk", flat=True)[:9])).update(
        state="failed"
    )
    check_due(now=clock.now() + timedelta(minutes=2))
    rollup.fold_due()

    expect(owner.get_by_text(WORDS["held"][language])).to_be_visible()
    look("once-held")
    owner.locator("#drip-go-on").click()
    expect(owner.get_by_text(WORDS["rest"][language])).to_be_visible()
    owner.locator("#drip-pause").click()
    expect(owner.locator("p[role=status]").filter(has_text=WORDS["paused"][language])).to_be_visible()
    owner.locator("#drip-resume").click()
    expect(owner.get_by_text(WORDS["rest"][language])).to_be_visible()
    owner.locator("#drip-stop").click()
    owner.locator("button.serious").click()
    expect(owner.locator("p[role=status]").filter(has_text=WORDS["stopped"][language])).to_be_visible()
    look("once-stopped")

    assert OnceRun.objects.get().state == "stopped"
    assert Enrolment.objects.count() == 60
