"""A list taken in while somebody says stop, and by two workers at once; and what leaks if answers are read too soon."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, TimeoutError, wait
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from wagtail.models import Site

from tests.races.door import PATIENCE_SECONDS, Door, needs_row_locks
from tests.races.test_gate import opt_out, suppress
from wagtail_drip.contacts import projection, taking_in
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.privacy import import_actions, importing
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_plan import Column, Plan, Proof
from wagtail_drip.test.people import reachable_contact

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., "Future[Any]"]
NUMBER = "+447400100001"


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


@pytest.fixture
def site_id() -> int:
    return Site.objects.get(is_default_site=True).pk


def begun(lines: list[str], *, site_id: int, now: datetime) -> ContactImport:
    """Return a list that was checked and started. Its people agreed on the very day, after whatever happens here."""
    data = "phone\n" + "\n".join(lines)
    row = import_actions.upload(io.BytesIO(data.encode()), name="list.csv", site_id=site_id, now=now)
    proof = Proof(groups=["marketing"], source="till", wording="Text me.", at=now.date().isoformat())
    import_actions.check(row, Plan(columns=[Column(place=0, field="phone")], proof=proof), now=now)
    while importing.import_due(now=now):
        pass
    assert import_actions.start(row, now=now)
    importing._mine.let_go()
    importing._mine.token = "the test"
    return row


def take_in(now: datetime, limit: int = 100) -> int:
    """Work as a worker does until nothing is due, and close what it holds."""
    done = 0
    while some := importing.import_due(now=now, limit=limit):
        done += some
    importing._mine.let_go()
    return done


@pytest.fixture
def before_lock(monkeypatch: pytest.MonkeyPatch) -> Door:
    door, lock = Door(), taking_in._locked

    def knock_then_lock(found: Any) -> Any:
        door.knock()
        return lock(found)

    monkeypatch.setattr(taking_in, "_locked", knock_then_lock)
    return door


@needs_row_locks
@pytest.mark.parametrize("stop", ["withdrawn", "suppressed"])
def test_a_stop_that_commits_before_the_import_locks_is_obeyed(
    stop: str, elsewhere: Run, before_lock: Door, site_id: int, now: datetime
) -> None:
    person = reachable_contact(phone=NUMBER, agreed_to=())
    row = begun([NUMBER], site_id=site_id, now=now)
    taking = elsewhere(take_in, now)
    before_lock.await_knock()

    if stop == "withdrawn":
        opt_out(person.pk, site_id, now - timedelta(days=1))
    else:
        suppress(NUMBER, now)
    before_lock.open()
    taking.result(PATIENCE_SECONDS)

    row.refresh_from_db()
    assert row.state == "done"
    assert not Permission.objects.filter(granted=True).exists()
    assert row.done["agreed"] == 0


def test_a_stop_waits_for_an_import_that_has_locked_and_has_the_last_word(
    elsewhere: Run, site_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = reachable_contact(phone=NUMBER, agreed_to=())
    begun([NUMBER], site_id=site_id, now=now)
    door, make = Door(), taking_in._make

    def knock_then_make(*args: Any, **kwargs: Any) -> Any:
        door.knock()
        return make(*args, **kwargs)

    monkeypatch.setattr(taking_in, "_make", knock_then_make)
    taking = elsewhere(take_in, now)
    door.await_knock()

    stopping = elsewhere(opt_out, person.pk, site_id, now)
    with pytest.raises(TimeoutError):
        stopping.result(0.3)
    door.open()
    wait([taking, stopping], PATIENCE_SECONDS)
    taking.result(), stopping.result()

    assert [each.granted for each in ConsentRecord.objects.order_by("pk")] == [True, False]
    assert not Permission.objects.get().granted
    assert projection.differences() == []


@needs_row_locks
def test_the_mutant_that_reads_answers_before_it_locks_opens_what_was_closed(
    elsewhere: Run, site_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant. It must leak, or the tests above prove nothing about the order."""
    person = reachable_contact(phone=NUMBER, agreed_to=())
    begun([NUMBER], site_id=site_id, now=now)
    door, lock = Door(), taking_in._locked

    def read_then_lock(found: Any) -> Any:
        stale = projection.standings_of({(person.pk, site_id)})
        monkeypatch.setattr(taking_in, "projection", SimpleNamespace(standings_of=lambda pairs: stale))
        door.knock()
        return lock(found)

    monkeypatch.setattr(taking_in, "_locked", read_then_lock)
    taking = elsewhere(take_in, now)
    door.await_knock()

    opt_out(person.pk, site_id, now - timedelta(days=1))
    door.open()
    taking.result(PATIENCE_SECONDS)

    assert Permission.objects.get().granted


@needs_row_locks
def test_a_second_worker_leaves_a_list_to_who_has_it(
    elsewhere: Run, before_lock: Door, site_id: int, now: datetime
) -> None:
    row = begun([NUMBER, "+447400100002"], site_id=site_id, now=now)
    first = elsewhere(take_in, now)
    before_lock.await_knock()

    second = elsewhere(take_in, now)
    idle = second.result(PATIENCE_SECONDS)
    before_lock.open()
    done = first.result(PATIENCE_SECONDS)

    row.refresh_from_db()
    assert (idle, done, row.state, row.done["new"]) == (0, 2, "done", 2)


def test_of_workers_side_by_side_nobody_takes_in_a_line_twice_or_leaves_one_out(
    elsewhere: Run, site_id: int, now: datetime
) -> None:
    row = begun([f"+4474001{number:05d}" for number in range(60)], site_id=site_id, now=now)

    def work(worker: int) -> int:
        # As if each came back after the other's hold was over.
        moments = [now + timedelta(minutes=turn) for turn in range(worker, 60, 3)]
        done = sum(importing.import_due(now=moment, limit=7) for moment in moments)
        importing._mine.let_go()
        return done

    workers = [elsewhere(work, worker) for worker in range(3)]
    wait(workers, PATIENCE_SECONDS)
    for each in workers:
        each.result()
    take_in(now + timedelta(hours=2), limit=7)

    row.refresh_from_db()
    assert (row.state, row.done["new"], row.done["agreed"]) == ("done", 60, 60)
    assert (Contact.objects.count(), ConsentRecord.objects.count()) == (60, 60)


def test_two_lists_with_the_same_people_make_each_of_them_once(
    elsewhere: Run, site_id: int, now: datetime
) -> None:
    people = [f"+4474001{number:05d}" for number in range(40)]
    one = begun(people, site_id=site_id, now=now)
    two = begun(people[::-1], site_id=site_id, now=now)

    workers = [elsewhere(take_in, now + timedelta(minutes=1), 10) for _ in range(2)]
    wait(workers, PATIENCE_SECONDS)
    for each in workers:
        each.result()
    take_in(now + timedelta(hours=1), 10)

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, two.state) == ("done", "done")
    assert Contact.objects.count() == 40
    assert one.done["new"] + two.done["new"] >= 40
    assert projection.differences() == []
