"""Who goes first where not all may go, and when a cap is raised."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.messaging.capped import (
    DAY,
    Customer,
    Had,
    Queued,
    capped_site,
    event,
    fate,
    had,
    lasting,
    why,
)
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.send_due import send_due

__all__ = ["capped_site", "had"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_way")]


def test_of_several_at_once_the_higher_priority_goes(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1)
    low, high, middle = (queued(contact, priority=p, **lasting(now)) for p in (0, 9, 5))

    send_due(now=now)

    assert fate(high) == ("sent", "")
    # The other two go when yesterday's is no longer counted, and when this one is not.
    assert fate(low) == fate(middle) == ("scheduled", "frequency_cap")
    send_due(now=now + 6 * DAY)
    assert (fate(middle)[0], fate(low)[0]) == ("sent", "scheduled")
    low.refresh_from_db()
    assert low.due_at == now + 7 * DAY


def test_the_last_place_is_left_to_what_is_more_important_and_due_soon(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1)
    high = queued(contact, priority=5, due_at=now + 2 * DAY)
    low = queued(contact, **lasting(now))

    send_due(now=now)

    assert fate(low) == ("scheduled", "frequency_cap")
    assert low.due_at == now + 2 * DAY
    assert why(low)["kept"] is True
    send_due(now=now + 2 * DAY)
    assert fate(high) == ("sent", "")
    assert (fate(low), low.due_at) == (("scheduled", "frequency_cap"), now + 6 * DAY)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"priority": 0}, id="of the same priority"),
        pytest.param({"priority": 5, "due_at": 8 * DAY}, id="after more than a week"),
        pytest.param({"priority": 5, "due_at": -timedelta(hours=1)}, id="stuck for an hour"),
        pytest.param({"priority": 5, "purpose": "transactional"}, id="that no cap counts"),
    ],
)
def test_no_place_is_kept_for_one(
    fields: dict[str, Any], customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1)
    other = queued(contact, **{**fields, "due_at": now + 2 * DAY})
    Message.objects.filter(pk=other.pk).update(due_at=now + fields.get("due_at", 2 * DAY), sender="another")
    low = queued(contact)

    send_due(now=now)

    assert fate(low) == ("sent", "")


def test_a_message_that_cannot_be_composed_takes_nobodys_place(
    customer: Customer, queued: Queued, had: Had, now: datetime
) -> None:
    contact = customer()
    had(contact, 1)
    broken = queued(contact, priority=9, source_text="Hi {{ event.nothing }}")
    message = queued(contact)

    send_due(now=now)

    assert fate(broken) == ("skipped", "missing_variable")
    assert fate(message) == ("sent", "")


def test_a_special_event_raises_the_cap_for_its_days_and_its_sequences_up_to_its_ceiling(
    customer: Customer, queued: Queued, had: Had, capped_site: int, now: datetime
) -> None:
    contact = customer()
    had(contact, 3, 2)
    event(capped_site, now)
    other = queued(contact, sequence_id=8)
    ours = [queued(contact, sequence_id=7, **lasting(now)) for _ in range(4)]

    send_due(now=now)

    assert fate(other) == ("skipped", "frequency_cap")
    assert [fate(each)[0] for each in ours] == ["sent", "sent", "scheduled", "scheduled"]
    # After it all that was sent counts: two a week again, and four were sent.
    ours[2].refresh_from_db()
    assert ours[2].due_at == now + 7 * DAY


def test_a_special_event_that_begins_tomorrow_is_waited_for(
    customer: Customer, queued: Queued, had: Had, capped_site: int, now: datetime
) -> None:
    contact = customer()
    had(contact, 1, 2)
    event(capped_site, now, begins_on=(now + DAY).date(), ends_on=(now + 2 * DAY).date())
    message = queued(contact, sequence_id=7, **lasting(now))

    send_due(now=now)

    assert fate(message) == ("scheduled", "frequency_cap")
    assert message.due_at == (now + DAY).replace(hour=0)  # midnight in London, in winter
