"""Two confirmations of one sign-up at once, and one against a stop; and what comes of confirming by what was read before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from datetime import datetime
from typing import Any

import pytest

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from wagtail_drip.contacts import opt_in_actions as opt_ins
from wagtail_drip.contacts.models import ConsentRecord, OptInRequest, Permission
from wagtail_drip.contacts.opt_in_actions import Asked
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.inbox import actions, senders, sign_ups
from wagtail_drip.messaging.send_due import send_due

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
NUMBER = "+447700900123"


@pytest.fixture
def token(open_site: int, now: datetime) -> str:
    """Somebody who has been asked, and may confirm."""
    asked = Asked(
        group=PurposeGroup.MARKETING, topic="", is_double=True, source="/", wording="Text me. STOP ends it."
    )
    sign_ups.sign_up(number=NUMBER, site_id=open_site, asked=asked, now=now)
    send_due(now=now)
    return OptInRequest.objects.get().token


@pytest.fixture
def before_lock(monkeypatch: pytest.MonkeyPatch) -> Door:
    """Where the first who confirms has read the request and has not locked the contact."""
    door, lock, knocked = Door(), opt_ins.lock_present, []

    def knock_then_lock(contact_ids: Any) -> Any:
        if not knocked:
            knocked.append(True)
            door.knock()
        return lock(contact_ids)

    monkeypatch.setattr(opt_ins, "lock_present", knock_then_lock)
    return door


@pytest.fixture
def before_record(monkeypatch: pytest.MonkeyPatch) -> Door:
    """Where who confirms has locked and marked the request, and has recorded nothing."""
    door, append = Door(), opt_ins.recording.append_each

    def knock_then_append(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(opt_ins.recording, "append_each", append)
        door.knock()
        return append(*args, **kwargs)

    monkeypatch.setattr(opt_ins.recording, "append_each", knock_then_append)
    return door


@pytest.fixture
def _by_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: whether the request still waits is judged by what was read before the lock."""

    def settle(request: OptInRequest, by: str, now: datetime, inbound_text_id: int | None) -> bool:
        OptInRequest.objects.filter(pk=request.pk).update(state=opt_ins.CONFIRMED, confirmed_by=by)
        return request.state == opt_ins.WAITING

    monkeypatch.setattr(opt_ins, "_settle", settle)


def stop(site_id: int, now: datetime) -> None:
    actions.stop(number=NUMBER, reach=senders.reach_of_site(site_id), source="sms", wording="STOP", now=now)


def granted() -> list[bool]:
    return list(ConsentRecord.objects.order_by("pk").values_list("granted", flat=True))


@needs_row_locks
def test_of_two_confirmations_at_once_one_counts(
    elsewhere: Run, before_lock: Door, token: str, now: datetime
) -> None:
    first = elsewhere(sign_ups.confirm_by_page, token, now=now)
    before_lock.await_knock()

    assert sign_ups.confirm_by_page(token, now=now) is True
    before_lock.open()

    assert first.result(PATIENCE_SECONDS) is True
    assert granted() == [True]


@needs_row_locks
@pytest.mark.usefixtures("_by_what_was_read")
def test_whoever_confirms_by_what_was_read_records_it_twice(
    elsewhere: Run, before_lock: Door, token: str, now: datetime
) -> None:
    """The mutant. It must record twice, or the test above proves nothing."""
    first = elsewhere(sign_ups.confirm_by_page, token, now=now)
    before_lock.await_knock()

    sign_ups.confirm_by_page(token, now=now)
    before_lock.open()
    first.result(PATIENCE_SECONDS)

    assert granted() == [True, True]


@needs_row_locks
def test_a_stop_that_commits_before_the_lock_wins(
    elsewhere: Run, before_lock: Door, token: str, open_site: int, now: datetime
) -> None:
    confirming = elsewhere(sign_ups.confirm_by_page, token, now=now)
    before_lock.await_knock()

    stop(open_site, now)
    before_lock.open()

    assert confirming.result(PATIENCE_SECONDS) is False
    assert (OptInRequest.objects.get().state, granted()) == ("withdrawn", [False])
    assert Permission.objects.get().granted is False


@needs_row_locks
@pytest.mark.usefixtures("_by_what_was_read")
def test_whoever_confirms_by_what_was_read_opens_what_was_stopped(
    elsewhere: Run, before_lock: Door, token: str, open_site: int, now: datetime
) -> None:
    """The mutant. It must open what the stop closed, or the test above proves nothing."""
    confirming = elsewhere(sign_ups.confirm_by_page, token, now=now)
    before_lock.await_knock()

    stop(open_site, now)
    before_lock.open()
    confirming.result(PATIENCE_SECONDS)

    assert Permission.objects.get().granted is True


def test_a_stop_waits_for_a_confirmation_that_has_locked_and_follows_it(
    elsewhere: Run, before_record: Door, token: str, open_site: int, now: datetime
) -> None:
    confirming = elsewhere(sign_ups.confirm_by_page, token, now=now)
    before_record.await_knock()

    stopping = elsewhere(stop, open_site, now)
    with pytest.raises(TimeoutError):
        stopping.result(0.3)
    before_record.open()
    confirming.result(PATIENCE_SECONDS)
    stopping.result(PATIENCE_SECONDS)

    assert granted() == [True, False]
    assert Permission.objects.get().granted is False
