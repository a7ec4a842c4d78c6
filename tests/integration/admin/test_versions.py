"""The list of versions, and what a schedule means."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.integration.admin.test_publishing import draft, go, owner, sequence, until_done
from tests.integration.enrolments.crowd import crowd, stand_at_the_start
from wagtail_drip.core import clock
from wagtail_drip.sequences.models import Sequence

pytestmark = pytest.mark.django_db

__all__ = ["owner", "sequence"]
LIST = "/admin/text-messages/sequences/"


def page(owner: Client, sequence: Sequence) -> str:
    body = owner.get(f"{LIST}versions/{sequence.pk}/").content.decode().split("<main", 1)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_each_version_shows_who_is_in_it_and_what_it_did(owner: Client, sequence: Sequence) -> None:
    draft(sequence, days=5)
    go(owner, sequence, at_1="stay", at_0="leave")
    until_done()
    stand_at_the_start(sequence, crowd(1))

    told = page(owner, sequence)

    assert re.search(r" 2 in force .*? 3 1 0 0 3 stayed on their version 2 left ", told)
    assert re.search(r" 1 \d\S* \S+( \S+)? 3 3 0 2$", told)
    assert "What the last publish did can be undone for 2 people who have not moved since." in told
    owner.post(f"{LIST}undo/{sequence.pk}/")
    until_done()
    assert "5 put back" in page(owner, sequence)


def test_the_list_costs_as_many_queries_however_long_it_is(owner: Client, sequence: Sequence) -> None:
    counts = []
    for days in (3, 4, 5, 6):
        draft(sequence, days=days)
        go(owner, sequence)
        until_done()
        page(owner, sequence)
        with CaptureQueriesContext(connection) as captured:
            page(owner, sequence)
        counts.append(len(captured))
    assert counts[-1] == counts[0]


def test_the_editor_says_what_its_dates_mean(owner: Client, sequence: Sequence) -> None:
    sequence.go_live_at = clock.now() + timedelta(days=1)
    sequence.expire_at = clock.now() + timedelta(days=9)
    draft(sequence, days=5)

    body = owner.get(f"{LIST}edit/{sequence.pk}/").content.decode()

    assert "This draft has a date to go live" in body
    assert "from then on nobody enters, and people inside go on to the end" in body
    assert f"{LIST}versions/{sequence.pk}/" in body
