from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact


class Erasure(models.Model):
    """
    That somebody's data are erased: how far that is, and that it was done.

    The contact itself is blank from the moment this row is there; what hangs on it follows, chunk by chunk.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="erasures")
    # Who asked "what had this number agreed to?" finds the consent records by it, and nobody finds the number.
    number_hashes = models.JSONField(default=list, blank=True)
    # By what the rest is found: numbers, addresses, keys of shops. Empty when it is done.
    person = models.JSONField(default=dict, blank=True)
    # Where it goes on: the table, and the last of its rows that is done.
    table = models.CharField(max_length=64, default="", blank=True)
    cursor = models.BigIntegerField(default=0)
    # The second look finds what others were about to write when the first began.
    look = models.PositiveSmallIntegerField(default=1)
    rows = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=191, default="", blank=True)
    requested_at = models.DateTimeField(_("asked"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ()
        indexes = [models.Index(fields=["due_at", "id"], name="drip_erasure_due")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {'done' if self.done_at else self.table or 'begun'}"
