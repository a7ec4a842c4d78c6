"""What starts a sequence, as a list of sequences says it: without a question to the database."""

from __future__ import annotations

import pytest

from wagtail_drip.admin.sequences.trigger_words import starts_when
from wagtail_drip.sequences.models import Sequence


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, "Once, as soon as it is started", id="nobody"),
        pytest.param(
            {"trigger_without_segments": [1, 2], "trigger_without_tags": "Staff"},
            "Once, as soon as it is started, without “staff”, the people of 2 segments",
            id="a tag and two segments",
        ),
        pytest.param(
            {"trigger_kind": "manual", "trigger_without_tags": "Staff"},
            "Only when somebody adds people",
            id="a start that leaves nobody out",
        ),
        pytest.param(
            {
                "trigger_kind": "event",
                "trigger_event": "order_placed",
                "trigger_without_tags": "Staff, press",
            },
            "An order is placed, without “press”, “staff”",
            id="an event",
        ),
        pytest.param(
            {
                "trigger_kind": "event",
                "trigger_event": "order_placed",
                "trigger_audience": "tag",
                "trigger_tag": "vip",
                "trigger_without_segments": [1],
            },
            "An order is placed, only for people with the tag “vip”, without the people of 1 segment",
            id="an event only for some",
        ),
        pytest.param(
            {"trigger_kind": "keyword", "trigger_keyword": "coffee", "trigger_audience": "segment"},
            "Somebody texts “coffee”, only for the people in “…”",
            id="a keyword only for a segment that is not chosen yet",
        ),
    ],
)
def test_it_says_who_is_left_out(options: dict[str, object], expected: str) -> None:
    assert starts_when(Sequence(**{"trigger_kind": "once", **options})) == expected
