"""What this room's tables hold about people: nothing; they are what editors write."""

from __future__ import annotations

from wagtail_drip.core.personal_data import nothing
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion

HELD = (
    nothing(
        Sequence,
        "id latest_revision live has_unpublished_changes first_published_at last_published_at "
        "live_revision go_live_at expire_at expired locked locked_at locked_by name site purpose topic "
        "trigger_kind trigger_event trigger_attribute trigger_yearly trigger_offset trigger_days "
        "trigger_time trigger_every trigger_weekdays trigger_month_day trigger_moment trigger_audience "
        "trigger_tag trigger_segment trigger_without_segments trigger_without_tags trigger_keyword trigger_url "
        "trigger_form trigger_conditions reentry reentry_days keyed also_existing existing_days entry_limit "
        "entry_period entry_excess priority goal_event goal_conditions exit_rules steps notes created_at",
        why="What editors write.",
    ),
    nothing(
        SequenceVersion,
        "id sequence number name flow revision_id published_at moves_due_at choices undone_at moves_forgotten",
        why="Sequences as they were published.",
    ),
    nothing(
        SequenceRuntime,
        "id sequence state health health_detail version trigger_event entering_since existing_due_at "
        "parking_due_at archived_at planned changed_at",
        why="Whether a sequence runs.",
    ),
)
