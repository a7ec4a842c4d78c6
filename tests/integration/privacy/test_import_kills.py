"""Workers that die by SIGKILL in the middle of a list: nobody is left out, nobody comes in twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.dying import dies_in, kill_at
from tests.integration.privacy.lists import numbers, plan, uploaded
from wagtail_drip.contacts import projection, recording, tags, taking_in
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag
from wagtail_drip.privacy import import_actions, importing
from wagtail_drip.privacy.import_plan import Proof

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 40
SEAMS: list[tuple[ModuleType, str]] = [
    (import_actions, "hold"),
    (taking_in, "_make"),
    (tags, "change_tags"),
    (recording, "append_each"),
    (import_actions, "note_chunk"),
    (importing._Open, "done_with"),  # type: ignore[list-item] # after the commit
]


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


def opens(work: Callable[[], object]) -> None:
    """Do *work* as a worker that has no list open yet."""
    importing._mine.token = os.urandom(16).hex()
    work()


def kill_in(where: Any, name: str, *, after: int, is_late: bool) -> None:
    kill_at(where, name, after=after, is_late=is_late)
    if where is tags:
        taking_in.change_tags = tags.change_tags


@pytest.mark.parametrize(("where", "name"), SEAMS, ids=[name for _, name in SEAMS])
@pytest.mark.parametrize("is_late", [False, True], ids=["before it", "after it"])
def test_whoever_is_killed_and_wherever_each_line_counts_once(
    now: datetime, where: Any, name: str, is_late: bool
) -> None:
    lines = [f"+4474001{number:05d},club" for number in range(PEOPLE)]
    row = uploaded("phone,tags\n" + "\n".join(lines), now=now)
    proof = Proof(groups=["marketing"], source="till", wording="Text me.", at="2026-01-15")
    import_actions.check(row, plan("phone", "tags", proof=proof), now=now)
    while importing.import_due(now=now):
        pass
    import_actions.start(row, now=now)

    deaths = 0
    for attempt in range(4):
        later = now + timedelta(hours=attempt + 1)

        def work(moment: datetime = later, chunks: int = attempt % 2) -> None:
            kill_in(where, name, after=chunks, is_late=is_late)
            while importing.import_due(now=moment, limit=7):
                pass

        importing._mine.let_go()
        deaths += dies_in(partial(opens, work))
    while importing.import_due(now=now + timedelta(days=1), limit=7):
        pass

    row.refresh_from_db()
    assert deaths >= (1 if name == "hold" else 2)  # a list is held once by each who opens it
    assert (row.state, numbers(row.done)) == ("done", {"new": PEOPLE, "agreed": PEOPLE})
    assert (Contact.objects.count(), ConsentRecord.objects.count(), ContactTag.objects.count()) == (
        PEOPLE,
    ) * 3
    assert projection.differences() == []
