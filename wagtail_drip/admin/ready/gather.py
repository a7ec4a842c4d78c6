"""What a country's lines are judged by: read once for all of them, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet

from wagtail_drip.compliance import jurisdictions, own_wording, registrations, rulebook, word_actions
from wagtail_drip.compliance.jurisdictions import Rule, Standing
from wagtail_drip.compliance.models import OptInWording, Registration, SensitiveWord
from wagtail_drip.compliance.time_rules import TimeRules
from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import Channel, ConsentMethod, PurposeGroup, group_of
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging.models import InboundText, Receipt, SendLedger
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.sequences.blocks import tree
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.states import RuntimeState

DAYS = 90
# More would not change the answer, and would keep somebody waiting.
MOST_MESSAGES = 20_000
_FORMS = (ConsentMethod.WEB_FORM, ConsentMethod.DOUBLE_OPT_IN, ConsentMethod.CHECKOUT)


class Consents(NamedTuple):
    """
    Of the contacts of a country, on one site.

    :ivar granted: who agreed to marketing; *bare* of them without the words kept that they agreed to, *imported* by
        an import, and *forms* by a form, of which *doubled* confirmed it by their phone.
    """

    granted: int = 0
    refused: int = 0
    bare: int = 0
    imported: int = 0
    forms: int = 0
    doubled: int = 0


class Sent(NamedTuple):
    """Of the newest texts of the last 90 days: how many went to a country, and how many of these arrived."""

    handed_over: int
    delivered: int


class First(NamedTuple):
    """The first marketing text of a running sequence, as it is written."""

    sequence: str
    source: str


@dataclass(frozen=True)
class Facts:
    """Everything is read when it is first asked for, and once."""

    row: SiteSettings
    place: str
    people: int
    now: datetime

    @property
    def since(self) -> datetime:
        return self.now - timedelta(days=DAYS)

    @property
    def contacts(self) -> QuerySet[Contact]:
        return Contact.objects.filter(region=self.place, active_phone__isnull=False)

    @cached_property
    def consents(self) -> Consents:
        rows = (
            Permission.objects.filter(
                site_id=self.row.site_id,
                group=PurposeGroup.MARKETING,
                channel=Channel.SMS,
                topic="",
                contact__region=self.place,
                contact__active_phone__isnull=False,
            )
            .order_by()
            .values_list("granted", "record__method")
            .annotate(n=Count("pk"), bare=Count("pk", filter=Q(record__wording="")))
        )
        found: dict[str, int] = dict.fromkeys(Consents._fields, 0)
        for granted, method, n, bare in rows:
            found["granted" if granted else "refused"] += n
            if granted:
                found["bare"] += bare
                found["imported"] += n if method == ConsentMethod.IMPORT else 0
                found["forms"] += n if method in _FORMS else 0
                found["doubled"] += n if method == ConsentMethod.DOUBLE_OPT_IN else 0
        return Consents(**found)

    @cached_property
    def wording(self) -> str:
        """The words that somebody of the country agreed to last, by a form; '' where nobody did."""
        words = (
            ConsentRecord.objects.filter(
                site_id=self.row.site_id,
                purpose_group=PurposeGroup.MARKETING,
                granted=True,
                method__in=_FORMS,
                contact__region=self.place,
            )
            .exclude(wording="")
            .order_by("-pk")
            .values_list("wording", flat=True)
        )
        return words.first() or ""

    @cached_property
    def own_words(self) -> list[OptInWording]:
        """What the owner wrote for sign-ups to marketing there."""
        return own_wording.rows_of(self.place, PurposeGroup.MARKETING.value)

    @cached_property
    def sent(self) -> Sent:
        newest = (
            SendLedger.objects.filter(site_id=self.row.site_id, handed_over_at__gte=self.since)
            .order_by("-pk")
            .annotate(region=F("contact__region"), state=F("message__state"))[:MOST_MESSAGES]
        )
        here = Q(region=self.place)
        found = newest.aggregate(
            handed_over=Count("pk", filter=here),
            delivered=Count("pk", filter=here & Q(state=MessageState.DELIVERED)),
        )
        return Sent(**found)

    @cached_property
    def registration(self) -> Registration | None:
        """What the owner noted, unless it was taken back."""
        found = registrations.find(self.row.site_id, self.place)
        return found if found is not None and found.holds else None

    def refused_with(self, codes: frozenset[str], since: datetime) -> int:
        """Return how many texts for this country have a receipt with one of *codes*."""
        rows = Receipt.objects.filter(
            code__in=codes,
            recorded_at__gte=since,
            message__site_id=self.row.site_id,
            message__contact__region=self.place,
        )
        return rows.values("message_id").distinct().count()

    @cached_property
    def receipt_at(self) -> datetime | None:
        rows = Receipt.objects.filter(gateway=self.row.sender_gateway).order_by("-pk")
        return rows.values_list("recorded_at", flat=True).first()

    @cached_property
    def inbound_at(self) -> datetime | None:
        rows = InboundText.objects.filter(gateway=self.row.sender_gateway).order_by("-pk")
        return rows.values_list("recorded_at", flat=True).first()

    @cached_property
    def first_texts(self) -> list[First]:
        """Of the sequences of this site that run, in their order; those without a marketing text are left out."""
        rows = Sequence.objects.filter(
            Q(site_id=self.row.site_id) | Q(site_id=None), runtime__state=RuntimeState.LIVE
        ).order_by("name", "pk")
        found = ((row.name, _first_of(row)) for row in rows)
        return [First(name, source) for name, source in found if source is not None]

    @cached_property
    def rules(self) -> TimeRules:
        return rulebook.read(self.now.date())

    @cached_property
    def looser(self) -> list[Rule]:
        """The hours of the country and its states that are looser than what we ship, by an owner's own word."""
        found = [rule for place, rule in self.rules.legal.items() if place.partition("-")[0] == self.place]
        return [rule for rule in found if jurisdictions.standing(rule) is not Standing.NO_LOOSER]

    @cached_property
    def lists(self) -> list[str]:
        """The kinds of sensitive words that the country has."""
        return [each.kind for each in word_actions.lists_of(self.row.site_id) if self.place in each.places]

    @cached_property
    def silent(self) -> list[SensitiveWord]:
        """What of them is switched off."""
        rows = SensitiveWord.objects.filter(site_id=self.row.site_id, kind__in=self.lists)
        return [row for row in rows.order_by("kind", "word") if row.kind != "own"]


def _first_of(sequence: Sequence) -> str | None:
    for place in tree.places(sequence.steps):
        purpose = place.child.value.get("purpose") or sequence.purpose
        if group_of(purpose) == PurposeGroup.MARKETING:
            for source in place.child.block.texts(place.child.value).values():
                return str(source)
    return None
