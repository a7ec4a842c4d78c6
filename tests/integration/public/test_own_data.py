"""Somebody's data, on their own page: opened by a code to their phone, and by nothing that can be forwarded."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from tests.integration.privacy import search, story
from wagtail_drip.contacts import own_data_actions
from wagtail_drip.contacts.models import Contact, ContactDate, DataRequest
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.links import personal
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import send_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import MessageDraft
from wagtail_drip.privacy import erase, inventory, own_data
from wagtail_drip.test.outbox import open_site, outbox
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(
        site_id, sender_address="+447700900999", sender_name="Tea House", zone="Europe/London", region="GB"
    )
    open_site()
    outbox.clear()
    return site_id


@pytest.fixture
def person(site: int) -> Contact:
    return reachable_contact(
        first_name="Ada", email="ada@shop.example", language="en", attributes={"likes": "tea"}
    )


def address_of(contact: Contact, site_id: int) -> str:
    return f"/drip/data/{personal.token_of(contact.pk, site_id)}/"


def code_of(contact: Contact) -> str:
    """Return the code of the newest text about it, as the phone shows it."""
    body = Message.objects.filter(contact=contact, licence__startswith="data:").latest("pk").body
    found = re.search(r"\b\d{6}\b", body)
    assert found, body
    return found[0]


def opened(client: Client, contact: Contact, site_id: int) -> str:
    """Go through the door, and return the address of the page behind it."""
    address = address_of(contact, site_id)
    client.post(address, {"choice": "send"})
    answer = client.post(address, {"choice": "open", "code": code_of(contact)})
    assert answer.status_code == 302
    return str(answer["Location"])


def test_the_link_that_can_be_forwarded_shows_nothing_of_anybody(
    client: Client, person: Contact, site: int
) -> None:
    page = client.get(address_of(person, site)).content.decode()

    assert "Send me a code" in page
    assert [word for word in ("Ada", "ada@shop.example", "likes", person.phone) if word in page] == []
    assert not Message.objects.exists()


def test_looking_sends_nothing_and_pressing_twice_sends_one_code(
    client: Client, person: Contact, site: int
) -> None:
    address = address_of(person, site)
    client.get(address)
    client.get(f"{address}?sent")
    assert DataRequest.objects.count() == 0

    for _ in range(3):
        client.post(address, {"choice": "send"})

    message = Message.objects.get()
    assert (message.purpose, message.licence, message.key) == (
        Purpose.RESPONSE,
        f"data:{DataRequest.objects.get().pk}",
        f"data:{DataRequest.objects.get().pk}",
    )
    assert message.body.startswith("Tea House: ")
    assert code_of(person) not in DataRequest.objects.get().code_hash
    send_due.send_due(now=clock.now())
    assert [text.text for text in outbox] == [message.body]


def test_four_codes_go_in_a_day_and_an_older_one_is_good_no_more(
    client: Client, person: Contact, site: int
) -> None:
    address, now = address_of(person, site), clock.now()
    client.post(address, {"choice": "send"})
    first = code_of(person)

    for _ in range(5):
        DataRequest.objects.update(requested_at=now - timedelta(hours=1))
        client.post(address, {"choice": "send"})

    assert DataRequest.objects.count() == 4
    if first != code_of(person):
        assert client.post(address, {"choice": "open", "code": first}).status_code == 400
    assert client.post(address, {"choice": "open", "code": code_of(person)}).status_code == 302


def test_a_code_is_good_for_five_tries_for_half_an_hour_and_once(
    client: Client, person: Contact, site: int
) -> None:
    address = address_of(person, site)
    client.post(address, {"choice": "send"})
    right = code_of(person)
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        assert client.post(address, {"choice": "open", "code": wrong}).status_code == 400
    assert client.post(address, {"choice": "open", "code": right}).status_code == 400

    DataRequest.objects.update(attempts=0, expires_at=clock.now() - timedelta(seconds=1))
    assert client.post(address, {"choice": "open", "code": right}).status_code == 400

    DataRequest.objects.update(expires_at=clock.now() + timedelta(minutes=1))
    # As people type it.
    assert client.post(address, {"choice": "open", "code": f"{right[:3]} {right[3:]}"}).status_code == 302
    assert client.post(address, {"choice": "open", "code": right}).status_code == 400


def test_a_code_opens_nobody_elses_data(client: Client, person: Contact, site: int) -> None:
    other = reachable_contact(first_name="Grace")
    for each in (person, other):
        client.post(address_of(each, site), {"choice": "send"})

    if code_of(person) != code_of(other):
        answer = client.post(address_of(other, site), {"choice": "open", "code": code_of(person)})
        assert answer.status_code == 400
    assert client.get("/drip/your-data/1:abc:def/").status_code == 404


def test_who_said_stop_is_sent_no_code(client: Client, person: Contact, site: int) -> None:
    client.post(personal.path_of(personal.STOP, person.pk, site), {"choice": "stop"})

    page = client.get(address_of(person, site)).content.decode()
    client.post(address_of(person, site), {"choice": "send"})

    assert "Ask the shop" in page
    assert not DataRequest.objects.exists()
    assert not Message.objects.filter(licence__startswith="data:").exists()


def test_the_page_says_what_is_kept_and_closes_after_half_an_hour(
    client: Client, person: Contact, site: int
) -> None:
    address = opened(client, person, site)

    answer = client.get(address)

    page = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    for word in ("ada@shop.example", person.phone, "likes tea", "Offers and the like : yes"):
        assert word.replace(" :", ":") in page.replace(" :", ":")
    assert "What you agreed to or said no to 2" in page
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    DataRequest.objects.update(expires_at=clock.now())
    assert client.get(address).status_code == 404


def test_a_copy_is_everything_the_export_knows(client: Client, person: Contact, site: int) -> None:
    address = opened(client, person, site)

    answer: Any = client.post(address, {"choice": "download"})

    told = json.loads(b"".join(answer.streaming_content))
    assert told["contact_ids"] == [person.pk]
    assert told["tables"]["Contact"][0]["first_name"] == "Ada"
    assert set(told["tables"]) == {each.name for each in inventory.of_people()}
    assert ModelLogEntry.objects.get(action="wagtail_drip.export_contact").data == {"by": "their own page"}


def test_they_correct_name_language_and_birthday(client: Client, person: Contact, site: int) -> None:
    address = opened(client, person, site)

    answer = client.post(
        address,
        {
            "choice": "correct",
            "first_name": "Augusta",
            "last_name": "King",
            "language": "zh-hans",
            "birthday": "1815-12-10",
        },
    )

    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.first_name, person.last_name, person.language) == ("Augusta", "King", "zh-hans")
    assert person.attributes == {"likes": "tea", "birthday": "1815-12-10"}
    assert ContactDate.objects.get(contact=person).on == date(1815, 12, 10)
    assert ModelLogEntry.objects.filter(action="wagtail_drip.correct_own_data").count() == 1
    bad = client.post(address, {"choice": "correct", "first_name": "Ada", "birthday": "yesterday"})
    assert bad.status_code == 400
    person.refresh_from_db()
    assert person.first_name == "Augusta"
    client.post(address, {"choice": "correct", "first_name": "Augusta", "last_name": "King", "birthday": ""})
    person.refresh_from_db()
    assert person.attributes == {"likes": "tea"}


def offer(contact: Contact, site_id: int, *, purpose: Purpose, key: str) -> None:
    now = clock.now()
    messaging.queue(
        [
            MessageDraft(
                key=key, contact_id=contact.pk, site_id=site_id, purpose=purpose, body="Tea!", due_at=now
            )
        ],
        now=now,
    )


def test_what_is_only_kept_is_sent_nothing_until_they_take_it_back(
    client: Client, person: Contact, site: int
) -> None:
    address = opened(client, person, site)
    send_due.send_due(now=clock.now())
    outbox.clear()
    offer(person, site, purpose=Purpose.TRANSACTIONAL, key="before")

    client.post(address, {"choice": "restrict"})
    send_due.send_due(now=clock.now())

    message = Message.objects.get(key="before")
    assert (message.state, message.reason) == ("skipped", "restricted")
    assert list(outbox) == []
    assert "nothing is sent to you" in client.get(address).content.decode()
    client.post(address, {"choice": "unrestrict"})
    offer(person, site, purpose=Purpose.TRANSACTIONAL, key="after")
    send_due.send_due(now=clock.now())
    assert [text.text for text in outbox] == ["Tea!"]
    noted = ModelLogEntry.objects.filter(action__contains="restrict").values_list("action", flat=True)
    assert sorted(noted) == ["wagtail_drip.restrict_own_data", "wagtail_drip.unrestrict_own_data"]


def test_they_delete_themselves_with_the_code_and_not_without(
    client: Client, site: int, now: datetime
) -> None:
    person = story.person(site_id=site, now=now)
    address = opened(client, person, site)
    right = code_of(person)
    wrong = "000000" if right != "000000" else "000001"

    for refused in ({"code": right}, {"sure": "on", "code": wrong}, {"sure": "on"}):
        answer = client.post(address, {"choice": "erase", **refused})
        assert answer.status_code == 400
        assert "Nothing was deleted" in answer.content.decode()
    assert Contact.objects.get(pk=person.pk).erased_at is None

    answer = client.post(address, {"choice": "erase", "sure": "on", "code": right})

    assert "Your data are deleted" in answer.content.decode()
    assert Contact.objects.get(pk=person.pk).erased_at is not None
    assert client.get(address).status_code == 404
    assert client.get(address_of(person, site)).status_code == 404
    later = clock.now()
    for _ in range(30):
        later += timedelta(minutes=11)
        erase.erase_due(now=later)
    assert search.found(story.SECRETS) == []


def test_guessing_while_deleting_ends_after_five_tries(client: Client, person: Contact, site: int) -> None:
    address = opened(client, person, site)
    right = code_of(person)
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(own_data_actions.MOST_ATTEMPTS):
        client.post(address, {"choice": "erase", "sure": "on", "code": wrong})

    client.post(address, {"choice": "erase", "sure": "on", "code": right})

    assert Contact.objects.get(pk=person.pk).erased_at is None


def test_staff_cannot_read_the_code(admin_client: Client, client: Client, person: Contact, site: int) -> None:
    client.post(address_of(person, site), {"choice": "send"})
    message = Message.objects.get()

    for address in (f"contacts/{person.pk}/", f"log/{message.pk}/"):
        page = admin_client.get(f"/admin/text-messages/{address}").content.decode()
        assert "A code for them alone" in page
        assert code_of(person) not in page


def test_the_page_asks_as_much_whatever_they_did(client: Client, person: Contact, site: int) -> None:
    address = opened(client, person, site)
    client.get(address)
    asked = []
    for number in (2, 30):
        for place in range(number):
            offer(person, site, purpose=Purpose.PROMOTIONAL, key=f"{number}-{place}")
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_every_table_is_named_in_plain_words() -> None:
    names = {each.name for each in inventory.of_people()}
    grouped = [name for _label, names_of in own_data.GROUPS for name in names_of]

    assert sorted(grouped) == sorted(set(grouped))
    # The rest is who they are: what they are called, how they are recognised, what was suppressed or erased.
    assert names - set(grouped) == {
        "Contact",
        "ContactIdentity",
        "ContactDate",
        "ContactMerge",
        "Suppression",
        "Erasure",
    }
    assert set(grouped) <= names


def test_it_speaks_their_language(client: Client, site: int) -> None:
    person = reachable_contact(language="zh-hans")

    page = client.get(address_of(person, site)).content.decode()
    address = opened(client, person, site)

    assert "您的数据" in page
    assert "全部删除" in client.get(address).content.decode()
    assert "可在 30 分钟内打开您的数据" in Message.objects.get().body
