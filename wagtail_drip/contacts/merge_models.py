from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact


class ContactMerge(models.Model):
    """That two contacts are one person: who said so and when, and all that is needed to undo it."""

    merged = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merges")
    into = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="taken_in")
    # The number that is texted no more: a stop that comes from it is still theirs. '' where there was none.
    number = models.CharField(max_length=20, default="", blank=True, db_index=True)
    # What it changed, as contacts.merging wrote it. Empty once it can be undone no more.
    changes = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(_("merged"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("merge of contacts")
        verbose_name_plural = _("merges of contacts")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.into_id}"
