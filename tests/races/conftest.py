"""Two connections, and doors at named seams that only the test opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
from django.db import connections

from tests.integration.messaging.conftest import _empty_gateway, customer, open_site, queued
from tests.races.door import Door
from wagtail_drip.compliance import rulebook
from wagtail_drip.messaging import facts, gate, straight

__all__ = ["_empty_gateway", "customer", "open_site", "queued"]


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Future[Any]]]:
    """Run something in a thread, which has a database connection of its own, and return its future."""
    with ThreadPoolExecutor(max_workers=4) as pool:

        def run(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
            def and_hang_up() -> Any:
                try:
                    return work(*args, **kwargs)
                finally:
                    connections.close_all()

            return pool.submit(and_hang_up)

        yield run


@pytest.fixture(params=["at once", "claimed first"])
def way(request: pytest.FixtureRequest) -> ModuleType:
    """The module that locks the contacts, in each of the two ways out of the queue."""
    if request.param == "at once":
        return straight
    request.getfixturevalue("the_long_way")
    return gate


@pytest.fixture
def before_lock(way: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Door:
    door, lock = Door(), way.lock_contacts

    def knock_then_lock(rows: Any) -> Any:
        # The transaction has begun on SQLite, whose lock is the transaction: the seam lies before it there.
        door.knock()
        return lock(rows)

    monkeypatch.setattr(way, "lock_contacts", knock_then_lock)
    return door


@pytest.fixture
def before_mark(way: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Where the gate has locked and decided, and has written nothing."""
    door, decide = Door(), gate.decide

    def decide_then_knock(*args: Any) -> Any:
        decisions = decide(*args)
        door.knock()
        return decisions

    monkeypatch.setattr(gate, "decide", decide_then_knock)
    return door


@pytest.fixture
def read_too_early(way: ModuleType, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The mutant of the gate: it reads all it decides by, waits at this door, and only then locks."""
    door, lock, read = Door(), way.lock_contacts, gate.read_facts
    found: list[gate.Facts] = []

    def read_then_lock(rows: Any) -> Any:
        messages = [getattr(each, "message", each) for each in rows]
        people = facts.read_people({each.contact_id for each in messages})
        found.append(read(messages, people, now, rulebook.read(now.date())))
        door.knock()
        return lock(rows)

    monkeypatch.setattr(way, "lock_contacts", read_then_lock)
    monkeypatch.setattr(gate, "read_facts", lambda messages, people, now, rules: found[-1])
    return door
