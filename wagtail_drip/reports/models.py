from __future__ import annotations

from django.db import models


class StepDay(models.Model):
    """What happened at one step on one day (of the site's zone): the rollup that every report reads."""

    site_id = models.BigIntegerField()
    sequence_id = models.BigIntegerField(default=0)  # 0: outside any sequence
    step_id = models.CharField(max_length=64, default="", blank=True)
    measure = models.CharField(max_length=24)  # message:<state>, enrolment:<measure>, click
    day = models.DateField()
    n = models.IntegerField(default=0)
    segments = models.IntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sequence_id", "step_id", "measure", "day", "site_id"], name="drip_step_day_once"
            )
        ]
        indexes = [models.Index(fields=["day", "measure"], name="drip_step_day_day")]

    def __str__(self) -> str:
        return f"{self.measure} {self.day}"


class SequenceHour(models.Model):
    """How many entered a sequence, were sent to or failed in an hour: its own baseline. Kept for ten weeks."""

    sequence_id = models.BigIntegerField()
    measure = models.CharField(max_length=24)  # enrolment:entered, message:sent, message:failed
    hour = models.DateTimeField()  # its beginning in UTC, of when it was counted
    n = models.IntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "sequence_id", "measure"], name="drip_sequence_hour_once")
        ]

    def __str__(self) -> str:
        return f"{self.sequence_id} {self.measure} {self.hour}"
