"""
From rules to one condition on contacts, which the database answers in one query.

Each rule becomes ``id IN (SELECT …)`` or a comparison; groups become AND, OR and NOT. What happened to somebody
who was merged counts for whom they were merged into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property, reduce
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections, router, transaction
from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Least, Lower, Mod
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual, In, LessThan, LessThanOrEqual

from wagtail_drip.contacts.models import Contact, ContactDate, ContactTag, Permission
from wagtail_drip.contacts.types import Channel
from wagtail_drip.core import sites
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.events.types import BACKFILL
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.segments import rhythms, types
from wagtail_drip.segments.days import days_of_year
from wagtail_drip.segments.json_values import JsonNumber, JsonText, Number
from wagtail_drip.segments.models import SegmentMembership
from wagtail_drip.segments.types import Rule
from wagtail_drip.stores.models import Purchase, PurchaseLine

COLUMNS = ("first_name", "last_name", "email", "language", "region", "zone")
# Kinds of rules that conclude something from what somebody does, beside others or beside themselves.
PROFILES = frozenset({"rhythm", "rfm"})
# What the database may use to hold one list of people in memory; its own default makes it walk through them.
_WORK_MEMORY = "128MB"


class UnknownRule(WagtailDripError):
    """A segment asks by a kind of rule that is not installed; edit it and save it again."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """
    :ivar now: the present; no rule looks later.
    :ivar has_objected: whether the rules draw conclusions and anybody has objected to that.
    :ivar has_merged: whether anybody was ever merged, so that their rows must be read as the survivor's.
    """

    now: datetime
    has_merged: bool
    has_objected: bool = False

    def floor(self, days: int) -> datetime | None:
        return self.now - timedelta(days=days) if days else None

    @cached_property
    def today(self) -> date:
        """Return the shop's day: that of the default site."""
        return self.now.astimezone(ZoneInfo(sites.default_zone())).date()

    @property
    def owner(self) -> Any:
        """Return whose row it is, of a table with ``contact``."""
        if not self.has_merged:
            return F("contact_id")
        return Coalesce("contact__merged_into__merged_into_id", "contact__merged_into_id", "contact_id")


def people(rules: Rule, *, now: datetime) -> QuerySet[Contact]:
    """
    Return the contacts who are meant; nobody where there are no rules, for that is an unfinished segment.

    :raises UnknownRule: for a rule of a kind that is not installed.
    """
    everybody = Contact.objects.filter(merged_into=None, erased_at=None)
    if not any(True for _ in types.leaves(rules)):
        return everybody.none()
    is_profile = any(rule.get("kind") in PROFILES for rule in types.leaves(rules))
    moment = Moment(
        now=now,
        has_merged=Contact.objects.filter(merged_into__isnull=False).exists(),
        has_objected=is_profile and not_profiled().exists(),
    )
    if moment.has_objected:
        # Whichever way round the rule is asked: that somebody is not among the lost is said of them as well.
        everybody = everybody.filter(objected_at=None, restricted_at=None)
    return everybody.filter(condition(rules, moment))


def not_profiled() -> QuerySet[Contact]:
    """Return who has objected to conclusions from what they do, or to anything being done with their data."""
    return Contact.objects.filter(Q(objected_at__isnull=False) | Q(restricted_at__isnull=False))


@contextmanager
def room_to_think() -> Iterator[None]:
    """Let PostgreSQL hold a list of people in memory for the queries inside; others do by themselves."""
    alias = router.db_for_read(Contact)
    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(using=alias):
        with connection.cursor() as cursor:
            # Compiling such a query takes longer than it saves.
            cursor.execute(
                "SELECT set_config('work_mem', %s, true), set_config('jit', 'off', true)", [_WORK_MEMORY]
            )
        yield


