"""Lists are taken in by chunks: a worker that dies loses nothing, and whoever pauses or stops one is heard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.privacy.lists import PROOF, _storage, imported, numbers, plan, uploaded, worked
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import taking_in
from wagtail_drip.contacts.models import (
    ConsentRecord,
    Contact,
)
from wagtail_drip.contacts.types import Identity
from wagtail_drip.privacy import import_actions, importing

__all__ = ["_storage"]

pytestmark = pytest.mark.django_db


def test_whatever_a_chunk_s_size_the_outcome_is_the_same(now: datetime) -> None:
    lines = [f"+4474001{number:05d},{number}" for number in range(30)] + ["+447400100003,again", "07,x"]
    for limit in (1, 7, 1000):
        Contact.objects.all().delete()
        row = imported("phone,first\n" + "\n".join(lines), plan("phone", "first_name"), now=now, limit=limit)
        assert (numbers(row.done), Contact.objects.count()) == ({"new": 30, "refused": 2}, 30), limit


def test_a_chunk_takes_as_many_queries_for_forty_as_for_four(now: datetime) -> None:
    how = plan("phone", "first_name", "external_id", "tags", "attribute:size", "email",
               overwrite=True, proof=PROOF)  # fmt: skip
    taken = []
    for count in (4, 40):
        for number in range(0, count, 2):
            contacts.identify(
                Identity(phone=f"+447400{count:03d}{number:03d}", first_name="Old", store="import",
                         external_id=f"{count}-{number}"), now=now)  # fmt: skip
        lines = [
            f"+447400{count:03d}{number:03d},N{number},{count}-{number},vip,{number},a{number}@shop.example"
            for number in range(count)
        ]
        row = uploaded("a,b,c,d,e,f\n" + "\n".join(lines), now=now)
        import_actions.check(row, how, now=now)
        with CaptureQueriesContext(
            connection,
        ) as checking:
            worked(row, now=now, limit=100)
        import_actions.start(row, now=now)
        with CaptureQueriesContext(connection) as running:
            worked(row, now=now, limit=100)
        assert numbers(row.done) == {"new": count // 2, "changed": count // 2, "agreed": count}
        taken.append((len(checking), len(running)))

    assert taken[0] == taken[1]


def test_a_worker_that_dies_in_a_chunk_loses_that_chunk_only(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = uploaded("phone\n" + "\n".join(f"+4474001{number:05d}" for number in range(10)), now=now)
    import_actions.check(row, plan("phone", proof=PROOF), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    importing.import_due(now=now, limit=4)
    note = import_actions.note_chunk

    def die(*args: Any, **kwargs: Any) -> None:
        note(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(import_actions, "note_chunk", die)
    with pytest.raises(KeyboardInterrupt):
        importing.import_due(now=now, limit=4)
    monkeypatch.setattr(import_actions, "note_chunk", note)
    row.refresh_from_db()
    left = (row.position, Contact.objects.count(), numbers(row.done))
    importing._mine.let_go()
    importing._mine.token = "another worker"
    waits = importing.import_due(now=now, limit=4)
    row = worked(row, now=now + timedelta(seconds=20), limit=4)

    assert left == (4, 4, {"new": 4, "agreed": 4})
    assert waits == 0
    assert (row.state, numbers(row.done)) == ("done", {"new": 10, "agreed": 10})
    assert (Contact.objects.count(), ConsentRecord.objects.count()) == (10, 10)


def test_a_list_that_kills_whoever_opens_it_is_given_up(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    import_actions.check(row, plan("phone"), now=now)

    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "_Open", die)
    for attempt in range(import_actions.TRIES):
        with pytest.raises(KeyboardInterrupt):
            importing.import_due(now=now + timedelta(hours=attempt))
    row = worked(row, now=now + timedelta(days=1))

    assert (row.state, row.error) == ("failed", "broken")


def test_of_two_who_start_one_list_only_one_does(now: datetime) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    import_actions.check(row, plan("phone"), now=now)
    worked(row, now=now)

    assert [import_actions.start(row, now=now), import_actions.start(row, now=now)] == [True, False]


def test_a_paused_list_stands_still_goes_on_and_can_be_stopped(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = uploaded("phone\n" + "\n".join(f"+4474001{number:05d}" for number in range(6)), now=now)
    import_actions.check(row, plan("phone"), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    importing.import_due(now=now, limit=2)

    paused = import_actions.pause(row)
    idle = importing.import_due(now=now, limit=2)
    resumed = import_actions.resume(row, now=now)
    importing.import_due(now=now, limit=2)
    with django_capture_on_commit_callbacks(execute=True):
        stopped = import_actions.stop(row, now=now)
    row = worked(row, now=now)

    assert (paused, idle, resumed, stopped) == (True, 0, True, True)
    assert (row.state, Contact.objects.count(), row.file.name) == ("stopped", 4, "")


def test_a_file_that_has_gone_ends_the_import_and_says_so(now: datetime) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    row.file.storage.delete(row.file.name)

    import_actions.check(row, plan("phone"), now=now)
    row = worked(row, now=now)

    assert (row.state, row.error) == ("failed", "gone")


def test_lists_that_nobody_goes_on_with_are_taken_away(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    row = uploaded("phone\n+447400100001\n", now=now)
    name = row.file.name

    import_actions.sweep(now=now + timedelta(days=13))
    kept = default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        import_actions.sweep(now=now + timedelta(days=15))
    row.refresh_from_db()

    assert (kept, default_storage.exists(name), row.state) == (True, False, "stopped")


def test_who_is_merged_in_the_middle_of_a_chunk_is_looked_up_again(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = contacts.identify(Identity(store="import", external_id="A1"), now=now)
    head = contacts.identify(Identity(phone="+447400100009"), now=now)
    row = uploaded("id,first\nA1,Ada\n", now=now)
    import_actions.check(row, plan("external_id", "first_name"), now=now)
    worked(row, now=now)
    import_actions.start(row, now=now)
    lock, merged = taking_in._locked, []

    def merge_then_lock(found: Any) -> Any:
        if not merged:
            merged.append(Contact.objects.filter(pk=known.pk).update(merged_into=head))
        return lock(found)

    monkeypatch.setattr(taking_in, "_locked", merge_then_lock)
    row = worked(row, now=now)

    # The merge was rolled back with its chunk, and the chunk was done anew.
    assert merged == [1]
    assert (row.state, numbers(row.done)) == ("done", {"changed": 1})
    assert Contact.objects.get(first_name="Ada").pk == known.pk
