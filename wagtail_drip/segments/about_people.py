"""What this room's tables hold about people."""

from __future__ import annotations

from wagtail_drip.core.personal_data import Erasing, Held, nothing, of_contact
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.models import Segment, SegmentMembership

HELD = (
    nothing(
        Segment,
        "id name notes match rules is_kept_up_to_date created_at compiled digest is_filled members "
        "refreshed_at refresh_due_at attempts error",
        why="What editors write.",
    ),
    nothing(
        LifeStageRules,
        "id new_days loyal_orders at_risk_days dormant_days lost_days changes is_filled refreshed_at refresh_due_at",
        why="What the owner sets.",
    ),
    Held(
        model=LifeStage,
        why="In which stage as a customer they were, and when.",
        rows=of_contact(LifeStage),
        plain="id contact stage since until current",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=SegmentMembership,
        why="Which groups they were in, and when.",
        rows=of_contact(SegmentMembership),
        plain="id segment contact entered_at left_at current",
        erasing=Erasing.DELETE,
    ),
)
