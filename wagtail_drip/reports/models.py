from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

ALARM_KINDS = [
    ("workers", _("No worker runs, or tasks wait too long")),
    ("stopped", _("Sending was stopped by a fault or by somebody")),
    ("sequences", _("A sequence is silent, failing or was paused by itself")),
    ("unread", _("Something could not be read and was set aside")),
]


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


class Alarm(models.Model):
    """One cause that needs a person, from when it was noticed until it was well again."""

    kind = models.CharField(max_length=16, choices=ALARM_KINDS)
    cause = models.CharField(max_length=191)
    # 1 while it lasts and NULL after: one alarm a cause by a constraint that all three databases honour.
    is_open = models.PositiveSmallIntegerField(null=True, blank=True, default=1)
    sentence = models.TextField(default="", blank=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last time that the cause was there
    closed_at = models.DateTimeField(null=True, blank=True)
    # Who sets these first is the one who writes the e-mails; NULL while there are some to write.
    notified_at = models.DateTimeField(null=True, blank=True)
    well_notified_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = [
            models.UniqueConstraint(fields=["kind", "cause", "is_open"], name="drip_alarm_open_once")
        ]
        indexes = [models.Index(fields=["-opened_at"], name="drip_alarm_recent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}"


class AlarmRecipient(models.Model):
    """Who of the staff is written to about which kind of alarm."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=ALARM_KINDS)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="drip_alarm_recipient_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"
