from __future__ import annotations

from django.db import models


class Suppression(models.Model):
    """A number that is not to be texted. Kept by keyed hash: it survives erasure and re-import."""

    number_hash = models.CharField(max_length=64)
    scope = models.CharField(max_length=8, choices=[("all", "all"), ("sender", "sender"), ("site", "site")])
    # The sender's "gateway:address" or the site's id; '' for all.
    scope_value = models.CharField(max_length=160, default="", blank=True)
    reason = models.CharField(max_length=32)  # stop_keyword, provider, staff, bad_number, complaint
    source = models.CharField(max_length=191, default="", blank=True)
    recorded_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number_hash", "scope", "scope_value"], name="drip_suppression_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.reason}"
