"""
From rules to one condition on contacts, which the database answers in one query, or in two where some were merged.

Each rule becomes ``id IN (SELECT …)`` or a comparison; groups become AND, OR and NOT. Whatever the tallies of events
and orders answer is not counted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property, reduce
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections, router, transaction
from django.db.models import Case, Count, F, Q, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Lower, Mod
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual, In, LessThan, LessThanOrEqual

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact, ContactDate, ContactTag, Permission
from wagtail_drip.contacts.types import Channel
from wagtail_drip.core import sites
from wagtail_drip.events import moments
from wagtail_drip.events.models import Event, EventTally
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.messaging.models import SendLedger
from wagtail_drip.segments import families, interest_rule, purchases, rhythms, types
from wagtail_drip.segments.days import days_of_year
from wagtail_drip.segments.json_values import JsonNumber, JsonText, Number
from wagtail_drip.segments.life_stage_models import LifeStage
from wagtail_drip.segments.models import SegmentMembership
from wagtail_drip.segments.types import Rule
from wagtail_drip.stores.models import Purchase

COLUMNS = ("first_name", "last_name", "email", "language", "region", "zone")
# Kinds of rules that conclude something from what somebody does, beside others or beside themselves.
PROFILES = frozenset({"rhythm", "rfm", "stage"})
# What the database may use to hold one list of people in memory; its own default makes it walk through them.
_WORK_MEMORY = "128MB"


class UnknownRule(WagtailDripError):
    """A segment asks by a kind of rule that is not installed; edit it and save it again."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """
    :ivar now: the present; no rule looks later.
    :ivar has_merged: whether anybody was ever merged, so that there are families.
    :ivar has_objected: whether the rules draw conclusions and anybody has objected to that.
    :ivar together: whether this is asked of families, see there.
    """

    now: datetime
    has_merged: bool
    has_objected: bool = False
    together: bool = False

    def floor(self, days: int) -> datetime | None:
        return self.now - timedelta(days=days) if days else None

    @cached_property
    def today(self) -> date:
        """Return the shop's day: that of the default site."""
        return self.now.astimezone(ZoneInfo(sites.default_zone())).date()


def people(rules: Rule, *, now: datetime) -> list[QuerySet[Contact]]:
    """
    Return the contacts who are meant, as querysets of which no two have anybody in common.

    None where there are no rules, for that is an unfinished segment.

    :raises UnknownRule: for a rule of a kind that is not installed.
    """
    if not any(True for _ in types.leaves(rules)):
        return []
    everybody = contacts.alive()
    is_profile = any(_concludes(rule) for rule in types.leaves(rules))
    moment = Moment(
        now=now,
        has_merged=families.are_there(),
        has_objected=is_profile and not_profiled().exists(),
    )
    if moment.has_objected:
        # Whichever way round the rule is asked: that somebody is not among the lost is said of them as well.
        everybody = everybody.filter(objected_at=None, restricted_at=None)
    if not moment.has_merged:
        return [everybody.filter(condition(rules, moment))]
    return [
        families.apart(everybody, together=each.together).filter(condition(rules, each))
        for each in (moment, replace(moment, together=True))
    ]


