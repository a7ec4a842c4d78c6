"""How often people are texted: the limits, what they would have done lately, and special events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.integration.messaging.conftest import customer, open_site, queued
from wagtail_drip.admin import cap_sentences
from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.messaging.models import Message, SendLedger
from wagtail_drip.messaging.send_due import send_due
from wagtail_drip.test.sequences import live_sequence

__all__ = ["customer", "open_site", "queued"]

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def had(
    customer: Callable[..., Contact], queued: Callable[..., Message], now: datetime
) -> Callable[..., Contact]:
    """Somebody who was sent marketing texts so many days ago."""
    numbers = iter(range(1000))

    def make(*ago: float, **fields: Any) -> Contact:
        contact = customer(f"+447400124{next(numbers):03}")
        for days in ago:
            message = queued(contact, **fields)
            Message.objects.filter(pk=message.pk).update(state="sent", due_at=None)
            SendLedger.objects.create(
                message=message,
                contact=contact,
                site_id=message.site_id,
                purpose=message.purpose,
                topic=message.topic,
                handed_over_at=now - days * DAY,
            )
        return contact

    return make


def page(client: Any, name: str = "wagtail_drip_often:index", *args: Any) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return str(response.content.decode())


def save(client: Any, site_id: int, **fields: Any) -> Any:
    return client.post(reverse("wagtail_drip_often:site", args=[site_id]), {"preset": "weekly", **fields})


def row_of(html: str, label: str) -> list[str]:
    """Return the numbers of the row of the effect that has this label."""
    _before, _label, rest = html.partition(f'<th scope="row">{label}</th>')
    cells = rest.partition("</tr>")[0]
    return [cell.partition("</td>")[0] for cell in cells.split("<td>")[1:]]


def test_a_new_site_has_one_to_two_a_week(admin_client: Any, site_id: int) -> None:
    html = page(admin_client)

    [chosen] = [tag for tag in html.split("<input") if "checked" in tag]
    assert 'value="weekly"' in chosen
    assert core.site_settings(site_id).caps == {"week": 2, "month": 8, "purposes": {}, "topics": {}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"preset": "monthly"}, {"week": 1, "month": 3}, id="two to three a month"),
        pytest.param({"preset": "own", "own_week": "4"}, {"week": 4, "month": None}, id="own numbers"),
        pytest.param({"preset": "own"}, {"week": None, "month": None}, id="no limit"),
        pytest.param(
            {"purpose_promotional_week": "1", "topic_0_month": "2"},
            {
                "week": 2,
                "month": 8,
                "purposes": {"promotional": {"week": 1, "month": None}},
                "topics": {"shoes": {"week": None, "month": 2}},
            },
            id="less of a purpose and a topic",
        ),
    ],
)
def test_limits_are_saved(
    fields: dict[str, str], expected: dict[str, Any], admin_client: Any, site_id: int
) -> None:
    live_sequence(steps=[("send_message", {"text": "Hello"})], topic="shoes")

    response = save(admin_client, site_id, **fields)

    assert response.status_code == 302
    assert core.site_settings(site_id).caps == {"purposes": {}, "topics": {}, **expected}
    assert page(admin_client).count("checked") == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param(
            {"preset": "own", "own_week": "5", "own_month": "3"}, "Fewer in 30 days than in 7", id="month"
        ),
        pytest.param({"preset": "own", "own_week": "0"}, "greater than or equal to 1", id="nought"),
        pytest.param({"preset": "own", "own_week": "many"}, "Enter a whole number", id="words"),
        pytest.param({"preset": "sometimes"}, "not one of the available choices", id="another preset"),
        pytest.param({"purpose_welcome_week": "-1"}, "greater than or equal to 1", id="purpose"),
    ],
)
def test_nonsense_is_not_saved_and_the_field_says_why(
    fields: dict[str, str], complaint: str, admin_client: Any, site_id: int
) -> None:
    before = core.site_settings(site_id).caps

    response = save(admin_client, site_id, **fields)

    assert response.status_code == 200
    assert complaint in response.content.decode()
    assert core.site_settings(site_id).caps == before


def test_the_last_thirty_days_are_shown_with_the_limits_before_they_are_saved(
    admin_client: Any, open_site: int, had: Callable[..., Contact]
) -> None:
    had(1, 2)
    had(0.7, 7.4, 7.5, 20)
    had(45)  # counted, but not of these 30 days

    response = save(admin_client, open_site, preset="monthly", action="try")

    html = response.content.decode()
    assert row_of(html, "As it is saved") == ["6", "0", "0", "0"]
    # What has no room within a day, when a promotion expires, is not sent; the latest has room within the day.
    assert row_of(html, "As you have written it") == ["3", "1", "2", "2"]
    assert core.site_settings(open_site).caps == {}


def test_what_a_limit_kept_back_is_shown_under_a_looser_one(
    admin_client: Any,
    open_site: int,
    had: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    core.change_site_settings(
        open_site, caps={"week": 1}, windows={str(day): [["00:00", "24:00"]] for day in range(7)}
    )
    contact = had(1)
    queued(contact, due_at=now)
    send_due(now=now)
    assert Message.objects.filter(state="skipped", reason="frequency_cap").count() == 1

    html = save(admin_client, open_site, preset="weekly", action="try").content.decode()

    assert row_of(html, "As it is saved") == ["1", "0", "1", "1"]
    assert row_of(html, "As you have written it") == ["2", "0", "0", "0"]


def test_whoever_waits_is_asked_again_when_the_limits_change(
    admin_client: Any,
    open_site: int,
    had: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    core.change_site_settings(
        open_site, caps={"week": 1}, windows={str(day): [["00:00", "24:00"]] for day in range(7)}
    )
    message = queued(had(1), due_at=now, expires_at=now + 20 * DAY)
    send_due(now=now)
    assert "1 text waits now until there is room." in page(admin_client)

    save(admin_client, open_site, preset="weekly")
    send_due(now=clock.now())

    message.refresh_from_db()
    assert message.state == "sent"


def test_the_number_of_queries_does_not_grow_with_what_was_sent(
    admin_client: Any, open_site: int, had: Callable[..., Contact]
) -> None:
    counts = []
    page(admin_client)
    for people in (2, 12):
        for _ in range(people):
            had(1, 2, 3)
        with CaptureQueriesContext(connection) as queries:
            page(admin_client)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def event(sequence: Any, **fields: Any) -> dict[str, Any]:
    return {
        "name": "双11",
        "begins_on": "2027-11-01",
        "ends_on": "2027-11-11",
        "raised_week": "5",
        "raised_month": "12",
        "ceiling": "8",
        "sequences": [sequence.pk],
        **fields,
    }


@pytest.fixture
def sale() -> Any:
    return live_sequence(steps=[("send_message", {"text": "Hello"})], purpose="promotional")


def test_a_special_event_is_declared_shown_changed_and_deleted(
    admin_client: Any, site_id: int, sale: Any
) -> None:
    add = reverse("wagtail_drip_calendar:add_special_event", args=[site_id])

    response = admin_client.post(add, event(sale))

    assert response.url == reverse("wagtail_drip_calendar:site", args=[site_id]) + "?month=2027-11"
    row = SpecialEvent.objects.get()
    assert (row.begins_on, row.ends_on) == (date(2027, 11, 1), date(2027, 11, 11))
    assert (row.raised_week, row.raised_month, row.ceiling, row.sequences) == (5, 12, 8, [sale.pk])
    shown = admin_client.get(response.url).content.decode()
    assert shown.partition("<tbody>")[2].partition("</tbody>")[0].count("双11") == 11
    assert "up to 5 in 7 days · up to 12 in 30 days · at most 8 while it lasts" in shown
    own = reverse("wagtail_drip_calendar:special_event", args=[site_id, row.pk])
    assert 'value="双11"' in admin_client.get(own).content.decode()
    admin_client.post(own, event(sale, ceiling=""))
    row.refresh_from_db()
    assert row.ceiling is None
    delete = reverse("wagtail_drip_calendar:delete_special_event", args=[site_id, row.pk])
    question = admin_client.get(delete).content.decode()
    assert "Its sequences then keep to the limits of every day." in question
    assert f'href="{own}">Keep it' in question
    admin_client.post(delete)
    assert not SpecialEvent.objects.exists()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param({"ends_on": "2027-10-31"}, "The last day is before the first.", id="backwards"),
        pytest.param({"ends_on": "2027-12-01"}, "At most 30 days.", id="too long"),
        pytest.param(
            {"raised_week": "", "raised_month": ""}, "Write how many are allowed", id="raises nothing"
        ),
        pytest.param({"sequences": []}, "Tick the sequences", id="for nobody"),
        pytest.param({"name": ""}, "This field is required", id="no name"),
    ],
)
def test_a_special_event_that_makes_no_sense_is_not_saved(
    fields: dict[str, Any], complaint: str, admin_client: Any, site_id: int, sale: Any
) -> None:
    response = admin_client.post(
        reverse("wagtail_drip_calendar:add_special_event", args=[site_id]), event(sale, **fields)
    )

    assert complaint in response.content.decode()
    assert not SpecialEvent.objects.exists()


def test_a_special_event_shows_what_it_would_have_changed(
    admin_client: Any, open_site: int, sale: Any, had: Callable[..., Contact]
) -> None:
    core.change_site_settings(open_site, caps={"week": 2, "month": 8})
    had(1, 2, 3, sequence_id=sale.pk)
    had(1, 2, 3, sequence_id=sale.pk + 1)

    html = admin_client.post(
        reverse("wagtail_drip_calendar:add_special_event", args=[open_site]), event(sale, action="try")
    ).content.decode()

    assert row_of(html, "Without it") == ["4", "0", "2", "2"]
    assert row_of(html, "Had it been on in the last 11 days") == ["5", "0", "1", "1"]
    assert not SpecialEvent.objects.exists()


def test_who_may_not_change_the_settings_sees_neither(
    client: Any, django_user_model: Any, site_id: int
) -> None:
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("grace", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(user)

    for address in (
        reverse("wagtail_drip_often:index"),
        reverse("wagtail_drip_calendar:add_special_event", args=[site_id]),
    ):
        assert client.get(address).status_code in (302, 403)
        assert client.post(address, {"preset": "own"}).status_code in (302, 403)
    assert core.site_settings(site_id).caps["week"] == 2


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (
            '{"cap":"everyone","name":"","days":7,"had":2,"limit":2,"next":"","kept":false}',
            "They had 2 texts in 7 days, and you allow 2. It can never go under this limit.",
        ),
        (
            '{"cap":"purpose","name":"promotional","days":30,"had":3,"limit":1,"next":"","kept":false}',
            "They had 3 texts of the purpose “Promotion” in 30 days, and you allow 1.",
        ),
        (
            '{"cap":"ceiling","name":"双11","days":0,"had":8,"limit":8,"next":"","kept":false}',
            "since “双11” began",
        ),
        ("broken", ""),
        ("{}", ""),
        ("[1]", ""),
    ],
)
def test_a_cap_reads_like_a_sentence(detail: str, expected: str) -> None:
    told = cap_sentences.explain(detail)

    assert told.startswith(expected) or expected in told
    assert bool(told) is bool(expected)


def test_a_message_page_says_which_limit_and_until_when(
    admin_client: Any,
    open_site: int,
    had: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    core.change_site_settings(
        open_site, caps={"week": 1}, windows={str(day): [["00:00", "24:00"]] for day in range(7)}
    )
    message = queued(had(1), due_at=now, expires_at=now + 20 * DAY)
    send_due(now=now)

    html = admin_client.get(reverse("wagtail_drip_messages:inspect", args=[message.pk])).content.decode()

    assert "They had 1 text in 7 days, and you allow 1. There is room again on" in html


def test_what_somebody_asked_for_is_noted_on_their_page_and_obeyed(
    admin_client: Any,
    open_site: int,
    had: Callable[..., Contact],
    queued: Callable[..., Message],
    now: datetime,
) -> None:
    core.change_site_settings(open_site, windows={str(day): [["00:00", "24:00"]] for day in range(7)})
    contact = had(1)
    limits = reverse("wagtail_drip_contacts:limits", args=[contact.pk])
    assert admin_client.get(limits).status_code == 200

    response = admin_client.post(limits, {"week": "1", "month": "2"})

    shown = admin_client.get(response.url).content.decode()
    assert "Asked for at most 1 in 7 days." in shown
    assert "Asked for at most 2 in 30 days." in shown
    message = queued(contact, due_at=now, expires_at=now + 20 * DAY)
    send_due(now=now)
    message.refresh_from_db()
    assert (message.state, message.defer_reason) == ("scheduled", "frequency_cap")
    # They think better of it, and it goes at once.
    admin_client.post(limits, {"week": "", "month": ""})
    send_due(now=clock.now())
    message.refresh_from_db()
    assert message.state == "sent"


@pytest.mark.parametrize("fields", [{"week": "0"}, {"week": "3", "month": "2"}, {"month": "often"}])
def test_a_wish_that_makes_no_sense_is_not_saved(
    fields: dict[str, str], admin_client: Any, had: Callable[..., Contact]
) -> None:
    contact = had()

    response = admin_client.post(reverse("wagtail_drip_contacts:limits", args=[contact.pk]), fields)

    assert response.status_code == 200
    contact.refresh_from_db()
    assert (contact.most_per_week, contact.most_per_month) == (None, None)
