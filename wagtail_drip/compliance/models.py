from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_drip.compliance.jurisdictions import Holidays, Kind
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import PurposeGroup

HOLIDAYS = [
    (Holidays.USUAL.value, _("days like others")),
    (Holidays.SUNDAY.value, _("like Sundays")),
    (Holidays.CLOSED.value, _("days without texts")),
]
KINDS = [
    (Kind.LAW.value, _("law: binds marketing and news of orders")),
    (Kind.CARRIER.value, _("mobile networks: bind marketing")),
    (Kind.BEST.value, _("custom: binds nobody")),
]


class Suppression(models.Model):
    """A number that is not to be texted. Kept by keyed hash: it survives erasure and re-import."""

    number_hash = models.CharField(max_length=64)
    scope = models.CharField(max_length=8, choices=[("all", "all"), ("sender", "sender"), ("site", "site")])
    # The sender's "gateway:address" or the site's id; of all, which list it stands on, and '' for every other reason.
    scope_value = models.CharField(max_length=160, default="", blank=True)
    reason = models.CharField(
        max_length=32
    )  # stop_keyword, stop_phrase, stop_page, provider, list, bad_number, erased
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


COMPLAINT_SOURCES = [
    ("person", _("They told us: by phone, by letter, in the shop")),
    ("text", _("They wrote it in a text to us")),
    ("provider", _("Your provider or their network")),
    ("authority", _("An authority, a lawyer or a consumers' association")),
]