def _concludes(rule: Rule) -> bool:
    kind = rule.get("kind")
    return kind in PROFILES or (kind == "interest" and interest_rule.draws_conclusions(rule))


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
            # Compiling such a query takes longer than it saves; what it asks by an index is in memory or on a disk
            # without a head to move; and all of what is found is read, not the first tenth.
            cursor.execute(
                "SELECT set_config('work_mem', %s, true), set_config('jit', 'off', true), "
                "set_config('random_page_cost', '1.1', true), set_config('cursor_tuple_fraction', '1', true)",
                [_WORK_MEMORY],
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
        return Q(lookup(Lower(text), wanted.lower())) & ~Q(In(text, [""]))
    same = Q(In(Lower(text), sorted(_alike(wanted))))
    if number is not None:
        same |= Q(_known(Exact(read, number)))
    return ~same if operator == "is_not" else same


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
    tagged = ContactTag.objects.filter(tag=rule["tag"])
    return _either(Q(pk__in=families.owners(tagged, together=moment.together)), rule)


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
    name, times, floor = (
        str(rule["event"]),
        int(rule.get("times") or 1),
        moment.floor(int(rule.get("days") or 0)),
    )
    conditions = rule.get("conditions") or ()
    tallies = EventTally.objects.filter(name=name)
    if floor is not None:
        tallies = tallies.filter(last_at__gt=floor)
    if not conditions and times == 1:
        return Q(pk__in=families.owners(tallies, together=moment.together))
    if not conditions and floor is None:
        summed = families.owners(tallies, together=moment.together).annotate(counted=Sum("n"))
        return Q(pk__in=summed.filter(counted__gte=times).values("owner"))
    rows = _events(name, floor, conditions)
    if moment.together:
        return Q(pk__in=_often(rows, times, moment))
    enough = tallies.filter(n__gte=times)
    if conditions:
        return Q(pk__in=_often(rows.filter(contact_id__in=enough.values("contact_id")), times, moment))
    # Where the first was not long ago, none was. Of the others the events themselves are counted.
    is_all_of_it = Q(first_at__gt=floor)
    others = rows.filter(contact_id__in=enough.exclude(is_all_of_it).values("contact_id"))
    sure = enough.filter(is_all_of_it | Q(contact_id__in=_often(others, times, moment)))
    return Q(pk__in=sure.values("contact_id"))


def _often(rows: QuerySet[Any], least: int, moment: Moment) -> QuerySet[Any]:
    """Return who has at least so many of these rows."""
    owners = families.owners(rows, together=moment.together)
    if least == 1:
        return owners
    found: QuerySet[Any] = owners.annotate(counted=Count("pk")).filter(counted__gte=least).values("owner")
    return found


def _events(name: str, floor: datetime | None, conditions: Iterable[Mapping[str, Any]]) -> QuerySet[Event]:
    rows = Event.objects.filter(name=name, contact__isnull=False)
    if floor is not None:
        # None happened after it was recorded: most are told apart by the column alone.
        rows = rows.filter(recorded_at__gt=floor).alias(at=moments.AT).filter(at__gt=floor)
    for each in conditions:
        test = str(each["operator"]), str(each.get("value") or "")
        rows = rows.filter(_json("properties", str(each["property"]), *test))
    return rows


def _purchases(rule: Rule, moment: Moment) -> Q:
    return purchases.condition(rule, now=moment.now, together=moment.together)


def _rhythm(rule: Rule, moment: Moment) -> Q:
    """Late against their own rhythm; whoever has none, with fewer than three orders, is neither late nor in time."""
    buyers = families.owners(_bought(moment), together=moment.together)
    return Q(pk__in=rhythms.late(buyers, factor=float(rule["factor"]), now=moment.now))


def _rfm(rule: Rule, moment: Moment) -> Q:
    """Whoever it is asked of stands among all buyers, families and others."""
    owner = families.OWNER if moment.has_merged else F("contact_id")
    return _either(Q(pk__in=rhythms.placed(_bought(moment).values(owner=owner), str(rule["group"]))), rule)


def _bought(moment: Moment) -> QuerySet[Purchase]:
    bought = Purchase.objects.exclude(status="cancelled").filter(placed_at__lte=moment.now)
    if moment.has_objected:
        # Nobody is measured by them either.
        bought = bought.exclude(contact_id__in=not_profiled().values("pk"))
    return bought


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
    received = Q(pk__in=_often(sent, times, moment))
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


def _interest(rule: Rule, moment: Moment) -> Q:
    return _either(interest_rule.condition(rule, now=moment.now, together=moment.together), rule)


def _stage(rule: Rule, moment: Moment) -> Q:
    there = LifeStage.objects.filter(stage=rule["stage"], current=1)
    return _either(Q(pk__in=there.values("contact_id")), rule)


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
    "stage": _stage,
    "interest": _interest,
}
