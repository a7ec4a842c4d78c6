from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.segments import life_stages
from wagtail_drip.segments.life_stage_words import LIFE_STAGES

_DAYS = [MinValueValidator(1), MaxValueValidator(3650)]


class LifeStageRules(models.Model):
    """By what limits stages are told apart: one row, and how far passes have come with it."""

    new_days = models.PositiveSmallIntegerField(default=life_stages.Limits.new_days, validators=_DAYS)
    loyal_orders = models.PositiveSmallIntegerField(
        default=life_stages.Limits.loyal_orders, validators=[MinValueValidator(2), MaxValueValidator(1000)]
    )
    at_risk_days = models.PositiveSmallIntegerField(default=life_stages.Limits.at_risk_days, validators=_DAYS)
    dormant_days = models.PositiveSmallIntegerField(default=life_stages.Limits.dormant_days, validators=_DAYS)
    lost_days = models.PositiveSmallIntegerField(default=life_stages.Limits.lost_days, validators=_DAYS)
    # How often an owner changed them: a pass that began with others is not taken for one with these.
    changes = models.PositiveIntegerField(default=0)
    # Until everybody was looked at by these limits, no stage "changes": somebody edited, nobody did anything.
    is_filled = models.BooleanField(default=False)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refresh_due_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("rules of the stages")
        verbose_name_plural = _("rules of the stages")

    def __str__(self) -> str:
        return str(_("Rules of the stages"))

    @property
    def limits(self) -> life_stages.Limits:
        return life_stages.Limits(
            new_days=self.new_days,
            loyal_orders=self.loyal_orders,
            at_risk_days=self.at_risk_days,
            dormant_days=self.dormant_days,
            lost_days=self.lost_days,
        )


class LifeStage(models.Model):
    """In which stage somebody is, or was, and since when until when: the past can be asked exactly."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="life_stages")
    stage = models.CharField(max_length=16, choices=LIFE_STAGES)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    # 1 while it lasts, else NULL, which any number of rows may be.
    current = models.PositiveSmallIntegerField(null=True, default=1)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact", "current"], name="drip_life_stage_once"),
            models.CheckConstraint(
                condition=Q(current=1, until=None) | Q(current=None, until__isnull=False),
                name="drip_life_stage_ends",
            ),
        ]
        indexes = [models.Index(fields=["current", "stage", "contact"], name="drip_life_stage_now")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.stage}"
