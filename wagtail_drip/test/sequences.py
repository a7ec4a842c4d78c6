"""Sequences for tests: written as an editor writes them, and published."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any

from wagtail.models import Site

from wagtail_drip.core import clock
from wagtail_drip.enrolments import once
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.sequences import triggers
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import Health, RuntimeState

Steps = Many[tuple[str, dict[str, Any]]]
Conditions = Many[tuple[str, str, str]]
Test = str | tuple[str, Conditions]


def live_sequence(
    *,
    trigger: Test | None = "order_placed",
    steps: Steps,
    goal: Test | None = None,
    exits: Many[Test] = (),
    site: Site | None = None,
    is_started: bool = True,
    **options: Any,
) -> Sequence:
    """
    Return a sequence that was built with the editor's blocks and published.

    :param trigger: an event's name, or the name and conditions:
        ``("order_placed", [("total", "at_least", "50")])``; so for *goal* and each of *exits*.
    :param steps: ``[("send_message", {"text": "Hello {{ contact.first_name }}"}), ("branch", {"event":
        "link_clicked", "yes": [...], "no": [...]})]``.
    :param options: other fields of ``Sequence``: name, purpose, topic, reentry, reentry_days, keyed, and for
        triggers other than an event ``trigger_kind`` with its own fields, such as
        ``trigger_kind="date", trigger_attribute="birthday"``.
    :param is_started: of ``trigger_kind="once"``, whether somebody has pressed the button that lets it go.
    :raises ValueError: if it cannot be published; the message is what an editor would read.
    """
    is_an_event = options.get("trigger_kind", "event") == "event"
    trigger_event, trigger_conditions = _test(trigger) if trigger and is_an_event else ("", [])
    goal_event, goal_conditions = _test(goal) if goal else ("", [])
    rules = [_test(each) for each in exits]
    sequence = Sequence(
        **{
            "name": "Test",
            "trigger_event": trigger_event,
            "trigger_conditions": trigger_conditions,
            **options,
        },
        site=site,
        goal_event=goal_event,
        goal_conditions=goal_conditions,
        exit_rules=[("rule", {"event": event, "conditions": tests}) for event, tests in rules],
        steps=list(steps),
    )
    sequence.live = False
    sequence.save()
    return publish(sequence, is_started=is_started)


def publish(sequence: Sequence, *, is_started: bool = True) -> Sequence:
    """
    Publish a sequence as the editor's button does, and return it as it then is.

    One that goes out once is started too, to everybody together: it is live as the others are.

    :param is_started: False leaves the start to the test.
    :raises ValueError: if its steps cannot run; the message is what an editor would read.
    """
    sequence.save_revision().publish()
    runtime = SequenceRuntime.objects.filter(sequence=sequence).first()
    if runtime is None or runtime.health == Health.FAILING or runtime.state != RuntimeState.LIVE:
        raise ValueError(runtime.health_detail if runtime else "Publishing was not heard.")
    if is_started and sequence.trigger_kind == triggers.ONCE and runtime.version_id is not None:
        once.start(
            sequence.pk,
            version_id=runtime.version_id,
            first=FirstPart(),
            people=0,
            by="test",
            now=clock.now(),
        )
    return Sequence.objects.get(pk=sequence.pk)


def _test(test: Test) -> tuple[str, list[tuple[str, dict[str, str]]]]:
    event, conditions = (test, ()) if isinstance(test, str) else test
    return event, [
        ("condition", {"property": name, "operator": operator, "value": value})
        for name, operator, value in conditions
    ]
