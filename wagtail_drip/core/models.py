from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_drip.core.caps import default_caps
from wagtail_drip.core.windows import SPREAD_MINUTES, default_windows

# Options of a hot table's key to a row of which the transaction that writes it knows anyway that it is there: it
# has locked it, or written it, or nobody deletes it but by our own actions, which look first. The database's own
# check costs 5 microseconds a row, and locks a row that all workers share (a site) for each of them.
KNOWN: dict[str, Any] = {"db_index": False, "db_constraint": False}


class Installation(models.Model):
    """The one row that makes this database itself and no other (a copy is told by it)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    install_id = models.CharField(max_length=32)
    # Seconds that the sandbox's time machine has moved our clock; read only with CLOCK_SHIFT.
    clock_shift_seconds = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="drip_installation_is_one_row")]

    def __str__(self) -> str:
        return self.install_id


class Lease(models.Model):
    """Who holds a named right, until when by the database's clock: the tick, SQLite's writer, each drain slot."""

    name = models.CharField(max_length=64, unique=True)
    token = models.CharField(max_length=32, default="", blank=True)
    until = models.DateTimeField()
    # A pass notes when it began and with how many rows, and that it ended: one that did not end
    # makes the next halve its size, so that a row that kills its worker is found.
    started_at = models.DateTimeField(null=True, blank=True)
    size = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SiteSettings(models.Model):
    """How one Wagtail site texts. A plain model, for every floor reads it; written by core.actions."""

    site = models.OneToOneField(
        "wagtailcore.Site", on_delete=models.CASCADE, related_name="+", verbose_name=_("site")
    )
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    region = models.CharField(_("country"), max_length=2, default="", blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="", blank=True)
    sender_gateway = models.CharField(_("gateway"), max_length=64, default="default")
    sender_address = models.CharField(_("sender number or ID"), max_length=64, default="", blank=True)
    sender_name = models.CharField(_("sender name"), max_length=64, default="", blank=True)
    price_per_segment = models.DecimalField(
        _("price per segment"), max_digits=10, decimal_places=5, null=True, blank=True
    )
    # {"0": [["09:00", "20:00"]], …}: weekday (0 is Monday) to the open spans, wall clock of the contact's zone.
    windows = models.JSONField(_("sending times"), default=default_windows, blank=True)
    holidays = models.CharField(
        _("public holidays are"),
        max_length=8,
        choices=[
            ("usual", _("days like others")),
            ("sunday", _("like Sundays")),
            ("closed", _("days without texts")),
        ],
        default="usual",
    )
    # Over how long a burst at the opening of a window is spread.
    spread_minutes = models.PositiveSmallIntegerField(
        _("spread what has waited over"), default=SPREAD_MINUTES
    )
    # How often one contact is texted: see core.caps.
    caps = models.JSONField(_("caps"), default=default_caps, blank=True)
    help_text = models.CharField(_("answer to HELP"), max_length=320, default="", blank=True)
    stop_scope = models.CharField(
        _("STOP counts for"),
        max_length=8,
        choices=[("sender", _("this sender")), ("site", _("this site")), ("all", _("everything"))],
        default="sender",
    )
    # Confirmed staff numbers in E.164: the only ones texted before the site is open.
    test_numbers = models.JSONField(_("staff test numbers"), default=list, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    # Where and with which account it was opened (see core.actions.fingerprint): a copy elsewhere is closed.
    opened_for = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        verbose_name = _("text message settings")
        verbose_name_plural = _("text message settings")
        permissions = [
            ("open_texting", _("Can start texting customers")),
            ("stop_everything", _("Can stop every text message")),
        ]

    def __str__(self) -> str:
        return str(self.site)
