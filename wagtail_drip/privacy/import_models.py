from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_drip.core import clock, keys
from wagtail_drip.privacy.import_states import OVER, ImportState


def path_of(row: Any, name: str) -> str:
    """Where a file lies in the site's storage: a name that nobody guesses, for the media folder may be public."""
    suffix = "xlsx" if name.lower().endswith(".xlsx") else "csv"
    return f"wagtail_drip/imports/{clock.now():%Y-%m}/{keys.new_token()}.{suffix}"


class ContactImport(models.Model):
    """One list of people, from its upload to its last line. Its file goes when it is over; its numbers stay."""

    site = models.ForeignKey(
        "wagtailcore.Site", on_delete=models.CASCADE, related_name="+", verbose_name=_("site")
    )
    name = models.CharField(_("file"), max_length=191)
    file = models.FileField(upload_to=path_of, max_length=191, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    by_name = models.CharField(_("by"), max_length=150, default="", blank=True)
    state = models.CharField(
        _("state"), max_length=16, choices=ImportState.choices(), default=ImportState.MAPPING.value
    )
    # How the file is read: see import_files.Layout; and its header.
    layout = models.JSONField(default=dict, blank=True)
    columns = models.JSONField(default=list, blank=True)
    # What its columns are and how they are meant: see import_plan.Plan.
    plan = models.JSONField(default=dict, blank=True)
    # NULL when there is nothing to do; and who is in the middle of reading it, for a while.
    due_at = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=32, default="", blank=True)
    # How often a worker began to read it and did not come to the end of a chunk.
    attempts = models.PositiveSmallIntegerField(default=0)
    # Records read in this state, and how many there are once they were counted.
    position = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    # What the check foresaw, and what came of it: see import_counts.
    foreseen = models.JSONField(default=dict, blank=True)
    done = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField(_("uploaded"))
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        # Nobody edits one by hand: who may import may do all there is to do.
        default_permissions = ()
        permissions = [("import_contact", _("Can import contacts"))]
        indexes = [
            models.Index(fields=["due_at"], name="drip_import_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["-created_at"], name="drip_import_created"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state in OVER


class ImportedKey(models.Model):
    """Which line of a file has told of somebody first; as a keyed hash, and only while the import lasts."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="keys")
    key = models.BigIntegerField()
    line = models.PositiveIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "key"], name="drip_imported_key_once")
        ]

    def __str__(self) -> str:
        return f"{self.contact_import_id}: {self.line}"


class RefusedLine(models.Model):
    """A line that was not taken in, and why: never what stands in it."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="refused")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=100, default="", blank=True)
    reason = models.CharField(max_length=32)
    # The name of an interest that there is not: what else stands in a line is never kept.
    told = models.CharField(max_length=64, default="", db_default="", blank=True)
    # The other line, where it says the same as that.
    other_line = models.PositiveIntegerField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "line"], name="drip_refused_line_once")
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"
