from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PhoneMessage(models.Model):
    """One text on one phone. Its moments are the sandbox's time, as a person holding the phone reads it."""

    class Direction(models.TextChoices):
        OUTBOUND = "outbound", _("from the shop")
        INBOUND = "inbound", _("from the phone")

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("under way")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")

    number = models.CharField(max_length=20)
    # The shop's sender: a number or a name.
    sender = models.CharField(max_length=64, default="", blank=True)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    text = models.TextField()
    status = models.CharField(max_length=16, choices=Status.choices)
    code = models.CharField(max_length=32, default="", blank=True)
    # The sender's own name for the text: a repeat of it is recognised. NULL for replies.
    reference = models.CharField(max_length=64, null=True, blank=True, unique=True)
    provider_id = models.CharField(max_length=32, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "phone"
        indexes = [models.Index(fields=["number", "id"], name="phone_message_number")]

    def __str__(self) -> str:
        return self.provider_id


class WebhookPost(models.Model):
    """A receipt or a reply that the network owes the shop. `due_at` is real time, NULL when done."""

    message = models.ForeignKey(PhoneMessage, on_delete=models.CASCADE, related_name="posts")
    # The status that the phone shows once this moment has come; '' for a reply.
    status = models.CharField(max_length=16, default="", blank=True)
    code = models.CharField(max_length=32, default="", blank=True)
    url = models.URLField(max_length=500)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        app_label = "phone"

    def __str__(self) -> str:
        return f"{self.message} {self.status}"