def condition(group: Rule, moment: Moment) -> Q:
    """Return the condition of a group and all in it; a group without rules asks for nothing."""
    asked = [
        condition(rule, moment) if rule.get("kind") == types.GROUP else _of(rule, moment)
        for rule in group.get("rules") or ()
        if rule.get("kind") != types.GROUP or any(True for _ in types.leaves(rule))
    ]
    if not asked:
        return Q()
    match = group.get("match") or types.ALL
    if match == types.ALL:
        return reduce(lambda left, right: left & right, asked)
    found = reduce(lambda left, right: left | right, asked)
    return ~found if match == types.NONE else found


def _of(rule: Rule, moment: Moment) -> Q:
    kind = KINDS.get(str(rule.get("kind")))
    if kind is None:
        raise UnknownRule(f"No rule of kind {rule.get('kind')!r} is installed.")
    return kind(rule, moment)


def _either(asked: Q, rule: Rule) -> Q:
    return ~asked if rule.get("negate") else asked


def _owners(rows: QuerySet[Any], moment: Moment) -> QuerySet[Any]:
    owners: QuerySet[Any] = rows.annotate(owner=moment.owner).values("owner")
    return owners


def decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def compared(text: Any, operator: str, wanted: str, *, number_of: Any = None) -> Q:
    """
    Return whether a text, never NULL, compares so with what was *wanted*: numbers as numbers, else as text.

    :param number_of: the text as a number, where there is a shorter way to it.

    Capitals make no difference; beyond A to Z that is as the database has it.
    """
    if operator in ("is_set", "is_not_set"):
        empty = Q(In(text, ["", "[]", "{}"]))
        return empty if operator == "is_not_set" else ~empty
    number, read = decimal(wanted), number_of or Number(text)
    if operator == "contains":
        return Q(Contains(Lower(text), wanted.lower()))
    if operator in ("at_least", "at_most"):
        lookup = GreaterThanOrEqual if operator == "at_least" else LessThanOrEqual
        if number is not None:
            # NULL, for what is no number, passes no test, and must not poison a NOT around it.
            return Q(_known(lookup(read, number)))
        # Dates in ISO 8601 sort as text; an empty one passes no test.
        return Q(lookup(text, wanted)) & ~Q(In(text, [""]))
    same = Q(In(Lower(text), sorted(_alike(wanted))))
    if number is not None:
        same |= Q(_known(Exact(read, number)))
    return ~same if operator == "is_not" else same


def _same(column: str, wanted: str) -> Q:
    # Not iexact and icontains: what they think of capitals is MariaDB's collation.
    return Q(Exact(Lower(F(column)), wanted.lower()))


def _alike(wanted: str) -> set[str]:
    """Return how *wanted* may be written: a truth is also yes and 1."""
    text = wanted.strip().lower()
    for truth in ({"true", "yes", "1"}, {"false", "no", "0"}):
        if text in truth:
            return {text, *(truth & {"true", "false"})}
    return {text}


def _known(lookup: Any) -> Any:
    """Return the lookup with NULL as no."""
    return Exact(Case(When(lookup, then=Value(1)), default=Value(0)), 1)


def _detail(rule: Rule, moment: Moment) -> Q:
    name = str(rule["property"]).removeprefix("contact.")
    operator, value = str(rule["operator"]), str(rule.get("value") or "")
    if name not in COLUMNS:
        return _json("attributes", name, operator, value)
    return compared(_text(F(name)), operator, value)


def _json(column: str, name: str, operator: str, value: str) -> Q:
    text = _text(JsonText(column, name))
    return compared(text, operator, value, number_of=JsonNumber(column, name, Number(text)))


def _text(found: Any) -> Any:
    return Coalesce(Cast(found, TextField()), Value(""), output_field=TextField())


def _tag(rule: Rule, moment: Moment) -> Q:
    return _either(Q(pk__in=_owners(ContactTag.objects.filter(tag=rule["tag"]), moment)), rule)


