"""Publishing, pausing, draining and ending: what is written, and that nothing reaches Wagtail's publish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from wagtail.models import Site

from wagtail_drip.enrolments.upgrade import park_due
from wagtail_drip.events.conditions import EventTest
from wagtail_drip.messaging.models import Hold
from wagtail_drip.sequences import actions, querysets
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.types import Running

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def text(step_id: str, words: str) -> dict[str, Any]:
    return {"type": "send_message", "id": step_id, "value": {"text": words}}


def draft(*steps: dict[str, Any], **fields: Any) -> Sequence:
    return Sequence.objects.create(
        **{
            "name": "Baskets",
            "trigger_event": "cart_abandoned",
            "live": False,
            "steps": list(steps),
            **fields,
        }
    )


def publish(sequence: Sequence) -> Sequence:
    """Publish as Wagtail's editor does: a revision, then its publication."""
    sequence.save_revision().publish()
    sequence.refresh_from_db()
    return sequence


def state(sequence: Sequence) -> tuple[str, str, str]:
    runtime = SequenceRuntime.objects.get(sequence=sequence)
    return runtime.state, runtime.health, runtime.trigger_event


def test_publishing_puts_the_first_version_into_force() -> None:
    sequence = publish(draft(text("a", "Hello")))

    version = SequenceVersion.objects.get()
    runtime = SequenceRuntime.objects.get()
    assert (version.number, version.name, version.moves_due_at) == (1, "Baskets", None)
    assert version.revision_id == sequence.live_revision_id
    assert version.flow["start"] == "a"
    assert runtime.version == version
    assert state(sequence) == ("live", "ok", "cart_abandoned")


def test_a_draft_and_a_schedule_put_nothing_into_force() -> None:
    scheduled = draft(text("a", "Hello"))
    scheduled.go_live_at = datetime(2099, 1, 1, tzinfo=UTC)

    scheduled.save_revision().publish()

    assert not Sequence.objects.get().live
    assert not SequenceVersion.objects.exists()
    assert not SequenceRuntime.objects.exists()


def test_a_changed_text_makes_the_next_version_and_calls_for_the_move() -> None:
    sequence = publish(draft(text("a", "Hello")))
    sequence.steps = [text("a", "Good day")]

    publish(sequence)

    first, second = SequenceVersion.objects.order_by("number")
    assert (first.number, second.number) == (1, 2)
    assert first.moves_due_at is None
    assert second.moves_due_at is not None
    assert SequenceRuntime.objects.get().version == second


def test_publishing_the_same_again_makes_no_version() -> None:
    sequence = publish(draft(text("a", "Hello")))

    publish(sequence)

    assert SequenceVersion.objects.count() == 1


def test_a_publish_that_cannot_run_keeps_the_old_version_and_says_why() -> None:
    sequence = publish(draft(text("a", "Hello")))
    sequence.steps = [text("a", "Hello {{ order.nubmer }}")]

    publish(sequence)

    runtime = SequenceRuntime.objects.get()
    assert sequence.live
    assert runtime.version == SequenceVersion.objects.get()
    assert state(sequence) == ("live", "failing", "cart_abandoned")
    assert runtime.health_detail.startswith("Step 1, Send a text: Nobody has a value for order.nubmer here.")


def test_the_next_good_publish_heals() -> None:
    sequence = publish(draft(text("a", "")))
    assert state(sequence) == ("live", "failing", "")
    sequence.steps = [text("a", "Hello")]

    publish(sequence)

    assert state(sequence) == ("live", "ok", "cart_abandoned")
    assert SequenceRuntime.objects.get().health_detail == ""


def test_an_error_of_ours_lets_wagtail_publish_and_shows_as_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Flow:
        raise ZeroDivisionError

    monkeypatch.setattr(actions, "compile_sequence", broken)

    sequence = publish(draft(text("a", "Hello")))

    assert sequence.live
    assert state(sequence) == ("live", "failing", "")


def test_publishing_does_not_wake_a_paused_sequence() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.pause(sequence.pk, now=NOW)
    sequence.steps = [text("a", "Good day")]

    publish(sequence)

    assert state(sequence) == ("paused", "ok", "")
    assert SequenceRuntime.objects.get().version == SequenceVersion.objects.get(number=2)


def test_pausing_holds_messages_at_once_and_asks_for_parking() -> None:
    sequence = publish(draft(text("a", "Hello")))

    assert actions.pause(sequence.pk, now=NOW, by="Ada")

    hold = Hold.objects.get()
    assert (hold.scope, hold.key, hold.reason) == ("sequence", str(sequence.pk), "Paused by Ada")
    assert hold.lifted_at is None
    assert SequenceRuntime.objects.get().parking_due_at == NOW
    assert state(sequence) == ("paused", "ok", "")


def test_pausing_twice_changes_nothing_the_second_time() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.pause(sequence.pk, now=NOW)

    assert not actions.pause(sequence.pk, now=NOW + timedelta(hours=1))

    assert Hold.objects.count() == 1
    assert SequenceRuntime.objects.get().parking_due_at == NOW