class Complaint(models.Model):
    """Somebody complained about our texts. It is only ever added, and ends marketing to them: ``inbox.complaints``."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="complaints")
    source = models.CharField(max_length=16, choices=COMPLAINT_SOURCES)
    reason = models.TextField(default="", blank=True)
    # A plain value: what people text lies above.
    inbound_text_id = models.BigIntegerField(null=True, blank=True)
    staff_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["contact", "-recorded_at"], name="drip_complaint_contact")]

    def __str__(self) -> str:
        return self.source


STOP_DECISIONS = [
    ("not_a_stop", _("was not a stop")),
    ("a_stop", _("was a stop")),
]


class StopReview(models.Model):
    """
    What a member of staff decided of a text that we had judged, or had not. It is only ever added.

    What followed from it is in the consent records: ``inbox.judged``.
    """

    # A plain value: what people text lies above.
    inbound_text_id = models.BigIntegerField()
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="stop_reviews"
    )
    decision = models.CharField(max_length=16, choices=STOP_DECISIONS)
    reason = models.TextField(default="", blank=True)
    staff_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inbound_text_id", "decision"], name="drip_stop_review_once")
        ]

    def __str__(self) -> str:
        return self.decision


KEYWORD_KINDS = [
    ("stop", _("stop word: the whole text")),
    ("phrase", _("stop phrase: stands in a short text")),
    ("help", _("help word: the whole text")),
    ("start", _("start word: the whole text")),
]


class Keyword(models.Model):
    """
    A word or phrase of the shop's own that is obeyed when somebody texts it, beside those that we ship.

    The shipped ones are in ``keywords.toml`` and ``stop_phrases`` and never here: nothing here takes one away.
    """

    kind = models.CharField(_("what it is"), max_length=8, choices=KEYWORD_KINDS)
    text = models.CharField(_("word or phrase"), max_length=80)
    # As it is compared: own_keywords.bare_of. Letters may grow: ß is ss.
    bare = models.CharField(max_length=191)
    # What tells it from others: databases disagree on which letters are alike.
    digest = models.CharField(max_length=64)
    language = models.CharField(_("language"), max_length=16, default="", blank=True)
    country = models.CharField(_("only numbers of"), max_length=2, default="", blank=True)
    source = models.CharField(_("source"), max_length=255, default="", blank=True)
    note = models.CharField(_("note"), max_length=500, default="", blank=True)
    edited_by = models.CharField(max_length=150, default="", blank=True)
    edited_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "country"], name="drip_keyword_once")]

    def __str__(self) -> str:
        return self.text


class LegalHours(models.Model):
    """
    What an owner says of a place's legal hours: it stands instead of the rule that we ship, or beside them.

    The shipped rules are in ``legal_hours.toml`` and never here: deleting a row restores them. They are the floor:
    what is looser names a reading of the owner's own (``jurisdictions.standing``), and is warned of.
    """

    country = models.CharField(_("country"), max_length=2)
    subdivision = models.CharField(_("state"), max_length=8, default="", blank=True)
    # As in SiteSettings.windows.
    week = models.JSONField(_("hours"), default=dict)
    holidays = models.CharField(
        _("public holidays are"), max_length=8, choices=HOLIDAYS, default=Holidays.USUAL.value
    )
    kind = models.CharField(_("what it is"), max_length=8, choices=KINDS, default=Kind.LAW.value)
    has_marketing_only = models.BooleanField(_("only for marketing"), default=False)
    source = models.CharField(_("source"), max_length=255)
    url = models.URLField(_("where it can be read"), max_length=500, default="", blank=True)
    read_on = models.DateField(_("read on"))
    # Of looser hours: what has changed since we read our source; staff are asked for it.
    reason = models.CharField(_("why it is looser"), max_length=500, default="", blank=True)
    edited_by = models.CharField(max_length=150, default="", blank=True)
    edited_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "subdivision"], name="drip_legal_hours_once")
        ]

    def __str__(self) -> str:
        return self.place

    @property
    def place(self) -> str:
        return f"{self.country}-{self.subdivision}" if self.subdivision else self.country


class BlackoutDate(models.Model):
    """One or more days on which nothing goes, by the recipient's calendar."""

    name = models.CharField(_("name"), max_length=100)
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    site = models.ForeignKey(
        "wagtailcore.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
    )
    # Empty is every marketing purpose; ids of sequences, empty is every message.
    purposes = models.JSONField(_("only these purposes"), default=list, blank=True)
    sequences = models.JSONField(_("only these sequences"), default=list, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["ends_on"], name="drip_blackout_ends")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("begins_on")), name="drip_blackout_ends_after"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SpecialEvent(models.Model):
    """Days, declared in advance, on which the caps of some sequences are raised: a sale, a holiday."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=64)
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))  # with all of that day, by the site's clock
    raised_week = models.PositiveSmallIntegerField(
        _("at most a week"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    raised_month = models.PositiveSmallIntegerField(
        _("at most a month"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    ceiling = models.PositiveSmallIntegerField(
        _("at most while it lasts"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # What lies above is referred to by plain values: the ids of the sequences that it is for.
    sequences = models.JSONField(_("sequences"), default=list, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("special event")
        verbose_name_plural = _("special events")
        indexes = [models.Index(fields=["site", "ends_on"], name="drip_special_event_days")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("begins_on")), name="drip_special_event_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SensitiveWord(models.Model):
    """
    What a site's owner says over the shipped lists of sensitive words: a word of the shop's own, or one (or a whole
    list) that is not to be warned of.

    The shipped lists are in ``sensitive_words.toml`` and never here: deleting a row warns of them again.
    """

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    # The shipped list's; "own" for a word of the shop's own.
    kind = models.CharField(max_length=16)
    # '' for the whole list.
    word = models.CharField(_("word"), max_length=80, default="", blank=True)
    # The word as it is compared: databases disagree about which letters are alike. '' for the whole list.
    digest = models.CharField(max_length=64, default="", blank=True)
    country = models.CharField(_("country"), max_length=2, default="", blank=True)
    reason = models.CharField(_("why"), max_length=500)
    instead = models.CharField(_("say instead"), max_length=200, default="", blank=True)
    edited_by = models.CharField(max_length=150, default="", blank=True)
    edited_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("sensitive word")
        verbose_name_plural = _("sensitive words")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "digest", "country"], name="drip_sensitive_word_once"
            )
        ]

    def __str__(self) -> str:
        return self.word or self.kind


class Registration(models.Model):
    """
    What a site's owner notes of a registration that a country or its networks ask for.

    Only their word: nothing is opened or held back by it. What is taken back stays, to be noted again.
    """

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    country = models.CharField(max_length=2)
    reference = models.CharField(_("reference no."), max_length=120)
    registered_on = models.DateField(_("registered on"))
    registered_by = models.CharField(_("registered by"), max_length=150)
    # "gateway:address" of the site when it was noted: another sender may be registered or not.
    sender = models.CharField(max_length=160)
    noted_by = models.CharField(max_length=150, default="", blank=True)
    noted_at = models.DateTimeField()
    taken_back_by = models.CharField(max_length=150, default="", blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [models.UniqueConstraint(fields=["site", "country"], name="drip_registration_once")]

    def __str__(self) -> str:
        return f"{self.country} {self.reference}"

    @property
    def holds(self) -> bool:
        return self.taken_back_at is None


OPT_IN_GROUPS = [
    (PurposeGroup.MARKETING.value, _("Offers and news")),
    (PurposeGroup.TRANSACTIONAL.value, _("Orders and bookings")),
]


class OptInWording(models.Model):
    """
    An owner's own words beside a sign-up, for a country and a language: shown where a form has none, or wanted of all.

    The shipped ones are in ``opt_in_wording.toml`` and never here. What somebody agreed to is in their consent record,
    word by word, and does not change with this.
    """

    # '' is wherever we ship no words of the country's own.
    country = models.CharField(_("country"), max_length=2, default="", blank=True)
    # '' is any.
    language = models.CharField(_("language of the page"), max_length=16, default="", blank=True)
    group = models.CharField(
        _("what for"),
        max_length=16,
        choices=OPT_IN_GROUPS,
        default=PurposeGroup.MARKETING.value,
    )
    text = models.TextField(_("what people agree to"), default="", blank=True)
    # Phrases, each of which has to stand in the words of every form of the country.
    must_say = models.JSONField(_("what has to be said"), default=list, blank=True)
    source = models.CharField(_("source"), max_length=255)
    url = models.URLField(_("where it can be read"), max_length=500, default="", blank=True)
    read_on = models.DateField(_("read on"))
    edited_by = models.CharField(max_length=150, default="", blank=True)
    edited_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("sign-up wording")
        verbose_name_plural = _("sign-up wordings")
        constraints = [
            models.UniqueConstraint(fields=["country", "language", "group"], name="drip_opt_in_wording_once")
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.language} {self.group}"
