from __future__ import annotations

from django.db import models

from wagtail_drip.enrolments.once_rules import Limits
from wagtail_drip.enrolments.once_states import OnceState
from wagtail_drip.sequences.models import Sequence


class OnceRun(models.Model):
    """
    That a person let a sequence go out once, to the audience of that moment, and how far it is.

    One row for each audience and date: starting twice starts once by its constraint. How far the people were gone
    through is kept by ``TriggerCheck``, whose row is locked before this one.
    """

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="once_runs", db_index=False)
    # A digest of whom it goes to and when (sequences.triggers.Timed).
    key = models.CharField(max_length=64)
    # Whose press started it: told apart from a second one by this.
    token = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=OnceState.choices())
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=150, default="", blank=True)
    # As counted at the start; the audience is asked again when it goes.
    people = models.PositiveIntegerField(default=0)
    # How many of them have entered since.
    entered = models.PositiveIntegerField(default=0, db_default=0)
    # How many go first, 0 for all together.
    first = models.PositiveIntegerField(default=0)
    # From which place on they are: see audience.Some. A later start goes on behind them.
    place = models.PositiveIntegerField(default=0, db_default=0)
    wait_minutes = models.PositiveIntegerField(default=0)
    # What holds the rest back: see once_rules.Limits.
    most_failed = models.DecimalField(max_digits=5, decimal_places=2, default=100)
    most_opted_out = models.DecimalField(max_digits=5, decimal_places=2, default=100)
    most_complaints = models.PositiveIntegerField(default=0)
    first_in_at = models.DateTimeField(null=True, blank=True)
    # When the rest goes, if nothing holds it back; moved on while the first texts have not gone.
    rest_at = models.DateTimeField(null=True, blank=True)
    held_for = models.CharField(max_length=16, default="", blank=True)
    held_n = models.PositiveIntegerField(default=0)
    held_of = models.PositiveIntegerField(default=0)
    # Who let the rest go, or stopped it; '' where nobody had to.
    decided_by = models.CharField(max_length=150, default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sequence", "key"], name="drip_once_run_once")]

    def __str__(self) -> str:
        return f"{self.sequence_id}: {self.state}"

    @property
    def left(self) -> int:
        """Return how many of the first are still to enter, while they do."""
        return max(self.first - self.entered, 0)

    @property
    def limits(self) -> Limits:
        return Limits(
            failed_percent=float(self.most_failed),
            opted_out_percent=float(self.most_opted_out),
            complaints=self.most_complaints,
        )


class OnceCount(models.Model):
    """Whom a sequence that goes out once would reach, counted in the background before anybody starts it."""

    sequence = models.OneToOneField(Sequence, on_delete=models.CASCADE, related_name="once_count")
    version_id = models.BigIntegerField()
    # The moment that is asked about: its date, or when it was counted.
    at = models.DateTimeField()
    started_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    cursor = models.BigIntegerField(default=0)
    # People looked at, and how many there are to look at: 0 until a worker has counted them.
    position = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    # What was found: see once_count.Counts.
    found = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.sequence_id}: {self.position} of {self.total}"