def test_resuming_lifts_the_hold_and_lets_people_in_again() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.pause(sequence.pk, now=NOW)
    later = NOW + timedelta(days=1)

    assert actions.resume(sequence.pk, now=later, by="Ada")

    hold = Hold.objects.get()
    assert (hold.lifted_at, hold.lifted_by) == (later, "Ada")
    assert SequenceRuntime.objects.get().parking_due_at == later
    assert state(sequence) == ("live", "ok", "cart_abandoned")


def test_resuming_what_runs_does_nothing() -> None:
    sequence = publish(draft(text("a", "Hello")))

    assert not actions.resume(sequence.pk, now=NOW)

    assert state(sequence) == ("live", "ok", "cart_abandoned")


def test_unpublishing_lets_nobody_in_and_those_inside_go_on() -> None:
    sequence = publish(draft(text("a", "Hello")))

    sequence.unpublish()

    assert state(sequence) == ("draining", "ok", "")
    assert not Hold.objects.exists()


def test_unpublishing_what_is_paused_texts_nobody() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.pause(sequence.pk, now=NOW)

    sequence.unpublish()

    assert state(sequence) == ("paused", "ok", "")
    assert Hold.objects.filter(lifted_at=None).count() == 1


def test_resuming_what_was_unpublished_meanwhile_drains() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.pause(sequence.pk, now=NOW)
    sequence.unpublish()

    actions.resume(sequence.pk, now=NOW)

    assert state(sequence) == ("draining", "ok", "")


def test_ending_holds_what_is_on_its_way_and_publishing_starts_anew() -> None:
    sequence = publish(draft(text("a", "Hello")))

    assert actions.end(sequence.pk, now=NOW, by="Ada")

    assert state(sequence) == ("ended", "ok", "")
    hold = Hold.objects.get(lifted_at=None, key=str(sequence.pk))
    assert (hold.reason, hold.until) == ("Ended by Ada", NOW + timedelta(days=2))
    park_due(now=NOW)
    publish(sequence)
    assert state(sequence) == ("live", "ok", "cart_abandoned")
    assert not Hold.objects.filter(lifted_at=None).exists()


def test_what_was_ended_is_published_again_only_when_everybody_is_out() -> None:
    sequence = publish(draft(text("a", "Hello")))
    actions.end(sequence.pk, now=NOW)

    publish(sequence)

    assert state(sequence) == ("ended", "failing", "")
    runtime = SequenceRuntime.objects.get()
    assert runtime.health_detail == (
        "It has just been ended, and people are still leaving it. Publish it again in a minute."
    )
    assert Hold.objects.filter(lifted_at=None).exists()
    park_due(now=NOW)
    publish(sequence)
    assert state(sequence) == ("live", "ok", "cart_abandoned")


def test_a_schedule_that_has_passed_does_not_stop_the_next_draft() -> None:
    sequence = publish(draft(text("a", "Hello")))
    Sequence.objects.filter(pk=sequence.pk).update(expire_at=datetime(2020, 1, 1, tzinfo=UTC))
    sequence.refresh_from_db()

    sequence.unpublish()

    assert Sequence.objects.get().expire_at is None


def test_only_live_sequences_are_found_by_their_trigger() -> None:
    site = Site.objects.get()
    first = publish(draft(text("a", "Hello"), site=site))
    second = publish(draft(text("a", "Hello"), name="Second"))
    paused = publish(draft(text("a", "Hello"), name="Paused"))
    actions.pause(paused.pk, now=NOW)
    publish(draft(text("a", "Hello"), name="Other", trigger_event="order_placed"))

    found = querysets.live_by_trigger(["cart_abandoned", "link_clicked", ""])

    assert list(found) == ["cart_abandoned"]
    assert [running.sequence_id for running in found["cart_abandoned"]] == [first.pk, second.pk]
    assert found["cart_abandoned"][0] == Running(
        sequence_id=first.pk,
        version_id=SequenceVersion.objects.get(sequence=first).pk,
        site_id=site.pk,
        flow=found["cart_abandoned"][0].flow,
        entering_since=found["cart_abandoned"][0].entering_since,
    )
    assert found["cart_abandoned"][0].flow.trigger == EventTest(event="cart_abandoned")


def test_a_flow_is_read_once_however_often_it_is_asked_for(django_assert_num_queries: Any) -> None:
    publish(draft(text("a", "Hello")))
    version = SequenceVersion.objects.get()

    with django_assert_num_queries(1):
        first = querysets.flows([version.pk])
    with django_assert_num_queries(0):
        second = querysets.flows([version.pk])

    assert first[version.pk] is second[version.pk]


def test_a_new_row_under_an_old_number_is_read_anew() -> None:
    publish(draft(text("a", "Hello")))
    version = SequenceVersion.objects.get()
    querysets.flows([version.pk])

    version.flow = {**version.flow, "topic": "other"}
    version.save()

    assert querysets.flows([version.pk])[version.pk].topic == "other"
