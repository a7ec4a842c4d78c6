from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact


class Notice(models.Model):
    """One small row that a receiver, ``emit`` or its twin leaves inside the shop's own transaction.

    No foreign keys: nothing of ours can make the shop's write fail or wait.
    """

    store = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, default="", blank=True)
    # The whole story, where no adapter is needed to tell it; NULL where a worker asks the shop.
    envelope = models.JSONField(null=True, blank=True)
    key = models.CharField(max_length=191)
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "key"], name="drip_notice_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="drip_notice_due"),
            # Empty while all is well: the watchdog looks into it every minute. So are all that end in "aside".
            models.Index(
                fields=["due_at"],
                name="drip_notice_aside",
                condition=Q(due_at=None) & ~Q(error=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.store} {self.kind}"


class Event(models.Model):
    """Something that happened to or by a contact."""

    contact = models.ForeignKey(
        Contact,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("contact"),
    )
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    store = models.CharField(max_length=64)
    name = models.CharField(_("event"), max_length=64)
    key = models.CharField(max_length=191)
    properties = models.JSONField(default=dict, blank=True)
    source = models.CharField(
        max_length=16, default="signal"
    )  # signal, api, sweep, backfill, link, inbox, page
    occurred_at = models.DateTimeField(_("happened"))
    # Ours, stamped at once: before and after are decided only by it.
    recorded_at = models.DateTimeField()
    # Waits for enrolments/match_events; NULL when done, or from the start where no trigger may fire.
    match_due_at = models.DateTimeField(null=True, blank=True)
    # Ids of the sequences that wait to know whether it lets anybody in, or waited in vain: a segment of theirs was not
    # counted. For all others it has been matched.
    held_for = models.CharField(max_length=1000, default="", db_default="", blank=True)
    match_attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["store", "key"], name="drip_event_once")]
        indexes = [
            models.Index(fields=["match_due_at", "id"], name="drip_event_match_due"),
            models.Index(
                fields=["match_due_at"],
                name="drip_event_aside",
                condition=Q(match_due_at=None) & ~Q(error=""),
            ),
            models.Index(fields=["contact", "name", "recorded_at"], name="drip_event_contact"),
        ]

    def __str__(self) -> str:
        return self.name


class EventTally(models.Model):
    """How often, first and last, an event happened to a contact: who has been silent since when?

    Written with the events, by events.actions. No constraint to the contact: a row here must never wait for a
    lock on a contact, which others take in the opposite order.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="event_tallies", db_constraint=False
    )
    name = models.CharField(max_length=64)
    # By our clock; of what was backfilled, the shop's.
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_event_id = models.BigIntegerField(default=0)
    n = models.PositiveIntegerField(default=0)
    # Since when it waits for stores.interests to read from it what somebody cares about.
    interest_due_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "name"], name="drip_event_tally_once")]
        indexes = [
            # All that a segment asks of it, so that the rows themselves are not read.
            models.Index(
                fields=["name", "last_at", "contact", "n", "first_at"], name="drip_event_tally_asked"
            ),
            models.Index(fields=["interest_due_at", "id"], name="drip_event_tally_interest"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.name}: {self.n}"
