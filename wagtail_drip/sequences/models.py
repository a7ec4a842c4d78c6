from __future__ import annotations

import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from modelcluster.models import ClusterableModel
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    PreviewableMixin,
    RevisionMixin,
    WorkflowMixin,
)

from wagtail_drip.contacts.types import Purpose
from wagtail_drip.events import condition_blocks as conditions
from wagtail_drip.sequences import flow_cache, preview
from wagtail_drip.sequences.blocks import tree
from wagtail_drip.sequences.fields import StepsField
from wagtail_drip.sequences.forms import SequenceForm
from wagtail_drip.sequences.purposes import PURPOSES
from wagtail_drip.sequences.states import Health, RuntimeState

TRIGGER_KINDS = [
    ("event", _("Something happens")),
    ("date", _("A date of the contact comes")),
    ("inactive", _("Nothing has happened for some days")),
    ("schedule", _("Every week or month")),
    ("once", _("Once, to many people")),
    ("keyword", _("Somebody texts a keyword")),
    ("link", _("A link in a text is clicked")),
    ("form", _("A form of the site is sent")),
    ("manual", _("Only when somebody adds people")),
]
OFFSETS = [("on", _("on that day")), ("before", _("days before it")), ("after", _("days after it"))]
EVERY = [("week", _("every week")), ("month", _("every month"))]
AUDIENCES = [
    ("everyone", _("Everybody who has agreed")),
    ("segment", _("Those of them in a segment")),
    ("tag", _("Those of them with a tag")),
]
PRIORITIES = [(1, _("High")), (0, _("Normal")), (-1, _("Low"))]
PERIODS = [("hour", _("hour")), ("day", _("day"))]
EXCESS = [("wait", _("waits for room")), ("refuse", _("does not enter"))]
REENTRY = [
    ("never", _("Never again")),
    ("after_days", _("Again after some days")),
    ("always", _("Every time")),
]


