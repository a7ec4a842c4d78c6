"""A sequence that waits, decides, meets the weekly cap, and is changed while people are inside."""

from __future__ import annotations

from typing import Any

from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import publish

NAME = "Tasting club"
CHANGED_ON_DAY = 9  # of the two weeks that the shop has lived through

_CURIOUS = (
    "send_message",
    {
        "name": "For the curious",
        "text": "You had a look: the next tasting is on Saturday at three, and a place is free. {{ shop.url }}/catalogue/",
    },
)
_REGULAR = (
    "send_message",
    {
        "name": "For regulars",
        "text": 'You know our tins, {{ contact.first_name | default: "friend" }}. Bring one to the tasting, and we '
        "brew it together: {{ shop.url }}/brewing/",
    },
)
_LAST_CALL = (
    "send_message",
    {
        "name": "Last call",
        "expires_hours": 8 * 24,  # may wait for room under the weekly cap
        "text": "The tasting on Saturday is almost full. Shall we keep a place for you? {{ shop.url }}/catalogue/",
    },
)

TASTING: dict[str, Any] = {
    "name": NAME,
    "purpose": "promotional",
    "trigger": "customer_registered",
    "notes": "Waits for a look at the invitation, and goes on by what the person did. With the welcome it is one text "
    "more than the week allows, so that its last one waits.",
    "steps": [
        (
            "send_message",
            {
                "name": "Invitation",
                "text": 'Hello {{ contact.first_name | default: "there" }}, come to our tasting club: three teas, one '
                "hour, no hurry. {{ shop.url }}/brewing/ Reply STOP to opt out.",
            },
        ),
        (
            "wait_for_event",
            {
                "event": "link_clicked",
                "amount": 2,
                "unit": "days",
                "happened": [_CURIOUS],
                "timed_out": [
                    (
                        "branch",
                        {
                            "name": "Regulars",
                            "test": "purchases",
                            "measure": "count",
                            "compared": "at_least",
                            "number": 2,
                            "yes": [_REGULAR],
                            "no": [_LAST_CALL],
                        },
                    )
                ],
            },
        ),
        ("wait_duration", {"amount": 5, "unit": "days"}),
        (
            "send_message",
            {"name": "How was it?", "text": "How did you like the tasting? Tell us: {{ shop.url }}/brewing/"},
        ),
    ],
}


def change_while_people_are_inside() -> None:
    """Publish the tasting club with a tag and a longer wait: who is inside moves along."""
    sequence = Sequence.objects.get(name=NAME)
    invitation, wait, pause, question = sequence.steps.get_prep_value()
    pause["value"]["amount"] = 7
    sequence.steps = sequence._meta.get_field("steps").to_python(
        [
            invitation,
            wait,
            {"type": "add_tag", "value": {"tag": "tasting"}},
            pause,
            question,
        ]
    )
    publish(sequence)
