"""Whoever goes through an audience a chunk at a time does not go through all of it each time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from tests.integration.enrolments.crowd import crowd
from wagtail_drip.contacts.models import Contact, ContactTag, Permission
from wagtail_drip.core import clock
from wagtail_drip.enrolments import audience
from wagtail_drip.enrolments.audience import Place
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

KINDS = {
    "everyone": {},
    "tagged": {"audience": "tag", "tag": "vip"},
    "in a segment": {"audience": "segment", "segment": True},
    "without a tag": {"without_tags": ("vip",)},
    "without a segment": {"without_segments": True},
    "tagged, in neither": {
        "audience": "tag",
        "tag": "vip",
        "without_tags": ("old",),
        "without_segments": True,
    },
}


@pytest.fixture
def people(site_id: int) -> list[Contact]:
    """Twelve, of whom some are tagged, in a segment, or have something to say of a topic."""
    found = crowd(12)
    now = clock.now()
    ContactTag.objects.bulk_create(
        ContactTag(contact=person, tag=tag, at=now)
        for place, person in enumerate(found)
        for tag in ("vip", "old")
        if place % (2 if tag == "vip" else 5) == 0
    )
    segment = Segment.objects.create(name="Buyers", rules=[])
    SegmentMembership.objects.bulk_create(
        SegmentMembership(segment=segment, contact=person, entered_at=now, current=1) for person in found[::3]
    )
    general = {row.contact_id: row for row in Permission.objects.all()}
    Permission.objects.bulk_create(
        Permission(
            contact=person,
            site_id=site_id,
            group="marketing",
            topic="news",
            granted=place % 4 == 0,
            since=now,
            record_id=general[person.pk].record_id,
        )
        for place, person in enumerate(found)
        if place % 2 == 0
    )
    return found


def flow(kind: dict[str, Any], topic: str) -> Flow:
    sequence = live_sequence(
        trigger=None, trigger_kind="once", steps=[("send_message", {"text": "Hello"})], is_started=False
    )
    written = sequences.live([sequence.pk])[sequence.pk].flow
    assert written.timed is not None
    pk = Segment.objects.get().pk
    values = {"segment": pk} if kind.get("segment") else {}
    values |= {"without_segments": (pk,)} if kind.get("without_segments") else {}
    return replace(written, timed=replace(written.timed, **{**kind, **values}), topic=topic)


@pytest.mark.parametrize("topic", ["", "news"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_chunk_asks_only_about_people_behind_the_last(
    kind: dict[str, Any], topic: str, people: list[Contact], site_id: int
) -> None:
    asked, place = flow(kind, topic), Place(site_id=site_id, zone="UTC")
    whole = list(audience.audience(asked, place).order_by("pk").values_list("pk", flat=True))
    everybody = list(audience.meant(asked).order_by("pk").values_list("pk", flat=True))

    after = people[5].pk
    behind = audience.audience(asked, place, after=after).order_by("pk")
    meant = audience.meant(asked, after=after).order_by("pk")

    assert list(behind.values_list("pk", flat=True)) == [pk for pk in whole if pk > after]
    assert list(meant.values_list("pk", flat=True)) == [pk for pk in everybody if pk > after]
    assert 0 < behind.count() < len(whole)
    # PostgreSQL does not conclude one bound from the other: each question about them has to have its own.
    for rows in (behind, meant):
        sql = str(rows.query)
        assert sql.count(f"{connection.ops.quote_name('contact_id')} > {after}") == sql.count("FROM") - 1
