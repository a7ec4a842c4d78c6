"""What this room's tables hold about people."""

from __future__ import annotations

from wagtail_drip.core.personal_data import Age, Held, Kind, nothing, of_contact
from wagtail_drip.enrolments.models import (
    Enrolment,
    EnrolmentTally,
    EntryVolume,
    FullPeriod,
    OutsideCall,
    StepVisit,
    TriggerCheck,
    VersionMove,
)
from wagtail_drip.enrolments.once_models import OnceCount, OnceRun

HELD = (
    Held(
        model=Enrolment,
        why="Somebody's way through a sequence.",
        rows=of_contact(Enrolment),
        personal={"memory": Kind.VALUES, "error": Kind.TRACE},
        scrubbed=("dedupe_key",),
        plain="id sequence version contact site event entry_key running state exit_reason step_id visit "
        "entered_step_at due_at parked_due_at waits_for waits_since entered_at since ended_at decided_for skips",
    ),
    Held(
        model=VersionMove,
        why="What publishing did to somebody's way, so that it can be undone.",
        rows=of_contact(VersionMove, "enrolment__contact"),
        personal={"memory": Kind.VALUES},
        plain="id enrolment from_version to_version choice to_step_id step_id visit entered_step_at state due_at "
        "parked_due_at waits_for waits_since decided_for skips applied_at undone_at not_undone",
    ),
    Held(
        model=StepVisit,
        why="Why a step did what it did, with the values it read.",
        rows=of_contact(StepVisit, "enrolment__contact"),
        personal={"decisions": Kind.VALUES},
        plain="id enrolment visit step_id kind entered_at left_at path message_key",
    ),
    Held(
        model=OutsideCall,
        why="What another system or the staff were told or asked.",
        rows=of_contact(OutsideCall, "enrolment__contact"),
        personal={"payload": Kind.VALUES, "response": Kind.VALUES, "error": Kind.TRACE},
        plain="id enrolment sequence_id visit step_id kind name key state due_at token lease_until attempts "
        "created_at settled_at asked_again_at",
        ages=(Age(setting="KEEP_CALL_DAYS", since="settled_at", blanks=("payload", "response", "error")),),
    ),
    nothing(
        TriggerCheck,
        "id sequence timed checked_until pass_until cursor due_at attempts error missed_since missed_until",
        why="How far a clock's trigger was looked at.",
    ),
    nothing(
        OnceRun,
        "id sequence key token state started_at started_by people entered first place wait_minutes most_failed "
        "most_opted_out most_complaints first_in_at rest_at held_for held_n held_of decided_by ended_at",
        why="Who of the staff let something go out, to how many, and how far it is.",
    ),
    nothing(
        OnceCount,
        "id sequence version_id at started_at counted_at due_at cursor position total found attempts error",
        why="Sums.",
    ),
    nothing(EntryVolume, "id sequence period n", why="Sums."),
    nothing(FullPeriod, "id sequence per period most n first_at last_at", why="Sums."),
    nothing(EnrolmentTally, "id site_id sequence_id step_id measure day n", why="Sums."),
)
