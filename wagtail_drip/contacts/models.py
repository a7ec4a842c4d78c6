from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import phone
from wagtail_drip.contacts.types import Channel, ConsentMethod, PurposeGroup
from wagtail_drip.exceptions import WagtailDripError


def _choices(kind: type[Channel] | type[ConsentMethod] | type[PurposeGroup]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in kind]


class Contact(models.Model):
    """A person we may speak to, global by number. Erasing blanks the row and never deletes it."""

    phone = models.CharField(_("phone"), max_length=20, default="", blank=True)
    # The number while this row is the one that answers for it; NULL when merged, erased or without a number.
    active_phone = models.CharField(max_length=20, null=True, blank=True, unique=True)
    email = models.EmailField(_("e-mail"), default="", blank=True)
    first_name = models.CharField(_("first name"), max_length=150, default="", blank=True)
    last_name = models.CharField(_("last name"), max_length=150, default="", blank=True)
    language = models.CharField(_("language"), max_length=16, default="", blank=True)
    region = models.CharField(_("country"), max_length=2, default="", blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="", blank=True)
    # "profile" when the person or the shop said so; '' when it is read from the number.
    zone_source = models.CharField(max_length=16, default="", blank=True)
    preferred_channel = models.CharField(max_length=8, choices=_choices(Channel), default=Channel.SMS)
    # What the contact has asked for: at most so many texts in 7 × 24 hours and in 30 days, of all sites together.
    most_per_week = models.PositiveSmallIntegerField(
        _("at most a week"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    most_per_month = models.PositiveSmallIntegerField(
        _("at most a month"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # What else they have asked for: no marketing until a moment, and none before and after an hour of their clock.
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    not_before_hour = models.PositiveSmallIntegerField(_("not before"), null=True, blank=True)
    not_after_hour = models.PositiveSmallIntegerField(_("not after"), null=True, blank=True)
    # Their rights: nothing is sent while it is kept so, and nothing is concluded from what they do (GDPR, 18 and 21).
    restricted_at = models.DateTimeField(_("restricted since"), null=True, blank=True)
    objected_at = models.DateTimeField(_("not profiled since"), null=True, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("known since"))
    changed_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["email"], name="drip_contact_email"),
            models.Index(fields=["-created_at"], name="drip_contact_created"),
        ]
        permissions = [
            ("export_contact", _("Can export contacts")),
            ("see_numbers", _("Can see contacts' phone numbers and texts")),
            ("erase_contact", _("Can erase contacts")),
            ("merge_contact", _("Can merge contacts and undo it")),
            ("change_consent", _("Can change what a contact agreed to")),
        ]

    def __str__(self) -> str:
        # Enough of the number to know them by: this stands in logs, in headings and in lists of all kinds.
        return self.name or phone.mask(self.phone) or _("Contact %(number)s") % {"number": self.pk}

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class ContactIdentity(models.Model):
    """Under which key another system knows this person."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="identities")
    store = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)  # external_id, user_id, anonymous_id
    value = models.CharField(max_length=191)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "kind", "value"], name="drip_identity_once")]

    def __str__(self) -> str:
        return f"{self.store} {self.kind}"


class ContactTag(models.Model):
    """A word that the shop keeps about somebody: ``vip``, ``wholesale``. Small letters, each word once."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(_("tag"), max_length=64)
    at = models.DateTimeField(_("since"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(fields=["contact", "tag"], name="drip_tag_once")]
        indexes = [models.Index(fields=["tag", "contact"], name="drip_tag_contact")]

    def __str__(self) -> str:
        return self.tag


class ContactDate(models.Model):
    """An attribute that is a date, where a database finds it by its day: who has their birthday today?

    Written with the attributes, by contacts.actions.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="dates")
    name = models.CharField(max_length=64)
    # NULL where only the day of the year is known.
    on = models.DateField(null=True, blank=True)
    month = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "name"], name="drip_contact_date_once")]
        indexes = [
            models.Index(fields=["name", "month", "day", "contact"], name="drip_contact_date_yearly"),
            models.Index(fields=["name", "on", "contact"], name="drip_contact_date_on"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.on or f'--{self.month:02d}-{self.day:02d}'}"


class ConsentIsAppendOnly(WagtailDripError):
    """A consent record is proof: append another one that says what is true now, and leave this as it is."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class ConsentRecordQuerySet(models.QuerySet["ConsentRecord"]):
    """Reads and appends; Django's own cascades do not come through here."""

    def update(self, **kwargs: Any) -> int:
        raise ConsentIsAppendOnly

    def blank_personal(self) -> int:
        """Take away what tells who somebody is; the chain stays whole. For contacts' actions, when they erase."""
        return super().update(wording="", ip=None, salt="")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise ConsentIsAppendOnly


class ConsentRecord(models.Model):
    """What somebody agreed to or withdrew, in which words, where and when. Append-only."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="consent_records")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    purpose_group = models.CharField(max_length=16, choices=_choices(PurposeGroup))
    channel = models.CharField(max_length=8, choices=_choices(Channel), default=Channel.SMS)
    topic = models.CharField(max_length=64, default="", blank=True)
    granted = models.BooleanField()
    source = models.CharField(max_length=191)
    method = models.CharField(max_length=16, choices=_choices(ConsentMethod))
    wording = models.TextField(default="", blank=True)
    wording_version = models.CharField(max_length=64, default="", blank=True)
    # The page that showed the wording and its revision, by plain ids: the proof outlives the page.
    page_id = models.BigIntegerField(null=True, blank=True)
    revision_id = models.BigIntegerField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    staff_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    # The chain: see contacts.chain. '' in records that are older than it; the salt is '' once erased.
    salt = models.CharField(max_length=32, default="", db_default="", blank=True)
    personal_digest = models.CharField(max_length=64, default="", db_default="", blank=True)
    previous = models.CharField(max_length=64, default="", db_default="", blank=True)
    digest = models.CharField(max_length=64, default="", db_default="", blank=True)

    objects = ConsentRecordQuerySet.as_manager()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["contact", "site", "purpose_group"], name="drip_consent_contact")]

    def __str__(self) -> str:
        return f"{self.purpose_group}: {'yes' if self.granted else 'no'}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """:raises ConsentIsAppendOnly: for a record that is stored already."""
        if not self._state.adding:
            raise ConsentIsAppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """:raises ConsentIsAppendOnly: always."""
        raise ConsentIsAppendOnly


class OptInRequest(models.Model):
    """
    Somebody typed a number into a form: what they were asked, and whether the number's owner said yes.

    It licenses one text, with the key ``optin:<id>``. Of a double opt-in nothing is recorded as agreed, and nothing
    else is sent, until it is confirmed.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="opt_in_requests")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    purpose_group = models.CharField(max_length=16, choices=_choices(PurposeGroup))
    topic = models.CharField(max_length=64, default="", blank=True)
    is_double = models.BooleanField(default=True)
    state = models.CharField(
        max_length=16,
        choices=[(state, state) for state in ("waiting", "confirmed", "withdrawn")],
        default="waiting",
    )
    source = models.CharField(max_length=191)
    wording = models.TextField()
    wording_version = models.CharField(max_length=64, default="", blank=True)
    page_id = models.BigIntegerField(null=True, blank=True)
    revision_id = models.BigIntegerField(null=True, blank=True)
    language = models.CharField(max_length=16, default="", blank=True)
    # Ids of the interests that were ticked, which are nobody's before it is confirmed; NULL where none was.
    interests = models.JSONField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    # What requests are counted by: an IPv4 address, or the /64 that a provider gives one IPv6 customer.
    network = models.CharField(max_length=64, default="", blank=True)
    # The address of the page on which it can be confirmed without a reply; nobody guesses it.
    token = models.CharField(max_length=32, unique=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=8, default="", blank=True)  # reply, page, form
    inbound_text_id = models.BigIntegerField(null=True, blank=True)
    record = models.ForeignKey(
        ConsentRecord, on_delete=models.PROTECT, null=True, blank=True, related_name="requests"
    )

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["contact", "requested_at"], name="drip_opt_in_contact"),
            models.Index(fields=["network", "requested_at"], name="drip_opt_in_network"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_group} {self.topic}: {self.state}".replace(" :", ":")


class DataRequest(models.Model):
    """
    Somebody asked on their own page to see their data: a code goes to their number, and opens it for a while.

    It licenses one text, with the key ``data:<id>``. Whoever was sent the page's address cannot read the code.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="data_requests")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=8, choices=[(state, state) for state in ("waiting", "opened", "closed")], default="waiting"
    )
    # A keyed hash of the code: who reads this table cannot use it.
    code_hash = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["contact", "requested_at"], name="drip_data_request_contact")]

    def __str__(self) -> str:
        return self.state


class Permission(models.Model):
    """The projection of the consent records: the only thing that the gate and segments read."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="permissions")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    group = models.CharField(max_length=16, choices=_choices(PurposeGroup))
    channel = models.CharField(max_length=8, choices=_choices(Channel), default=Channel.SMS)
    topic = models.CharField(max_length=64, default="", blank=True)
    granted = models.BooleanField()
    since = models.DateTimeField()
    record = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "site", "group", "channel", "topic"], name="drip_permission_once"
            )
        ]
        indexes = [
            models.Index(fields=["site", "group"], name="drip_permission_granted", condition=Q(granted=True))
        ]

    def __str__(self) -> str:
        return f"{self.group}: {'yes' if self.granted else 'no'}"
