from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock, keys
from wagtail_drip.segments import types
from wagtail_drip.segments.blocks import MATCHES, RulesBlock, compiled, problems
from wagtail_drip.segments.fields import RulesField

# What editors write; the rest of the columns belong to the passes.
WRITTEN = ("name", "notes", "match", "rules", "is_kept_up_to_date")


class Segment(models.Model):
    """Contacts to whom rules apply. What editors write stands first; the rest is how far passes have come."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    notes = models.TextField(_("notes"), default="", blank=True)
    match = models.CharField(_("who is meant"), max_length=8, choices=MATCHES, default=types.ALL)
    rules = RulesField(RulesBlock(), blank=True, verbose_name=_("rules"))
    is_kept_up_to_date = models.BooleanField(
        _("keep it up to date"),
        default=True,
        help_text=_("People come and go as the rules say. Without it, those who are meant now stay in it."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # The rules as they were saved last, as data, and what tells whether they changed.
    compiled = models.JSONField(default=dict, editable=False)
    digest = models.CharField(max_length=64, default="", editable=False)
    # Until everybody who is meant stands in the memberships, nobody "enters": they were meant all along.
    is_filled = models.BooleanField(default=False, editable=False)
    members = models.PositiveIntegerField(_("people"), null=True, editable=False)
    refreshed_at = models.DateTimeField(_("counted"), null=True, editable=False)
    refresh_due_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    error = models.TextField(default="", editable=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]
        indexes = [models.Index(fields=["refresh_due_at", "id"], name="drip_segment_due")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Compile the rules; where they changed, the next pass counts anew and nobody "enters" by it."""
        rules = compiled(self.match, self.rules)
        digest = keys.digest("segment", json.dumps(rules, sort_keys=True))
        changed: set[str] = set()
        if digest != self.digest:
            self.compiled, self.digest, self.is_filled = rules, digest, False
            self.refresh_due_at, self.attempts, self.error = clock.now(), 0, ""
            changed = {"compiled", "digest", "is_filled", "refresh_due_at", "attempts", "error"}
        elif self.is_kept_up_to_date and self.refresh_due_at is None and not self.error:
            self.refresh_due_at, changed = clock.now(), {"refresh_due_at"}
        if not self._state.adding and not kwargs.get("force_insert"):
            # A pass may have counted since this was read: what is its own is not written over.
            kwargs["update_fields"] = {*(kwargs.get("update_fields") or WRITTEN), *changed}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """:raises ValidationError: naming the first thing that is missing in the rules, or a circle of segments."""
        super().clean()
        found = list(problems(self.rules))
        if not found and self._leads_back_to_itself():
            found = [str(_("This segment asks for one that asks for this one. Remove one of the two rules."))]
        if found:
            raise ValidationError({"rules": found})

    def _leads_back_to_itself(self) -> bool:
        asked = types.segments_in(compiled(self.match, self.rules))
        seen: set[int] = set()
        while asked - seen:
            if self.pk in asked:
                return True
            seen |= asked
            rows = Segment.objects.filter(pk__in=asked).values_list("compiled", flat=True)
            asked = {each for rules in rows for each in types.segments_in(rules)}
        return False


class SegmentMembership(models.Model):
    """Since when somebody is in a segment, and until when they were: the past can be asked exactly."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="segment_memberships")
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    # 1 while it lasts, else NULL, which any number of rows may be.
    current = models.PositiveSmallIntegerField(null=True, default=1)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "contact", "current"], name="drip_membership_once"),
            models.CheckConstraint(
                condition=Q(current=1, left_at=None) | Q(current=None, left_at__isnull=False),
                name="drip_membership_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.contact_id}"
