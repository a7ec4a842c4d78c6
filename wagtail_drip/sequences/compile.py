"""From the steps an editor wrote to the flow that runs: paths resolved, texts pinned, nothing left to look up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import translation

from wagtail_drip.content import actions as content
from wagtail_drip.events.condition_blocks import to_conditions
from wagtail_drip.events.conditions import EventTest
from wagtail_drip.sequences import problems, starts
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.lay_out import lay_out
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.types import CannotCompile


def compile_sequence(sequence: Sequence, *, now: datetime) -> Flow:
    """
    Return the flow of the sequence as it stands, its texts pinned.

    Validates again, whoever published: what comes from code, the API or a schedule met no form.

    :raises CannotCompile: with every error found; nothing is written then.
    """
    _give_ids(sequence)
    found = problems.errors(sequence)
    if found:
        raise CannotCompile(found)
    flow, texts = plan(sequence)
    pinned = content.pin(
        [(source, "") for by_setting in texts.values() for source in by_setting.values()], now=now
    )
    return replace(
        flow,
        steps={
            step_id: replace(
                step,
                settings={
                    **step.settings,
                    **{setting: pinned[(source, "")] for setting, source in texts[step_id].items()},
                },
            )
            for step_id, step in flow.steps.items()
        },
    )


def plan(sequence: Sequence) -> tuple[Flow, dict[str, dict[str, str]]]:
    """
    Return the flow without pinned texts, and each step's texts by the setting that would carry them.

    Writes nothing and refuses nothing, so that an unfinished draft can be previewed.
    """
    _give_ids(sequence)
    # The same steps are the same version, whichever language their publisher reads: labels stay untranslated.
    with translation.override(None):
        laid = lay_out(sequence.steps, trigger_event=starts.heard_event(sequence))
    flow = Flow(
        trigger=starts.event_test(sequence),
        timed=starts.timed(sequence),
        entry=starts.entry(sequence),
        priority=sequence.priority,
        goal=_test(sequence.goal_event, sequence.goal_conditions),
        exits=tuple(
            test
            for rule in sequence.exit_rules
            if (test := _test(rule.value.get("event") or "", rule.value.get("conditions")))
        ),
        purpose=sequence.purpose,
        topic=sequence.topic,
        start=laid.start,
        steps=laid.steps,
    )
    return flow, laid.texts


def _test(event: str, stream: Any) -> EventTest | None:
    return EventTest(event=event, conditions=to_conditions(stream)) if event else None


def _give_ids(sequence: Sequence) -> None:
    """Give steps that were made in code and never saved the ids that saving would give them."""
    sequence.steps.get_prep_value()