def _consent(rule: Rule, moment: Moment) -> Q:
    """On one site or any; a topic's own answer counts, else the general one, as ``contacts.consent.allows``."""
    theirs = Permission.objects.filter(group=rule["group"], channel=Channel.SMS)
    if rule.get("site"):
        theirs = theirs.filter(site_id=rule["site"])
    topic = str(rule.get("topic") or "")
    agreed = Q(pk__in=theirs.filter(topic="", granted=True).values("contact_id"))
    if topic:
        own = theirs.filter(topic=topic)
        agreed = Q(pk__in=own.filter(granted=True).values("contact_id")) | (
            agreed & ~Q(pk__in=own.filter(granted=False).values("contact_id"))
        )
    return _either(agreed, rule)


def _date(rule: Rule, moment: Moment) -> Q:
    """Both ends count: "in the next 7 days" is today and seven days more."""
    apart = timedelta(days=int(rule["days"]))
    first, last = moment.today, moment.today
    if rule["when"] == "next":
        last += apart
    else:
        first -= apart
    theirs = ContactDate.objects.filter(name=rule["date"])
    if rule["yearly"]:
        on_day = Q()
        for days in days_of_year(first, last):
            on_day |= Q(month=days.month, day__gte=days.first, day__lte=days.last)
        theirs = theirs.filter(on_day)
    else:
        theirs = theirs.filter(on__gte=first, on__lte=last)
    return _either(Q(pk__in=theirs.values("contact_id")), rule)


def _event(rule: Rule, moment: Moment) -> Q:
    return _either(_happened(rule, moment), rule)


def _happened(rule: Rule, moment: Moment) -> Q:
    name, times, days = str(rule["event"]), int(rule.get("times") or 1), int(rule.get("days") or 0)
    conditions, floor = rule.get("conditions") or (), moment.floor(days)
    # The tallies answer most questions, and narrow the others to whom it happened often and lately enough.
    tallies = EventTally.objects.filter(name=name)
    if floor is not None:
        tallies = tallies.filter(last_at__gt=floor)
    if not conditions and (floor is None or times == 1):
        if not moment.has_merged:
            return Q(pk__in=tallies.filter(n__gte=times).values("contact_id"))
        counted = _owners(tallies, moment).annotate(counted=Sum("n"))
        return Q(pk__in=counted.filter(counted__gte=times).values("owner"))
    rows = Event.objects.filter(name=name, contact__isnull=False)
    if not moment.has_merged:
        rows = rows.filter(contact_id__in=tallies.filter(n__gte=times).values("contact_id"))
    if floor is not None:
        at = Case(When(source=BACKFILL, then=Least("occurred_at", "recorded_at")), default=F("recorded_at"))
        # None happened after it was recorded: most are told apart by the column alone.
        rows = rows.filter(recorded_at__gt=floor).alias(at=at).filter(at__gt=floor)
    for each in conditions:
        test = str(each["operator"]), str(each.get("value") or "")
        rows = rows.filter(_json("properties", str(each["property"]), *test))
    owners = _owners(rows, moment)
    if times > 1:
        owners = owners.annotate(counted=Count("pk")).filter(counted__gte=times).values("owner")
    return Q(pk__in=owners)


def _purchases(rule: Rule, moment: Moment) -> Q:
    """As a branch counts: without cancelled orders, and without what was refunded."""
    measure, operator, number = rule["measure"], rule["operator"], Decimal(str(rule["number"]))
    bought = Purchase.objects.exclude(status="cancelled").filter(placed_at__lte=moment.now)
    floor = moment.floor(int(rule.get("days") or 0))
    if floor is not None:
        bought = bought.filter(placed_at__gt=floor)
    if rule.get("currency"):
        bought = bought.filter(currency=rule["currency"])
    if rule.get("coupon"):
        bought = bought.filter(_same("coupon", str(rule["coupon"])))
    bought = _with_product(bought, str(rule.get("product") or ""))
    owners = _owners(bought, moment)
    if measure == "days_since":
        last, edge = owners.annotate(last=Max("placed_at")), moment.now - timedelta(days=int(number))
        if operator == "at_least":
            return Q(pk__in=last.filter(last__lte=edge).values("owner"))
        # Whole days, as one counts them: "at most 3" is less than 4 times 24 hours.
        return Q(pk__in=last.filter(last__gt=edge - timedelta(days=1)).values("owner"))
    counted = owners.annotate(counted=Count("pk") if measure == "count" else Sum(F("total") - F("refunded")))
    if operator == "at_least":
        # Everybody has bought at least nothing.
        return Q(pk__in=counted.filter(counted__gte=number).values("owner")) if number > 0 else ~Q(pk=None)
    return ~Q(pk__in=counted.filter(counted__gt=number).values("owner"))


