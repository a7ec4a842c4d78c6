"""The part of the editor that says what starts a sequence: of each kind of trigger only its own fields are shown."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel

from wagtail_drip.sequences.starts import FOR_SOME


def _only_for(*kinds: str, also: str = "") -> str:
    """Return the classes by which editor.css shows something while one of these kinds is chosen."""
    return " ".join(["drip-only-for", *(f"drip-only-for--{kind}" for kind in kinds), also]).strip()


trigger_panel = MultiFieldPanel(
    [
        FieldRowPanel(
            [
                FieldPanel("trigger_kind"),
                FieldPanel("trigger_event", classname=_only_for("event", "inactive")),
                FieldPanel("trigger_attribute", classname=_only_for("date")),
                FieldPanel("trigger_every", classname=_only_for("schedule")),
                FieldPanel("trigger_keyword", classname=_only_for("keyword")),
                FieldPanel("trigger_url", classname=_only_for("link")),
                FieldPanel("trigger_form", classname=_only_for("form")),
            ],
            classname="drip-row",
        ),
        FieldRowPanel(
            [
                FieldPanel(
                    "trigger_audience",
                    classname=_only_for(*FOR_SOME),
                    help_text=_("Who has not agreed gets no text."),
                ),
                FieldPanel("trigger_tag", classname=_only_for(*FOR_SOME, also="drip-tagged")),
                FieldPanel("trigger_segment", classname=_only_for(*FOR_SOME, also="drip-segmented")),
            ],
            classname=_only_for(*FOR_SOME, also="drip-row"),
        ),
        FieldRowPanel(
            [
                FieldPanel(
                    "trigger_without_segments",
                    classname=_only_for(*FOR_SOME, also="drip-left-out"),
                    help_text=_("Who is in one of them gets nothing, whatever else is true of them."),
                ),
                FieldPanel(
                    "trigger_without_tags",
                    classname=_only_for(*FOR_SOME),
                    help_text=_("Several with commas between them."),
                ),
            ],
            classname=_only_for(*FOR_SOME, also="drip-row"),
        ),
        FieldPanel("trigger_yearly", classname=_only_for("date")),
        FieldRowPanel(
            [
                FieldPanel("trigger_offset", classname=_only_for("date")),
                FieldPanel("trigger_days", classname=_only_for("date", "inactive", also="drip-trigger-days")),
                FieldPanel("trigger_weekdays", classname=_only_for("schedule", also="drip-weekdays")),
                FieldPanel("trigger_month_day", classname=_only_for("schedule", also="drip-month-day")),
                FieldPanel(
                    "trigger_time",
                    classname=_only_for("date", "schedule"),
                    help_text=_("By the clock where the customer lives."),
                ),
                FieldPanel(
                    "trigger_moment",
                    classname=_only_for("once"),
                    help_text=_("Empty: as soon as it is started. Publishing alone sends nothing."),
                ),
            ],
            classname=_only_for("date", "inactive", "schedule", "once", also="drip-row"),
        ),
    ],
    heading=_("What starts it"),
    classname="drip-trigger",
)

entry_panel = MultiFieldPanel(
    [
        FieldRowPanel(
            [FieldPanel("reentry"), FieldPanel("reentry_days", classname="drip-days")], classname="drip-row"
        ),
        FieldPanel("keyed", classname=_only_for("event")),
    ],
    heading=_("Who may enter again"),
)

existing_panel = MultiFieldPanel(
    [
        FieldRowPanel(
            [
                FieldPanel("also_existing"),
                FieldPanel("existing_days", classname="drip-existing-days"),
            ],
            classname="drip-row",
        )
    ],
    heading=_("Who qualifies already"),
    help_text=_("Before you publish you are told how many people that are, and asked."),
    classname=_only_for("event", "inactive", "keyword", "link", "form"),
)

volume_panel = MultiFieldPanel(
    [
        FieldRowPanel(
            [
                FieldPanel("entry_limit", help_text=_("Empty: as many as come.")),
                FieldPanel("entry_period", classname="drip-limited"),
                FieldPanel("entry_excess", classname="drip-limited"),
            ],
            classname="drip-row",
        ),
        FieldPanel(
            "priority",
            help_text=_(
                "Whose texts go first, and whose count first where somebody may get only so many a week."
            ),
        ),
    ],
    heading=_("How many at once"),
)
