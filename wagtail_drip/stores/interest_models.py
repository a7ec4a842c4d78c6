from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact
from wagtail_drip.stores import interest_signs
from wagtail_drip.stores.interest_signs import Fading

LONGEST_WORD, MOST_WORDS = 64, 50


class Interest(models.Model):
    """What people may care about, as the shop names it, and the words by which it is told from what they do."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    words = models.TextField(
        _("words that tell it"),
        default="",
        blank=True,
        help_text=_(
            "One on a line. Whoever looks at, asks for or buys a product with one of them in its name, category or "
            "brand, or clicks a link with one of them in its address, has shown this interest. Empty: only what "
            "people say themselves counts."
        ),
    )
    is_offered = models.BooleanField(
        _("let people choose it"),
        default=True,
        help_text=_(
            "It stands on their own page, where they choose what they get, and in sign-up forms that ask, for them to tick."
        ),
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def word_list(self) -> list[str]:
        return [word.strip() for word in self.words.splitlines() if word.strip()]

    def clean(self) -> None:
        self.name = self.name.strip()
        alike = Interest.objects.exclude(pk=self.pk).values_list("name", flat=True)
        if interest_signs.folded(self.name) in {interest_signs.folded(name) for name in alike}:
            raise ValidationError({"name": _("There is an interest of this name already.")})
        if any(sign in self.name for sign in ",;，；、\n"):
            raise ValidationError(
                {"name": _("Write it without commas and semicolons, which part lists of them.")}
            )
        if len(self.word_list) > MOST_WORDS:
            raise ValidationError({"words": _("At most %(n)s words; leave some out.") % {"n": MOST_WORDS}})
        for word in self.word_list:
            if len(word) > LONGEST_WORD:
                raise ValidationError(
                    {
                        "words": _("“%(word)s” is longer than %(n)s letters.")
                        % {"word": word, "n": LONGEST_WORD}
                    }
                )


class InterestRules(models.Model):
    """How interests fade: one row, and how far a pass has come that has everybody looked at anew."""

    half_life_days = models.PositiveSmallIntegerField(
        default=Fading.half_life_days, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    least_points = models.PositiveSmallIntegerField(
        default=Fading.least_points, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    # The last tally that was made due since the words or the limits were changed; NULL where all are.
    recount_from = models.BigIntegerField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("rules of the interests")
        verbose_name_plural = _("rules of the interests")

    def __str__(self) -> str:
        return str(_("Rules of the interests"))

    @property
    def fading(self) -> Fading:
        return Fading(half_life_days=self.half_life_days, least_points=self.least_points)


class StatedInterest(models.Model):
    """What somebody said they care about, since when until when: the past can be asked exactly."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="stated_interests")
    interest = models.ForeignKey(Interest, on_delete=models.CASCADE, related_name="stated")
    source = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    # 1 while it lasts, else NULL, which any number of rows may be.
    current = models.PositiveSmallIntegerField(null=True, default=1)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact", "interest", "current"], name="drip_stated_once"),
            models.CheckConstraint(
                condition=Q(current=1, until=None) | Q(current=None, until__isnull=False),
                name="drip_stated_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.interest_id}"


class InferredInterest(models.Model):
    """What somebody seems to care about by what they do, and for how long if they do nothing more.

    Computed anew from the events whenever one is told, for whoever speaks for a person. No constraint to the contact,
    as in EventTally.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="inferred_interests", db_constraint=False
    )
    interest = models.ForeignKey(Interest, on_delete=models.CASCADE, related_name="inferred")
    lasts_until = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "interest"], name="drip_inferred_once")]
        indexes = [models.Index(fields=["interest", "lasts_until", "contact"], name="drip_inferred_lasts")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.interest_id}"


class ForgottenInterests(models.Model):
    """Up to when what somebody did is no sign of an interest any more, because they or the shop wanted it so."""

    contact = models.OneToOneField(
        Contact, on_delete=models.CASCADE, related_name="forgotten_interests", db_constraint=False
    )
    until = models.DateTimeField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.until}"