def _with_product(bought: QuerySet[Purchase], product: str) -> QuerySet[Purchase]:
    """Keep what has a line with this product, by its id or number, or by a part of its name or category."""
    if not product:
        return bought
    named = Q(product_id=product) | _same("sku", product)
    for column in ("name", "category"):
        named |= Q(Contains(Lower(F(column)), product.lower()))
    return bought.filter(pk__in=PurchaseLine.objects.filter(named).values("purchase_id"))


def _rhythm(rule: Rule, moment: Moment) -> Q:
    """Late against their own rhythm; whoever has none, with fewer than three orders, is neither late nor in time."""
    return Q(pk__in=rhythms.late(_buyers(moment), factor=float(rule["factor"]), now=moment.now))


def _rfm(rule: Rule, moment: Moment) -> Q:
    return _either(Q(pk__in=rhythms.placed(_buyers(moment), str(rule["group"]))), rule)


def _buyers(moment: Moment) -> QuerySet[Any]:
    bought = Purchase.objects.exclude(status="cancelled").filter(placed_at__lte=moment.now)
    if moment.has_objected:
        # Nobody is measured by them either.
        bought = bought.exclude(contact_id__in=not_profiled().values("pk"))
    return _owners(bought, moment)


CLICKED, REPLIED = "link_clicked", "message_replied"


def _texts(rule: Rule, moment: Moment) -> Q:
    """What became of our texts: received so many, clicked, replied; or received and neither."""
    how, times, days = rule["how"], int(rule.get("times") or 1), int(rule.get("days") or 0)
    if how in ("clicked", "replied"):
        event = CLICKED if how == "clicked" else REPLIED
        return _either(_happened({"event": event, "times": times, "days": days}, moment), rule)
    sent = SendLedger.objects.all()
    floor = moment.floor(days)
    if floor is not None:
        sent = sent.filter(handed_over_at__gt=floor)
    counted = _owners(sent, moment).annotate(counted=Count("pk")).filter(counted__gte=times)
    received = Q(pk__in=counted.values("owner"))
    if how == "ignored":
        did = [_happened({"event": event, "days": days}, moment) for event in (CLICKED, REPLIED)]
        received &= ~(did[0] | did[1])
    return _either(received, rule)


def _share(rule: Rule, moment: Moment) -> Q:
    drawn = Mod(
        Mod(
            Mod(F("pk"), Value(1_000_003)) * Value(types.FACTOR) + Value(types.salt_of(str(rule["salt"]))),
            Value(types.RING),
        ),
        Value(types.LOTS),
    )
    return Q(LessThan(drawn, Value(round(float(rule["percent"]) * 10))))


def _segment(rule: Rule, moment: Moment) -> Q:
    members = SegmentMembership.objects.filter(segment_id=rule["segment"], current=1)
    return _either(Q(pk__in=members.values("contact_id")), rule)


KINDS: dict[str, Callable[[Rule, Moment], Q]] = {
    "detail": _detail,
    "tag": _tag,
    "consent": _consent,
    "date": _date,
    "event": _event,
    "purchases": _purchases,
    "rhythm": _rhythm,
    "rfm": _rfm,
    "texts": _texts,
    "share": _share,
    "segment": _segment,
}
