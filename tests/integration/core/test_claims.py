from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from wagtail_drip.core import claims, clock
from wagtail_drip.core.models import Lease
from wagtail_drip.events.models import Notice

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def notice(key: str, **fields) -> Notice:
    return Notice(
        **{"store": "site", "kind": "order_placed", "key": key, "recorded_at": NOW, "due_at": NOW, **fields}
    )


@pytest.mark.django_db
def test_insert_new_ignores_what_is_there_and_changes_nothing_of_it():
    claims.insert_new([notice("a", object_id="first")], unique=["store", "key"])

    claims.insert_new([notice("a", object_id="second"), notice("b")], unique=["store", "key"])

    assert dict(Notice.objects.values_list("key", "object_id")) == {"a": "first", "b": ""}


@pytest.mark.django_db
def test_insert_new_still_raises_for_a_missing_value():
    with pytest.raises(IntegrityError), transaction.atomic():
        claims.insert_new([notice("a", kind=None)], unique=["store", "key"])

    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_claim_outside_a_transaction_is_refused():
    with pytest.raises(claims.NotInATransaction):
        claims.claim(Notice.objects.all(), limit=1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_row():
    Notice.objects.bulk_create([notice(str(number)) for number in range(60)])
    taken: list[list[int]] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        try:
            while True:
                with transaction.atomic():
                    rows = claims.claim(Notice.objects.filter(due_at__isnull=False).order_by("id"), limit=10)
                    if not rows:
                        return
                    taken.append(list(claims.ids(rows)))
                    Notice.objects.filter(pk__in=claims.ids(rows)).update(due_at=None)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [pk for batch in taken for pk in batch]
    assert len(everything) == len(set(everything)) == 60


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_held_by_one_until_it_is_released():
    mine = claims.take_lease("tick", seconds=60)

    assert mine is not None
    assert claims.take_lease("tick", seconds=60) is None
    assert claims.take_lease("tick", seconds=60, token=mine) == mine
    claims.release_lease("tick", mine)
    assert claims.take_lease("tick", seconds=60) not in (None, mine)


@pytest.mark.django_db
def test_an_expired_lease_may_be_taken_and_its_holder_cannot_renew():
    mine = claims.take_lease("tick", seconds=60)
    Lease.objects.update(until=clock.lease_now() - timedelta(seconds=1))

    theirs = claims.take_lease("tick", seconds=60)

    assert theirs not in (None, mine)
    assert claims.take_lease("tick", seconds=60, token=mine) is None
    assert not claims.holds_lease("tick", mine)


@pytest.mark.django_db(transaction=True)
def test_many_takers_of_a_new_lease_leave_one_holder():
    won: list[str] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        try:
            token = claims.take_lease("schedule", seconds=60)
            if token:
                won.append(token)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_victim_tries_again():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: its transactions cannot deadlock")
    Notice.objects.bulk_create([notice("a"), notice("b")])
    first, second = Notice.objects.order_by("key")
    barrier = threading.Barrier(2, timeout=10)
    attempts: list[str] = []

    def work(name: str, one: int, two: int) -> None:
        def both() -> None:
            attempts.append(name)
            Notice.objects.filter(pk=one).update(error=name)
            if attempts.count(name) == 1:
                barrier.wait()
            Notice.objects.filter(pk=two).update(error=name)

        try:
            claims.retried(both)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=("x", first.pk, second.pk)),
        threading.Thread(target=work, args=("y", second.pk, first.pk)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(attempts) == 3
    assert len(set(Notice.objects.values_list("error", flat=True))) == 1
