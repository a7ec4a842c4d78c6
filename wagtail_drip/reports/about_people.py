"""What this room's tables hold about people: sums, and which of the staff are written to."""

from __future__ import annotations

from wagtail_drip.core.personal_data import nothing
from wagtail_drip.reports.models import Alarm, AlarmRecipient, SequenceHour, StepDay

HELD = (
    nothing(StepDay, "id site_id sequence_id step_id measure day n segments", why="Sums of a day."),
    nothing(SequenceHour, "id sequence_id measure hour n", why="Sums of an hour."),
    nothing(
        Alarm,
        "id kind cause is_open sentence opened_at seen_at closed_at notified_at well_notified_at attempts",
        why="What went wrong.",
    ),
    nothing(AlarmRecipient, "id user kind", why="Who of the staff hears of it."),
)
