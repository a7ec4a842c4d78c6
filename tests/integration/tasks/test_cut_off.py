"""A database that restarts under a worker: the pass goes on, and so does the loop."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from wagtail_drip import tasks

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="a file does not hang up"),
]


def hang_up(now: datetime, slot: str) -> int:
    """A stage whose connection the server ends, as it does when it restarts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            cursor.execute("KILL CONNECTION_ID()")
    raise AssertionError("The server did not hang up.")


def test_the_stages_after_a_cut_have_a_connection_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(now: datetime, slot: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        asked.append("answered")
        return 0

    monkeypatch.setattr(tasks, "STAGES", {"cut": hang_up, "next": ask})

    assert tasks.one_pass() == 0

    assert asked == ["answered"]


def test_a_loop_outlives_a_cut_at_the_very_end_of_its_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def work(*, slot: str) -> int:
        passes.append(1)
        if len(passes) == 1:
            with pytest.raises(Exception):  # noqa: B017, PT011 -- each driver has a class of its own for it
                hang_up(datetime.min, slot)  # noqa: DTZ901 -- nobody reads it
        return 1

    monkeypatch.setattr(tasks, "one_pass", work)
    monkeypatch.setattr(tasks, "POLL_SECONDS", 0.01)

    tasks.loop(tasks.seize(1, seconds=60), seconds=60, should_stop=lambda: len(passes) >= 3)

    assert len(passes) == 3
