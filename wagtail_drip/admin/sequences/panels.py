"""The editor's form: steps as a story on the first tab, then who and when, then the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    ObjectList,
    Panel,
    PublishingPanel,
    TabbedInterface,
)

from wagtail_drip.admin import word_advice
from wagtail_drip.admin.preview.editor_data import EditorDataPanel
from wagtail_drip.admin.sequences.moves import moves
from wagtail_drip.admin.sequences.trigger_panels import (
    entry_panel,
    existing_panel,
    trigger_panel,
    volume_panel,
)
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import TriggerCheck
from wagtail_drip.reports import watchdog
from wagtail_drip.sequences import problems
from wagtail_drip.sequences.models import SequenceRuntime
from wagtail_drip.sequences.states import Health, RuntimeState


def _to_come(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > clock.now() else None


def trigger_trouble(sequence_id: int, *, now: datetime) -> TriggerCheck | None:
    """Return how far a clock's trigger came where its owner should know: it broke, or it missed days lately."""
    row = TriggerCheck.objects.filter(sequence_id=sequence_id).first()
    if row is None:
        return None
    missed_lately = row.missed_until is not None and row.missed_until > now - watchdog.RECENTLY
    return row if row.error or missed_lately else None


class RunningPanel(Panel):
    """Says at the top whether the sequence runs, and why not; empty while there is nothing to say."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_drip/admin/sequences/running_panel.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            runtime = SequenceRuntime.objects.filter(sequence_id=self.instance.pk).first()
            context["goes_live"] = _to_come(self.instance.go_live_at)
            context["word_advice"] = word_advice.of(self.instance)
            context["expires"] = _to_come(self.instance.expire_at)
            if runtime is not None:
                context["runtime"] = runtime
                context["is_failing"] = runtime.health == Health.FAILING
                context["reasons"] = runtime.health_detail.splitlines()
                context["is_paused"] = runtime.state == RuntimeState.PAUSED
                context["is_draining"] = runtime.state == RuntimeState.DRAINING
                context["has_ended"] = runtime.state == RuntimeState.ENDED
                context["is_archived"] = runtime.state == RuntimeState.ARCHIVED
                context["moves"] = moves(self.instance)
                context["trigger_check"] = trigger_trouble(self.instance.pk, now=clock.now())
                context["advice"] = [
                    problem for problem in problems.find(self.instance) if problem.level == "advice"
                ]
            return context

        def is_shown(self) -> bool:
            return self.instance.pk is not None


edit_handler = TabbedInterface(
    [
        ObjectList(
            [
                RunningPanel(),
                FieldPanel(
                    "name",
                    classname="title",
                    widget=forms.TextInput(
                        attrs={"placeholder": _("Name this sequence, for example Left baskets")}
                    ),
                ),
                trigger_panel,
                FieldPanel("goal_event"),
                FieldPanel(
                    "steps",
                    classname="drip-steps",
                    help_text=_("Steps run from top to bottom. Click a step to open it."),
                ),
                EditorDataPanel(),
            ],
            heading=_("Steps"),
        ),
        ObjectList(
            [
                FieldPanel(
                    "trigger_conditions",
                    heading=_("Starts only if"),
                    classname="drip-only-for drip-only-for--event drip-only-for--keyword drip-only-for--link "
                    "drip-only-for--form",
                    help_text=_("All of these must hold. Without any, everybody enters to whom it happens."),
                ),
                entry_panel,
                existing_panel,
                volume_panel,
                FieldPanel(
                    "goal_conditions",
                    heading=_("The goal counts only if"),
                    help_text=_("All of these must hold. Without any, the goal's event is enough."),
                ),
                FieldPanel(
                    "exit_rules",
                    help_text=_(
                        "Whoever does one of these leaves, and what waits for them is not sent. Reaching the "
                        "goal does so too."
                    ),
                ),
            ],
            heading=_("Who and when"),
        ),
        ObjectList(
            [
                FieldRowPanel([FieldPanel("purpose"), FieldPanel("topic")], classname="drip-row"),
                FieldPanel("site"),
                FieldPanel("notes"),
                PublishingPanel(),
            ],
            heading=_("Settings"),
        ),
    ]
)
