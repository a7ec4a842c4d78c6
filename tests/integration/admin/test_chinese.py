"""The screens in 简体中文, as an owner sees them who has chosen it in their account."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from wagtail.users.models import UserProfile

from wagtail_drip.admin import words
from wagtail_drip.compliance import keywords
from wagtail_drip.contrib.oscar import options
from wagtail_drip.core import actions as core
from wagtail_drip.events import catalogue
from wagtail_drip.gateways import encoding
from wagtail_drip.inbox import responses
from wagtail_drip.messaging.models import Message
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores.interest_models import Interest
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


# What the editor's page posts for a wait and a text.
FORM = {
    "name": "下单之后",
    "trigger_event": "order_placed",
    "trigger_conditions-count": "0",
    "goal_conditions-count": "0",
    "exit_rules-count": "0",
    "reentry": "never",
    "reentry_days": "30",
    "purpose": "information",
    "steps-count": "2",
    "steps-0-deleted": "",
    "steps-0-order": "0",
    "steps-0-type": "wait_duration",
    "steps-0-id": "a",
    "steps-0-value-amount": "2",
    "steps-0-value-unit": "days",
    "steps-1-deleted": "",
    "steps-1-order": "1",
    "steps-1-type": "send_message",
    "steps-1-id": "b",
    "steps-1-value-text": "新茶喝着怎么样？回复 TD 退订。",
    "steps-1-value-saved_message": "",
    "steps-1-value-track_links": "on",
}


@pytest.fixture
def owner(admin_user) -> Client:
    profile = UserProfile.get_for_user(admin_user)
    profile.preferred_language = "zh-hans"
    profile.save()
    client = Client()
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def sequence(site_id) -> Sequence:
    return live_sequence(
        name="下单之后",
        goal="order_placed",
        steps=[
            ("wait_duration", {"amount": 2, "unit": "days"}),
            ("send_message", {"text": "新茶喝着怎么样？回复 TD 退订。"}),
        ],
    )


def skipped(site_id: int) -> Message:
    return Message.objects.create(
        key="staff:1",
        reference="1" * 32,
        contact=reachable_contact(first_name="Owen"),
        site_id=site_id,
        gateway="default",
        purpose="information",
        state="skipped",
        reason="no_consent",
        created_at=NOW,
    )


def shown(owner: Client, name: str, *args: int) -> str:
    response = owner.get(reverse(name, args=args))
    assert response.status_code == 200
    return unescape(response.content.decode())


def assert_says(page: str, *labels: str) -> None:
    assert [label for label in labels if label not in page] == []


def test_the_menu_and_the_home_page(owner, sequence):
    page = shown(owner, "wagtailadmin_home")

    assert_says(page, "今日短信", "已发送", "已送达", "等待中", "运行中的序列")


def test_the_list_of_sequences(owner, sequence):
    page = shown(owner, "wagtail_drip_sequences:list")

    assert_says(
        page, "下单之后", "启动条件", "运行状态", "运行中", "进行中人数", "近 30 天发送", "状态", "更新时间"
    )
    assert not {"Status", "Updated"} & set(re.findall(r"\w+", page))


def test_the_editor_of_a_sequence(owner, sequence):
    page = shown(owner, "wagtail_drip_sequences:edit", sequence.pk)

    assert_says(page, "启动条件", "目标", "步骤", "对象与时机", "预览对象", "发布")


def test_the_steps_and_the_words_of_the_scripts(owner, sequence):
    response = owner.get(reverse("wagtail_drip_sequences:edit", args=[sequence.pk]))
    # Both stand in the page as JSON, where other scripts than Latin are escaped.
    page = re.sub(
        r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), unescape(response.content.decode())
    )

    assert_says(
        page, "发送短信", "如果/否则", "等到某个时刻", "更新联系人", "计费 %(count)s 条", "还没有内容"
    )


def test_the_preview_tells_when_and_what_it_costs(owner, sequence):
    address = reverse("wagtail_drip_sequences:preview_on_edit", args=[sequence.pk])
    owner.post(address, FORM)

    page = unescape(owner.get(address, {"mode": "", "in_preview_panel": "true"}).content.decode())

    assert_says(page, "2 天后", "如果顾客什么都不做，共计费 1 条", "预览对象：")


def test_the_contacts(owner, site_id):
    person = reachable_contact(first_name="Ada", last_name="Lovelace")

    assert_says(shown(owner, "wagtail_drip_contacts:index"), "联系人", "手机号", "营销短信", "已同意", "英国")
    assert_says(
        shown(owner, "wagtail_drip_contacts:inspect", person.pk),
        "英国",
        "可以发短信吗？",
        "已同意接收营销短信",
        "网页表单",
        "历程",
    )


def test_the_log_and_one_message_say_why(owner, site_id):
    message = skipped(site_id)

    assert_says(
        shown(owner, "wagtail_drip_messages:index"), "消息日志", "收件人", "未发送", "未同意接收此类消息"
    )
    assert_says(
        shown(owner, "wagtail_drip_messages:inspect", message.pk),
        "收件人",
        "资讯",
        "未同意接收此类消息",
        "回执",
    )


def test_a_contact_s_story_says_why_too(owner, site_id):
    page = shown(owner, "wagtail_drip_contacts:inspect", skipped(site_id).contact_id)

    assert "未同意接收此类消息" in page
    assert "no_consent" not in page


def test_the_segments_say_what_became_of_their_count(owner):
    for name in ("新顾客", "常客"):
        Segment.objects.create(name=name)
    Segment.objects.filter(name="新顾客").update(error="Traceback")

    assert_says(shown(owner, "wagtail_drip_segments:list"), "无法统计", "正在统计")


@pytest.mark.parametrize("kind", ["segment", "interest"])
def test_what_is_asked_for_is_kept_with_a_reason(owner, kind):
    asked = (Segment if kind == "segment" else Interest).objects.create(name="咖啡")
    Segment.objects.create(name="咖啡爱好者", rules=[(kind, {kind: str(asked.pk), "negate": ""})])

    response = owner.post(reverse(f"wagtail_drip_{kind}s:delete", args=[asked.pk]), follow=True)

    assert "“咖啡爱好者”要用到“咖啡”，请先修改那里。" in unescape(response.content.decode())


def test_rules_that_were_saved_are_told(owner):
    address = reverse("wagtail_drip_interests:fading")

    response = owner.post(address, {"half_life_days": "60", "least_points": "4"}, follow=True)

    page = unescape(response.content.decode())
    assert_says(page, "兴趣如何消退", "已保存。接下来几分钟内会按新规则重新计算所有人。")


def test_the_results(owner, sequence):
    page = shown(owner, "wagtail_drip_sequences:results", sequence.pk)

    assert_says(page, "效果", "已进入", "达成目标", "每日消息", "逐步明细", "此序列的全部消息")


def test_the_settings_and_the_two_big_switches(owner, site_id):
    page = shown(owner, "wagtail_drip_settings:index")

    assert_says(page, "短信设置", "开始给顾客发短信", "全部停止", "签名（发送方名称）")
    assert_says(shown(owner, "wagtail_drip_sending_times:index"), "发送时段", "星期一")


def test_every_event_state_and_reason_has_chinese_words():
    labels = [each for event in catalogue.all_types() for each in (event.label, event.sentence)]
    labels += [prop.label for event in catalogue.all_types() for prop in event.properties]
    labels += [word for label, meaning in words.STATES.values() for word in (label, meaning)]
    tables = (
        words.REASONS,
        words.ENROLMENT_STATES,
        words.EXIT_REASONS,
        words.CONSENT_METHODS,
        words.PURPOSES,
    )
    labels += [label for table in tables for label in table.values()]

    # Some events of the tests have plain words; only what was marked for translation is asked for.
    with translation.override("zh-hans"):
        plain = [
            str(label) for label in labels if not isinstance(label, str) and not CHINESE.search(str(label))
        ]

    assert plain == []


@pytest.mark.parametrize(
    ("kind", "promised"),
    [("stop", {"订阅": "start"}), ("start", {"退订": "stop", "帮助": "help"}), ("help", {"退订": "stop"})],
)
def test_the_automatic_answers_promise_keywords_that_work(site_id, kind, promised):
    site = core.site_settings(site_id)
    site.sender_name = "茶与咖啡"
    contact = reachable_contact(first_name="Wei", language="zh-hans", phone="+8613812345678")

    words_sent = responses.wording(kind, contact=contact, site=site)

    assert words_sent.startswith("【茶与咖啡】")
    assert len(words_sent) <= 70  # one SMS
    quoted = re.findall(r"回复“(.+?)”", words_sent)
    assert {word: keywords.classify(word).kind for word in quoted} == promised


@pytest.mark.parametrize("kind", ["stop", "start", "help"])
def test_a_long_name_does_not_make_an_automatic_answer_two_sms(site_id, kind):
    site = core.site_settings(site_id)
    site.sender_name = "云南高山茶园与精品咖啡烘焙" * 5
    contact = reachable_contact(first_name="Wei", language="zh-hans", phone="+8613812345678")

    assert encoding.count(responses.wording(kind, contact=contact, site=site)).segments == 1


def test_help_abroad_leads_to_their_own_page_and_is_three_sms_at_most(site_id):
    site = core.site_settings(site_id)
    site.sender_name = "云南高山茶园与精品咖啡烘焙" * 5
    contact = reachable_contact(first_name="Wei", language="zh-hans")

    words_sent = responses.wording("help", contact=contact, site=site)

    assert "/drip/preferences/" in words_sent
    assert encoding.count(words_sent).segments <= 3


def test_the_consent_asked_for_at_the_checkout_names_the_shop_and_ways_out_that_work(settings):
    settings.OSCAR_SHOP_NAME = "茶与咖啡"

    with translation.override("zh-hans"):
        wording = options.consent_wording(options.read({}))

    assert "我同意“茶与咖啡”向我在此填写的手机号发送" in wording
    assert "营销短信" in wording
    assert "不同意也可以正常购买" in wording
    assert keywords.classify("退订").kind == "stop"
    assert "回复“退订”即可退订（中国内地号码也可回复 R）" in wording
    assert keywords.classify("R", region="CN").kind == "stop"


def test_the_question_before_customers_are_texted(owner, site_id):
    page = shown(owner, "wagtail_drip_settings:open", site_id)

    assert_says(
        page, "的顾客发短信后，会有以下变化", "已退订的人，绝不会收到短信", "开始给顾客发短信", "暂不"
    )
