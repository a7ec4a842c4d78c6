from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.indexes import SomeRows
from wagtail_drip.core.models import KNOWN
from wagtail_drip.enrolments.states import CallState, EnrolmentState
from wagtail_drip.events.models import Event
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.models import Sequence, SequenceVersion


class Enrolment(models.Model):
    """One contact's run of one sequence."""

    sequence = models.ForeignKey(
        Sequence, on_delete=models.PROTECT, related_name="enrolments", db_index=False
    )
    version = models.ForeignKey(SequenceVersion, on_delete=models.PROTECT, related_name="enrolments")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="enrolments")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # '' unless runs go side by side per object (order, cart, appointment).
    dedupe_key = models.CharField(max_length=128, default="", blank=True)
    # '' for never again; the event's id for every time; the period's start for every n days.
    entry_key = models.CharField(max_length=64, default="", blank=True)
    # 1 while it runs and NULL after: one run at a time by a constraint that all three databases honour.
    running = models.PositiveSmallIntegerField(null=True, blank=True, default=1)

    state = models.CharField(
        _("state"), max_length=16, choices=EnrolmentState.choices(), default=EnrolmentState.ACTIVE
    )
    exit_reason = models.CharField(max_length=32, default="", blank=True)
    step_id = models.CharField(max_length=64, default="", blank=True)  # where it stands; '' at the end
    visit = models.PositiveIntegerField(default=0)  # counts the steps it came to
    entered_step_at = models.DateTimeField(null=True, blank=True)  # NULL: it has not begun this step
    memory = models.JSONField(default=dict, blank=True)  # what the step it stands at remembers
    due_at = models.DateTimeField(null=True, blank=True)
    parked_due_at = models.DateTimeField(null=True, blank=True)
    waits_for = models.CharField(max_length=64, default="", blank=True)
    waits_since = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(_("entered"))
    # Goals, exits and guards count what was recorded from here on: the trigger's own moment.
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # The newest version for which it was decided where this run goes on. Above its own version's number: it was
    # left where it is, and stays until somebody chooses anew.
    decided_for = models.PositiveIntegerField(default=0)
    # Ids of steps, blanks between, that it had by an earlier version and this one would lead it to once more.
    # Text, which costs a pass nothing to read where it is empty.
    skips = models.TextField(default="", blank=True)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "contact", "dedupe_key", "entry_key"], name="drip_enrolment_entry_once"
            ),
            models.UniqueConstraint(
                fields=["sequence", "contact", "dedupe_key", "running"], name="drip_enrolment_runs_once"
            ),
        ]
        indexes = [
            SomeRows(fields=["due_at", "id"], name="drip_enrolment_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["contact", "waits_for"], name="drip_enrolment_waits", condition=~Q(waits_for="")
            ),
            models.Index(fields=["sequence", "state", "step_id"], name="drip_enrolment_step"),
            models.Index(F("sequence"), F("entered_at").desc(), name="drip_enrolment_recent"),
            # Empty while all is well, and so costs nothing: the watchdog looks into it every minute.
            models.Index(
                fields=["due_at"],
                name="drip_enrolment_stuck",
                condition=Q(running=1, due_at=None, waits_for="") & ~Q(state="paused"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence_id}:{self.contact_id}"


class VersionMove(models.Model):
    """What a new version did to one enrolment, and all that is needed to undo it."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="moves")
    from_version = models.ForeignKey(SequenceVersion, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(SequenceVersion, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=16, choices=[(choice.value, choice.value) for choice in Choice])
    to_step_id = models.CharField(max_length=64, default="", blank=True)

    # As the enrolment stood before.
    step_id = models.CharField(max_length=64, default="", blank=True)
    visit = models.PositiveIntegerField(default=0)
    entered_step_at = models.DateTimeField(null=True, blank=True)
    memory = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=16, choices=EnrolmentState.choices())
    due_at = models.DateTimeField(null=True, blank=True)
    parked_due_at = models.DateTimeField(null=True, blank=True)
    waits_for = models.CharField(max_length=64, default="", blank=True)
    waits_since = models.DateTimeField(null=True, blank=True)
    decided_for = models.PositiveIntegerField(default=0)
    skips = models.TextField(default="", blank=True)

    applied_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    # Why it was not undone although that was asked for; '' while it was not, or could be.
    not_undone = models.CharField(max_length=32, default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["to_version", "undone_at", "not_undone"], name="drip_move_to_undo"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}:{self.choice}"


class TriggerCheck(models.Model):
    """How far a trigger that a clock pulls has been looked at, for one sequence."""

    sequence = models.OneToOneField(Sequence, on_delete=models.CASCADE, related_name="trigger_check")
    # What it was looked at for (sequences.triggers.Timed): another one begins anew.
    timed = models.JSONField(default=dict)
    # Whoever fell due up to here was let in or refused. A pass covers what lies between this and its end.
    checked_until = models.DateTimeField()
    # The pass under way: its end, and the last contact that it has looked at.
    pass_until = models.DateTimeField(null=True, blank=True)
    cursor = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)
    # The last stretch that came too late to be made good: nobody entered for what fell into it.
    missed_since = models.DateTimeField(null=True, blank=True)
    missed_until = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="drip_trigger_check_due")]

    def __str__(self) -> str:
        return f"{self.sequence_id}: {self.checked_until.isoformat()}"


class EntryVolume(models.Model):
    """How many entries a sequence with an entry limit has given out in which hour or day; locked while it gives."""

    sequence = models.OneToOneField(Sequence, on_delete=models.CASCADE, related_name="entry_volume")
    # The period that is being filled. In the future where people wait for room.
    period = models.DateTimeField()
    n = models.PositiveIntegerField(default=0)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.sequence_id}: {self.n} since {self.period.isoformat()}"


class FullPeriod(models.Model):
    """
    An hour or a day in which a sequence's entry limit refused somebody, and how often: why are they not inside?

    One row for each such period, whoever was refused; ``volumes`` deletes what is older than it keeps.
    """

    sequence = models.ForeignKey(
        Sequence, on_delete=models.CASCADE, related_name="full_periods", db_index=False
    )
    per = models.CharField(max_length=8)  # hour, day
    period = models.DateTimeField()
    most = models.PositiveIntegerField()
    n = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sequence", "period", "per"], name="drip_full_period_once")
        ]

    def __str__(self) -> str:
        return f"{self.sequence_id}: {self.n} refused since {self.period.isoformat()}"


class StepVisit(models.Model):
    """One pass through one step, with the trace of what was decided and by which values."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="visits", **KNOWN)
    visit = models.PositiveIntegerField()
    step_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    path = models.CharField(max_length=64, default="", blank=True)
    decisions = models.JSONField(default=list, blank=True)
    message_key = models.CharField(max_length=191, default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "visit"], name="drip_visit_once")]

    def __str__(self) -> str:
        return f"{self.enrolment_id}:{self.visit}"


