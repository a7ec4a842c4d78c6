"""The page on which somebody chooses how often, when and about what: noted, recorded, and obeyed from then on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from wagtail_drip.admin.contacts import timeline
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.events.models import Event
from wagtail_drip.links import personal
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import MessageDraft
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(
        site_id, sender_address="+447700900999", sender_name="Tea House", zone="Europe/London", region="GB"
    )
    return site_id


@pytest.fixture
def person(site: int) -> Contact:
    return reachable_contact(first_name="Ada", language="en")


@pytest.fixture
def sequences(site: int) -> None:
    """What the shop texts about: offers, tea, in one step cake, and news of orders."""
    live_sequence(name="Offers", topic="offers", steps=[("send_message", {"text": "Less!"})])
    live_sequence(
        name="Tea",
        topic="tea",
        steps=[("send_message", {"text": "Tea!"}), ("send_message", {"text": "Cake!", "topic": "cake"})],
    )
    live_sequence(
        name="Orders", purpose="transactional", topic="orders", steps=[("send_message", {"text": "Sent."})]
    )


def page_of(contact: Contact, site_id: int) -> str:
    return personal.path_of(personal.PREFERENCES, contact.pk, site_id)


def choose(client: Client, contact: Contact, site_id: int, **fields: Any) -> Any:
    """Send the form as a browser does: with the name of every topic that stood there."""
    page = client.get(page_of(contact, site_id)).content.decode()
    return client.post(page_of(contact, site_id), {**fields, "shown": topics_on(page)})


def topics_on(page: str) -> list[str]:
    return re.findall(r'name="shown" value="([^"]+)"', page)


def may_get(contact: Contact, site_id: int, topic: str = "") -> bool:
    held = querysets.permissions([contact.pk], [site_id])
    return querysets.is_permitted(
        held, contact_id=contact.pk, site_id=site_id, purpose="promotional", topic=topic
    )


def answers(contact: Contact, site_id: int, *, granted: bool, topic: str = "") -> None:
    consent = Consent(
        group=PurposeGroup.MARKETING,
        granted=granted,
        source="form",
        method=ConsentMethod.WEB_FORM,
        topic=topic,
    )
    contacts.record_consent(contact_id=contact.pk, site_id=site_id, consent=consent, now=clock.now())


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client: Client, person: Contact, site: int, method: str) -> None:
    before = Contact.objects.filter(pk=person.pk).values().get()

    response = getattr(client, method)(page_of(person, site))

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.cookies == {}
    assert Contact.objects.filter(pk=person.pk).values().get() == before
    assert not Event.objects.exists()
    page = response.content.decode()
    assert "Ada" not in page
    assert person.phone not in page


def test_what_they_choose_is_noted_and_told(client: Client, person: Contact, site: int) -> None:
    begun = clock.now()

    response = choose(
        client, person, site, week="1", month="3", pause="14", not_before="9", not_after="20", language="de"
    )

    assert response.status_code == 302
    person.refresh_from_db()
    assert (person.most_per_week, person.most_per_month) == (1, 3)
    assert person.paused_until is not None
    assert timedelta(days=14) <= person.paused_until - begun < timedelta(days=14, minutes=1)
    assert (person.not_before_hour, person.not_after_hour, person.language) == (9, 20, "de")
    event = Event.objects.get()
    assert event.name == "preferences_changed"
    assert event.properties == {
        "paused_until": person.paused_until.isoformat(),
        "most_per_week": 1,
        "most_per_month": 3,
        "not_before_hour": 9,
        "not_after_hour": 20,
        "language": "de",
    }
    (entry,) = [each for each in timeline.page(person.pk).entries if each.kind == "event"]
    assert entry.title == "Preferences changed"
    assert ("At most in 7 days", 1) in entry.details


def test_the_same_again_is_nothing_new(client: Client, person: Contact, site: int) -> None:
    for _ in range(2):
        choose(client, person, site, week="1", language="en")

    assert Event.objects.count() == 1


def test_a_pause_stays_as_it_is_until_they_end_it(client: Client, person: Contact, site: int) -> None:
    until = clock.now() + timedelta(days=5)
    Contact.objects.filter(pk=person.pk).update(paused_until=until)
    page = client.get(page_of(person, site)).content.decode()
    assert '<option value="keep" selected>' in page

    choose(client, person, site, week="2", pause="keep")
    person.refresh_from_db()
    assert person.paused_until == until

    choose(client, person, site, week="2", pause="")
    person.refresh_from_db()
    assert person.paused_until is None
    last = Event.objects.order_by("-pk")[0]
    assert last.properties == {"paused_until": "none"}
    entries = [each for each in timeline.page(person.pk).entries if each.kind == "event"]
    assert ("Paused until", "no wish any more") in entries[0].details


def test_what_a_pause_put_off_is_asked_again_once_it_ends(client: Client, person: Contact, site: int) -> None:
    later = clock.now() + timedelta(days=5)
    Contact.objects.filter(pk=person.pk).update(paused_until=later)
    draft = MessageDraft(
        key="enr:1:1", contact_id=person.pk, site_id=site, purpose="promotional", body="Hi", due_at=later
    )
    messaging.queue([draft], now=clock.now())
    Message.objects.update(defer_reason="contact_paused")

    choose(client, person, site, pause="")

    message = Message.objects.get()
    assert message.due_at is not None
    assert message.due_at <= clock.now()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"week": "0"}, "At least 1. For none at all", id="none at all"),
        pytest.param({"week": "-1"}, "At least 1. For none at all", id="fewer than none"),
        pytest.param({"month": "many"}, "Enter a whole number", id="no number"),
        pytest.param({"week": "9" * 30}, "less than or equal to 1000", id="more than anybody wants"),
        pytest.param({"week": "5", "month": "4"}, "Fewer in 30 days than in 7", id="a month below a week"),
        pytest.param(
            {"pause": "3650"}, "is not one of the available choices", id="a pause that is not offered"
        ),
        pytest.param({"pause": "keep"}, "is not one of the available choices", id="no pause to keep"),
        pytest.param(
            {"not_before": "9", "not_after": "9"}, "leave no hour", id="hours that leave nothing of a day"
        ),
        pytest.param(
            {"not_before": "25"}, "is not one of the available choices", id="an hour that no day has"
        ),
        pytest.param({"topics": "secret"}, "is not one of the available choices", id="a topic not offered"),
    ],
)
def test_nonsense_saves_nothing_and_says_what_is_wrong(
    client: Client, person: Contact, site: int, sequences: None, fields: dict[str, str], words: str
) -> None:
    before = Contact.objects.filter(pk=person.pk).values().get()

    response = choose(client, person, site, **{"language": "de", **fields})

    page = response.content.decode()
    assert response.status_code == 200
    assert "Nothing was saved" in page
    assert words in page
    assert Contact.objects.filter(pk=person.pk).values().get() == before
    assert not Event.objects.exists()


def test_the_topics_of_the_shop_are_offered_and_no_others(
    client: Client, person: Contact, site: int, sequences: None
) -> None:
    page = client.get(page_of(person, site)).content.decode()

    assert topics_on(page) == ["cake", "offers", "tea"]


def test_a_topic_is_closed_and_opened_again(
    client: Client, person: Contact, site: int, sequences: None
) -> None:
    records = ConsentRecord.objects.count()

    choose(client, person, site, topics=["tea", "cake"])

    assert [may_get(person, site, topic) for topic in ("offers", "tea", "cake", "")] == [
        False,
        True,
        True,
        True,
    ]
    record = ConsentRecord.objects.order_by("-pk")[0]
    assert ConsentRecord.objects.count() == records + 1
    assert (record.topic, record.granted, record.method, record.source) == (
        "offers",
        False,
        "page",
        "page:preferences",
    )
    assert record.wording == "Tea House texts you about what is ticked."

    choose(client, person, site, topics=["offers", "tea", "cake"])
    assert may_get(person, site, "offers")


def test_a_topic_that_the_shop_began_since_is_not_refused(
    client: Client, person: Contact, site: int, sequences: None
) -> None:
    client.post(page_of(person, site), {"topics": ["tea"], "shown": ["tea", "cake"]})

    assert [may_get(person, site, topic) for topic in ("offers", "tea", "cake")] == [True, True, False]


def test_a_text_start_leaves_a_topic_closed_that_was_closed_by_itself(
    client: Client, person: Contact, site: int, sequences: None
) -> None:
    choose(client, person, site, topics=["tea", "cake"])
    stop = personal.path_of(personal.STOP, person.pk, site)

    client.post(stop, {"choice": "stop"})
    client.post(stop, {"choice": "start"})

    assert [may_get(person, site, topic) for topic in ("offers", "tea", "")] == [False, True, True]


def test_what_was_never_agreed_to_cannot_be_ticked(client: Client, site: int, sequences: None) -> None:
    stranger = reachable_contact(agreed_to=())

    page = client.get(page_of(stranger, site)).content.decode()
    client.post(page_of(stranger, site), {"topics": ["tea"], "shown": ["tea"]})

    assert topics_on(page) == []
    assert not may_get(stranger, site, "tea")
    assert not ConsentRecord.objects.filter(contact=stranger).exists()


def test_a_topic_agreed_to_by_itself_can_be_closed_and_opened_again(
    client: Client, site: int, sequences: None
) -> None:
    person = reachable_contact(agreed_to=(), language="en")
    answers(person, site, granted=True, topic="tea")

    page = client.get(page_of(person, site)).content.decode()
    assert topics_on(page) == ["tea"]

    choose(client, person, site, week="1")
    assert not may_get(person, site, "tea")
    choose(client, person, site, week="1", topics=["tea"])
    assert may_get(person, site, "tea")
    assert not may_get(person, site)


def test_who_stopped_is_led_to_where_they_take_it_back(client: Client, person: Contact, site: int) -> None:
    stop = personal.path_of(personal.STOP, person.pk, site)
    client.post(stop, {"choice": "stop"})

    for response in (client.get(page_of(person, site)), choose(client, person, site, week="1")):
        assert (response.status_code, response["Location"]) == (302, stop)
    person.refresh_from_db()
    assert person.most_per_week is None


def test_a_browser_without_cookies_can_choose(person: Contact, site: int) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(page_of(person, site), {"week": "1"}).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_opens_nothing_says_so_kindly(
    client: Client, person: Contact, site: int, method: str
) -> None:
    address = page_of(person, site)
    Contact.objects.filter(pk=person.pk).update(erased_at=clock.now())

    for path in (address, address[:-3] + "x/"):
        assert getattr(client, method)(path).status_code == 404


def test_the_link_of_somebody_who_was_merged_is_of_who_speaks_for_them(
    client: Client, person: Contact, site: int
) -> None:
    head = reachable_contact(phone="+447400999888")
    Contact.objects.filter(pk=person.pk).update(merged_into=head, active_phone=None)

    choose(client, person, site, week="1")

    head.refresh_from_db()
    person.refresh_from_db()
    assert (head.most_per_week, person.most_per_week) == (1, None)


@pytest.mark.parametrize(
    ("own", "browser", "expected"),
    [
        pytest.param("en-GB", "zh-CN", "en-GB", id="a finer one of theirs stays"),
        pytest.param("", "zh-CN", "zh-hans", id="what the browser showed them"),
    ],
)
def test_a_language_that_they_leave_alone(
    client: Client, person: Contact, site: int, settings: Any, own: str, browser: str, expected: str
) -> None:
    settings.WAGTAIL_CONTENT_LANGUAGES = [("en", "English"), ("zh-hans", "Chinese")]
    Contact.objects.filter(pk=person.pk).update(language=own)
    page = client.get(page_of(person, site), headers={"accept-language": browser}).content.decode()
    shown = "en" if own else "zh-hans"
    assert f'<option value="{shown}" selected>' in page

    client.post(page_of(person, site), {"language": shown}, headers={"accept-language": browser})

    person.refresh_from_db()
    assert person.language == expected


def test_the_page_asks_as_much_whatever_topics_there_are(
    client: Client, person: Contact, site: int, sequences: None
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(person, site))
        return len(queries)

    asked()  # the flows of versions are remembered
    before = asked()
    for topic in ("a", "b", "c"):
        answers(person, site, granted=True, topic=topic)

    assert asked() == before <= 20
