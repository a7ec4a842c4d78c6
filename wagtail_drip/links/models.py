from __future__ import annotations

from django.db import models

from wagtail_drip.contacts.models import Contact


class Link(models.Model):
    """One address in one message, behind a short one of our own."""

    token = models.CharField(max_length=16, unique=True)
    message_key = models.CharField(max_length=191)
    position = models.PositiveSmallIntegerField()
    url = models.TextField()
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    sequence_id = models.BigIntegerField(null=True, blank=True)
    step_id = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField()
    first_click_at = models.DateTimeField(null=True, blank=True)
    clicks = models.PositiveIntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message_key", "position"], name="drip_link_once")]
        indexes = [models.Index(fields=["sequence_id", "step_id"], name="drip_link_step")]

    def __str__(self) -> str:
        return self.token


class Click(models.Model):
    """One request for a short link; telling people from machines comes on top of it."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="click_rows")
    recorded_at = models.DateTimeField()
    user_agent = models.CharField(max_length=255, default="", blank=True)
    address_hash = models.CharField(max_length=64, default="", blank=True)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return str(self.link_id)