class OutsideCall(models.Model):
    """
    Something that a step asks of the outside: a webhook to be posted to, staff to be told.

    Written in the transaction of the advance and made by a pass of its own, outside of any transaction.
    A crash in between makes it again, under the same key.
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="outside_calls")
    # As the enrolment's, so that a paused sequence asks nothing: claims know no joins.
    sequence_id = models.BigIntegerField()
    visit = models.PositiveIntegerField()
    step_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)  # webhook, notice
    name = models.CharField(_("name"), max_length=64, default="", blank=True)
    key = models.CharField(max_length=64, unique=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=16, choices=CallState.choices(), default=CallState.WAITING
    )
    due_at = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=32, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    response = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=255, default="", blank=True)
    created_at = models.DateTimeField(_("asked"))
    settled_at = models.DateTimeField(null=True, blank=True)
    # When a person last had it tried again: from then on it is made even if its run has moved on.
    asked_again_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("call to the outside")
        verbose_name_plural = _("calls to the outside")
        indexes = [
            models.Index(fields=["due_at", "id"], name="drip_outside_due"),
            # Not a partial one, which MariaDB does not have: every pass asks it.
            models.Index(fields=["lease_until"], name="drip_outside_lease"),
            models.Index(F("kind"), F("created_at").desc(), name="drip_outside_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class EnrolmentTally(models.Model):
    """Appended in the transaction that moves an enrolment; reports folds and deletes it."""

    site_id = models.BigIntegerField()
    sequence_id = models.BigIntegerField()
    step_id = models.CharField(max_length=64, default="", blank=True)
    measure = models.CharField(max_length=16)  # entered, visited, completed, exited, failed
    day = models.DateField()
    n = models.IntegerField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.measure} {self.n:+d}"
