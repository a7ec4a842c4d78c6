"""Numbers that are not to be texted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.compliance.querysets import suppressed
from wagtail_drip.compliance.types import Destination
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Identity
from wagtail_drip.core import keys

pytestmark = pytest.mark.django_db

NUMBER = "+447400123456"


def to(number: str = NUMBER, sender: str = "default:A", site_id: int = 1) -> Destination:
    return Destination(keys.number_hashes(number), sender, site_id)


def suppress(now: datetime, *, scope: str = "all", value: str = "", number: str = NUMBER) -> bool:
    return compliance.suppress(
        phone=number, scope=scope, scope_value=value, reason="stop_keyword", source="test", now=now
    )


def test_only_destinations_within_the_scope_are_suppressed(now: datetime) -> None:
    suppress(now, scope="sender", value="default:A")
    suppress(now, scope="site", value="2")
    asked = {to(), to(sender="default:B"), to(sender="default:B", site_id=2), to("+447400123457")}

    assert suppressed(asked) == {to(), to(sender="default:B", site_id=2)}
    assert suppressed(set()) == set()


def test_who_said_stop_before_the_secret_key_was_changed_stays_stopped(now: datetime, settings: Any) -> None:
    suppress(now)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret", [settings.SECRET_KEY]

    assert suppressed({to()}) == {to()}
    assert compliance.lift(phone=NUMBER, now=now) == 1
    assert suppressed({to()}) == set()


def test_suppressing_twice_changes_nothing(now: datetime) -> None:
    assert suppress(now) is True
    assert suppress(now + timedelta(days=1)) is False

    assert Suppression.objects.get().recorded_at == now


def test_what_was_lifted_can_be_suppressed_again(now: datetime) -> None:
    suppress(now)
    assert compliance.lift(phone=NUMBER, now=now) == 1
    assert suppressed({to()}) == set()
    assert compliance.lift(phone=NUMBER, now=now) == 0

    assert suppress(now + timedelta(days=1)) is True

    assert suppressed({to()}) == {to()}
    assert Suppression.objects.count() == 1


def test_lifting_one_scope_leaves_the_others(now: datetime) -> None:
    suppress(now)
    suppress(now, scope="sender", value="default:A")

    compliance.lift(phone=NUMBER, scope="all", now=now)

    assert suppressed({to(), to(sender="default:B")}) == {to()}


def test_the_number_itself_is_not_kept(now: datetime) -> None:
    suppress(now)

    row = Suppression.objects.values().get()
    assert not any("7400123456" in str(value) for value in row.values())


def test_it_survives_the_contact_and_binds_the_number_when_it_is_imported_again(now: datetime) -> None:
    """Parcelvoy's erase forgot that the person had said stop."""
    contact = contacts.identify(Identity(phone=NUMBER), now=now)
    suppress(now)
    Contact.objects.filter(pk=contact.pk).update(phone="", active_phone=None, erased_at=now)

    again = contacts.identify(Identity(phone=NUMBER), now=now)

    assert again.pk != contact.pk
    assert suppressed({to(again.phone)}) == {to()}


def test_asking_and_suppressing_take_as_many_queries_for_one_as_for_many(now: datetime) -> None:
    counts = []
    for size in (1, 40):
        numbers = [f"+44740012{size:02}{n:03}" for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            done = compliance.suppress_all(
                phones=numbers, scope="all", reason="staff", source="test", now=now
            )
            assert suppressed({to(number) for number in numbers}) == {to(number) for number in numbers}
        assert done == size
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6