class Sequence(
    WorkflowMixin, DraftStateMixin, LockableMixin, RevisionMixin, PreviewableMixin, ClusterableModel
):
    """What editors write. Never executed: publishing compiles it to a version."""

    name = models.CharField(_("name"), max_length=120)
    site = models.ForeignKey(
        "wagtailcore.Site",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
        help_text=_("Whose customers it texts; empty for the site where the event happened."),
    )
    purpose = models.CharField(
        _("purpose"), max_length=16, choices=PURPOSES, default=Purpose.PROMOTIONAL.value
    )
    topic = models.CharField(_("topic"), max_length=64, default="", blank=True)
    trigger_kind = models.CharField(_("starts when"), max_length=16, choices=TRIGGER_KINDS, default="event")
    trigger_event = models.CharField(_("what happens"), max_length=64, default="", blank=True)
    # What each other kind of trigger reads (sequences.triggers, sequences.starts); the form shows only its own.
    trigger_attribute = models.CharField(_("date"), max_length=64, default="", blank=True)
    trigger_yearly = models.BooleanField(_("comes round every year, like a birthday"), default=True)
    trigger_offset = models.CharField(_("when"), max_length=8, choices=OFFSETS, default="on")
    trigger_days = models.PositiveSmallIntegerField(_("days"), default=30)
    trigger_time = models.TimeField(_("at"), default=datetime.time(10))
    trigger_every = models.CharField(_("how often"), max_length=8, choices=EVERY, default="week")
    trigger_weekdays = models.JSONField(_("weekdays"), default=list, blank=True)
    trigger_month_day = models.PositiveSmallIntegerField(_("day of the month"), default=1)
    trigger_moment = models.DateTimeField(_("date and time"), null=True, blank=True)
    trigger_audience = models.CharField(_("to whom"), max_length=16, choices=AUDIENCES, default="everyone")
    trigger_tag = models.CharField(_("tag"), max_length=64, default="", blank=True)
    trigger_segment = models.ForeignKey(
        "wagtail_drip.Segment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("segment"),
    )
    # Ids, as plain as in the version: a segment that is asked for anywhere is not deleted (admin.segments.uses).
    trigger_without_segments = models.JSONField(_("leave out who is in"), default=list, blank=True)
    trigger_without_tags = models.CharField(
        _("leave out who has a tag"), max_length=255, default="", blank=True
    )
    trigger_keyword = models.CharField(_("keyword"), max_length=40, default="", blank=True)
    trigger_url = models.CharField(_("address contains"), max_length=255, default="", blank=True)
    trigger_form = models.ForeignKey(
        "wagtailcore.Page",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("form"),
    )
    trigger_conditions = StepsField(conditions.ConditionsBlock(), blank=True, verbose_name=_("only if"))
    reentry = models.CharField(
        _("the same person may enter"), max_length=16, choices=REENTRY, default="never"
    )
    reentry_days = models.PositiveSmallIntegerField(_("days between entries"), default=30)
    keyed = models.BooleanField(
        _("run apart for each order, cart or booking"),
        default=False,
        help_text=_("Somebody with two orders then goes through twice, side by side."),
    )
    also_existing = models.BooleanField(_("also those to whom it happened before"), default=False)
    existing_days = models.PositiveSmallIntegerField(_("in the last days"), default=30)
    entry_limit = models.PositiveIntegerField(_("let in at most"), null=True, blank=True)
    entry_period = models.CharField(_("people in one"), max_length=8, choices=PERIODS, default="day")
    entry_excess = models.CharField(_("who does not fit"), max_length=8, choices=EXCESS, default="wait")
    priority = models.SmallIntegerField(_("priority"), choices=PRIORITIES, default=0)
    goal_event = models.CharField(_("goal"), max_length=64, default="", blank=True)
    goal_conditions = StepsField(conditions.ConditionsBlock(), blank=True, verbose_name=_("goal only if"))
    exit_rules = StepsField(conditions.ExitRulesBlock(), blank=True, verbose_name=_("leave early when"))
    steps = StepsField(tree.StepsBlock, blank=True, collapsed=True, verbose_name=_("steps"))
    notes = models.TextField(_("notes"), default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    base_form_class = SequenceForm
    name.required_on_save = True  # type: ignore[attr-defined] # Wagtail reads it

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")

    def __str__(self) -> str:
        return self.name

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        return [("", _("Conversation"))]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return preview.serve(self, request, mode_name)


class SequenceVersion(models.Model):
    """A sequence as it was published: compiled, frozen, and all that is ever executed."""

    sequence = models.ForeignKey(Sequence, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    flow = models.JSONField()
    revision_id = models.BigIntegerField(null=True, blank=True)
    published_at = models.DateTimeField()
    # Set while people on older versions are still to be moved here.
    moves_due_at = models.DateTimeField(null=True, blank=True)
    # What the publisher chose for those people, by (older version, step); the default where nothing was chosen.
    choices = models.JSONField(default=list, blank=True)
    # Set once somebody asked to take its moves back.
    undone_at = models.DateTimeField(null=True, blank=True)
    # How many of its moves are no longer kept one by one, by what became of them: {"moved": 12, "left": 3}.
    moves_forgotten = models.JSONField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sequence", "number"], name="drip_version_once")]
        indexes = [models.Index(fields=["moves_due_at"], name="drip_version_moves_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def save(self, *args: Any, **options: Any) -> None:
        super().save(*args, **options)
        flow_cache.forget(self.pk)


class SequenceRuntime(models.Model):
    """Whether a sequence runs, apart from its draft: publishing an old revision must not un-pause it."""

    sequence = models.OneToOneField(Sequence, on_delete=models.PROTECT, related_name="runtime")
    state = models.CharField(max_length=16, choices=RuntimeState.choices(), default=RuntimeState.LIVE)
    health = models.CharField(max_length=16, choices=Health.choices(), default=Health.OK)
    health_detail = models.TextField(default="", blank=True)
    version = models.ForeignKey(
        SequenceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The trigger of the current version, for match_events; '' while nobody may enter.
    trigger_event = models.CharField(max_length=64, default="", blank=True)
    # Since when people may enter without a break, and so from when a clock's trigger counts; NULL before.
    entering_since = models.DateTimeField(null=True, blank=True)
    # Set while those to whom its event happened before are still to be let in.
    existing_due_at = models.DateTimeField(null=True, blank=True)
    parking_due_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    # Chosen for the people inside before it is published: {"revision": its id, "choices": [...]}.
    planned = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["trigger_event", "state"], name="drip_runtime_trigger"),
            models.Index(fields=["parking_due_at"], name="drip_runtime_parking"),
        ]

    def __str__(self) -> str:
        return self.state
