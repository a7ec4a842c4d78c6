from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Channel
from wagtail_drip.content.models import PinnedText
from wagtail_drip.core.indexes import ByTime, SomeRows
from wagtail_drip.core.models import KNOWN
from wagtail_drip.messaging.states import MessageState


class Message(models.Model):
    """One row of the outbox: one text to one contact, from scheduled to delivered."""

    # The last guard against doubles: enr:<enrolment>:<visit>[:retry1], re:<inbound text>, staff:<uuid>, test:<uuid>.
    key = models.CharField(max_length=191)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="messages", verbose_name=_("contact"), db_index=False
    )
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+", **KNOWN)
    channel = models.CharField(max_length=8, default=Channel.SMS)
    gateway = models.CharField(max_length=64)
    sender = models.CharField(_("sender"), max_length=64, default="", blank=True)
    purpose = models.CharField(_("purpose"), max_length=16)
    topic = models.CharField(max_length=64, default="", blank=True)
    lane = models.PositiveSmallIntegerField(
        default=1
    )  # 0 response, transactional · 1 triggered · 2 send-once
    priority = models.SmallIntegerField(default=0)  # higher goes first within a lane and a cap

    # What lies above is referred to by plain values, never by foreign keys.
    sequence_id = models.BigIntegerField(null=True, blank=True)
    version_id = models.BigIntegerField(null=True, blank=True)
    step_id = models.CharField(max_length=64, default="", blank=True)
    variant = models.CharField(max_length=64, default="", blank=True)
    enrolment_id = models.BigIntegerField(null=True, blank=True)
    event_id = models.BigIntegerField(null=True, blank=True)

    pinned_text = models.ForeignKey(
        PinnedText, on_delete=models.PROTECT, null=True, blank=True, related_name="+", **KNOWN
    )
    variables = models.JSONField(default=dict, blank=True)
    track_links = models.BooleanField(default=True)
    body = models.TextField(_("text"), default="", blank=True)  # frozen at handed_over
    segments = models.PositiveSmallIntegerField(_("segments"), default=0)
    encoding = models.CharField(max_length=8, default="", blank=True)
    # [{"kind": "event", "name": …, "since": …}, {"kind": "cart", "store": …, "cart_id": …}]: read at the gate.
    guards = models.JSONField(default=list, blank=True)
    licence = models.CharField(max_length=191, default="", blank=True)  # what a response is licensed by
    ignores_windows = models.BooleanField(default=False)

    state = models.CharField(
        _("state"), max_length=16, choices=MessageState.choices(), default=MessageState.SCHEDULED
    )
    reason = models.CharField(_("reason"), max_length=64, default="", blank=True)
    defer_reason = models.CharField(max_length=32, default="", blank=True)
    detail = models.CharField(max_length=255, default="", blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    parked_due_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=32, default="", blank=True)
    generation = models.PositiveSmallIntegerField(default=0)  # rises only on a certain refusal
    attempts = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=32)
    provider_id = models.CharField(max_length=128, default="", blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    created_at = models.DateTimeField(_("created"))
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)  # delivered, undelivered, or ended otherwise

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        # Every index costs each of a message's writes: its state changes, so each writes them all anew.
        # ``unique=True`` and foreign keys would bring indexes of their own that nothing asks.
        constraints = [models.UniqueConstraint(fields=["key"], name="drip_message_key")]
        indexes = [
            SomeRows(
                fields=["lane", "sender", "due_at", "id"],
                name="drip_message_due",
                condition=Q(due_at__isnull=False),
            ),
            SomeRows(
                fields=["lease_until"],
                name="drip_message_lease",
                # Not by state: SQLite cannot tell that one state is among two.
                condition=Q(lease_until__isnull=False),
            ),
            models.Index(fields=["contact", "-created_at"], name="drip_message_contact"),
            models.Index(fields=["sequence_id", "step_id", "state"], name="drip_message_step"),
            # Only what may still be cancelled is asked for by its run.
            SomeRows(
                fields=["enrolment_id"],
                name="drip_message_enrolment",
                condition=Q(handed_over_at__isnull=True),
            ),
            # Only what a worker has held is asked for by its reference. 128 random bits are unique by themselves.
            SomeRows(fields=["reference"], name="drip_message_reference", condition=Q(lease_token__gt="")),
            SomeRows(
                fields=["gateway", "provider_id"],
                name="drip_message_provider",
                condition=Q(provider_id__gt=""),
            ),
            ByTime(fields=["created_at"], name="drip_message_created"),
            # Empty while all is well, and so costs nothing: the watchdog looks into it every minute.
            models.Index(
                fields=["due_at"],
                name="drip_message_stuck",
                condition=Q(state="scheduled", due_at=None, parked_due_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SendLedger(models.Model):
    """What was handed over to whom and when: caps count it, recovery trusts it. One row a message."""

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="ledger", db_constraint=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+", **KNOWN)
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+", **KNOWN)
    purpose = models.CharField(max_length=16)
    topic = models.CharField(max_length=64, default="", blank=True)
    handed_over_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["contact", "handed_over_at"], name="drip_ledger_contact")]

    def __str__(self) -> str:
        return str(self.message_id)


class NumberFailure(models.Model):
    """A text that failed for good, for its number cannot receive texts. Enough in a row suppress the number."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="number_failure")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    number_hash = models.CharField(max_length=64)
    gateway = models.CharField(max_length=64)
    code = models.CharField(max_length=64, default="", blank=True)
    recorded_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["number_hash"], name="drip_number_failure_number")]

    def __str__(self) -> str:
        return self.code


class SenderBudget(models.Model):
    """The bucket of segments that one sender may still hand over, refilled by the database's clock."""

    sender = models.CharField(max_length=160, unique=True)  # gateway:address
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return self.sender


class Hold(models.Model):
    """Why nothing of a kind is handed over until a person lifts it. "Stop everything" is scope all."""

    SCOPES = [
        ("all", _("everything")),
        ("site", _("a site")),
        ("gateway", _("a gateway")),
        ("sender", _("a sender")),
        ("sequence", _("a sequence")),
        ("step", _("a step")),
    ]
    scope = models.CharField(max_length=16, choices=SCOPES)
    # '' for all; the site's id; the gateway's alias; "gateway:address"; the sequence's id; "sequence:step".
    key = models.CharField(max_length=191, default="", blank=True)
    reason = models.CharField(max_length=255)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=191, default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["scope", "key"], name="drip_hold_open", condition=Q(lifted_at=None))]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Callback(models.Model):
    """What a gateway posted to us, raw and verified, waiting to be read."""

    gateway = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, default="")
    raw = models.JSONField()
    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="drip_callback_due"),
            models.Index(
                fields=["due_at"],
                name="drip_callback_aside",
                condition=Q(due_at=None) & ~Q(error=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.pk}"


class Receipt(models.Model):
    """One report of one message's fate. A receipt may beat our own commit: it waits until it is matched."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="receipts"
    )
    gateway = models.CharField(max_length=64)
    reference = models.CharField(max_length=64, default="", blank=True)
    provider_id = models.CharField(max_length=128, default="", blank=True)
    number_hash = models.CharField(max_length=64, default="", blank=True)
    status = models.CharField(max_length=16)
    part = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=64, default="", blank=True)
    detail = models.CharField(max_length=255, default="", blank=True)
    segments = models.PositiveSmallIntegerField(null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "reference", "provider_id", "number_hash", "status", "part"],
                name="drip_receipt_once",
            )
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="drip_receipt_due")]

    def __str__(self) -> str:
        return self.status


class InboundText(models.Model):
    """A text somebody sent to one of our senders, waiting for the inbox."""

    gateway = models.CharField(max_length=64)
    provider_id = models.CharField(max_length=128)
    from_number = models.CharField(max_length=20)
    to_number = models.CharField(max_length=64, default="", blank=True)
    text = models.TextField()
    opted_out = models.BooleanField(default=False)  # the provider took it for an opt-out itself
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="inbound_texts"
    )
    verdict = models.CharField(max_length=16, default="", blank=True)  # stop, start, help, confirm, reply
    # The words by which it was judged to be a stop, where it is none of the keywords.
    phrase = models.CharField(max_length=191, default="", db_default="", blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "provider_id"], name="drip_inbound_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="drip_inbound_due"),
            models.Index(
                fields=["due_at"],
                name="drip_inbound_aside",
                condition=Q(due_at=None) & ~Q(error=""),
            ),
            models.Index(fields=["contact", "-recorded_at"], name="drip_inbound_contact"),
            SomeRows(fields=["-recorded_at"], name="drip_inbound_judged", condition=Q(phrase__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.provider_id}"


class MessageTally(models.Model):
    """Appended in the transaction that changes a message's state; reports folds and deletes it."""

    site_id = models.BigIntegerField()
    sequence_id = models.BigIntegerField(null=True, blank=True)
    step_id = models.CharField(max_length=64, default="", blank=True)
    state = models.CharField(max_length=16)
    day = models.DateField()
    n = models.IntegerField()
    segments = models.IntegerField(default=0)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.state} {self.n:+d}"
