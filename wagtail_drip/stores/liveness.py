"""The shop's side of the last check before a message: has it happened meanwhile what must not have?

Reads what we know (events, purchases, carts) and what we were told and have not taken in yet.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from wagtail_drip import conf
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.core.among import Among
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.core.prepared import prepared
from wagtail_drip.core.values import value
from wagtail_drip.events.conditions import EventTest
from wagtail_drip.events.models import Event, Notice
from wagtail_drip.stores import answers, copies, envelopes, kinds, people, registry
from wagtail_drip.stores.happenings import Happening
from wagtail_drip.stores.models import Purchase
from wagtail_drip.stores.types import Guard, money

logger = logging.getLogger(__name__)

GO = ""
GOAL_ALREADY_MET = "goal_already_met"
CART_CLOSED = "cart_closed"
STORE_BEHIND = "store_behind"

# With more than this waiting we cannot look through it at each hand-over: the messages wait instead.
_MOST_NOTICES = 500


def check(guards: Sequence[Guard], *, now: datetime) -> list[str]:
    """
    Return one verdict per guard: "" to go, "goal_already_met", "cart_closed" or "store_behind".

    The number of queries does not depend on the number of guards. The caller holds the contacts' locks.
    "store_behind" says that a shop holds notices that could not be looked into, or that news was not worked in
    yet: try again later.
    """
    if not guards:
        return []
    done = _done(guards)
    unmatched = _unmatched(guards)
    closed, mute = _closed(guards)
    waiting = _waiting(guards)
    keys = _Keys.of({guard.contact_id for guard in guards}) if waiting.happenings else _Keys.none()

    def verdict(guard: Guard) -> str:
        if guard.kind == "news":
            return _news(guard, unmatched, waiting, keys)
        found = _verdict(guard, done, closed, waiting, keys)
        return STORE_BEHIND if found == GO and guard.kind == "cart" and guard.store in mute else found

    return [verdict(guard) for guard in guards]


Done = Mapping[int, Sequence[tuple[str, datetime, Mapping[str, Any]]]]


def _verdict(guard: Guard, done: Done, closed: Collection[Guard], waiting: _Waiting, keys: _Keys) -> str:
    if guard.kind == "cart":
        if guard in closed:
            return CART_CLOSED
        for happening in waiting.happenings:
            if (
                happening.event == "order_placed"
                and (not guard.store or happening.store == guard.store)
                and (happening.cart_id == guard.cart_id or keys.mean(happening, guard.contact_id))
            ):
                return CART_CLOSED
        return STORE_BEHIND if waiting.is_behind(guard) else GO
    test = EventTest(event=guard.event, conditions=guard.conditions)
    for name, at, properties in done.get(guard.contact_id, ()):
        if at > guard.since and test.accepts(name, properties):
            return GOAL_ALREADY_MET
    for happening in waiting.happenings:
        if (
            happening.recorded_at > guard.since
            and test.accepts(happening.event, happening.properties)
            and keys.mean(happening, guard.contact_id)
        ):
            return GOAL_ALREADY_MET
    return STORE_BEHIND if waiting.is_behind(guard) else GO


def _news(guard: Guard, unmatched: Collection[tuple[int, str]], waiting: _Waiting, keys: _Keys) -> str:
    """Tell whether anything is known that may change what the text says: then it waits for that to reach it."""
    if (guard.contact_id, guard.event) in unmatched:
        return STORE_BEHIND
    for happening in waiting.happenings:
        if happening.event == guard.event and keys.mean(happening, guard.contact_id):
            return STORE_BEHIND
    return STORE_BEHIND if waiting.is_behind(guard) else GO


def _done(guards: Sequence[Guard]) -> Done:
    """Return what the guards' contacts are known to have done, by contact."""
    events = [guard for guard in guards if guard.kind == "event"]
    found: defaultdict[int, list[tuple[str, datetime, Mapping[str, Any]]]] = defaultdict(list)
    if not events:
        return found
    since = min(guard.since for guard in events)
    contact_ids = {guard.contact_id for guard in events}
    for contact_id, name, at, properties in _events(contact_ids, {guard.event for guard in events}, since):
        if contact_id is not None:
            found[contact_id].append((name, at, properties))
    if any(guard.event == "order_placed" for guard in events):
        # A purchase copied for another reason (a payment came first) is an order all the same.
        for row in _purchases(contact_ids, since):
            told = {
                "order_id": row.order_id,
                "number": row.number,
                "total": money(row.total),
                "currency": row.currency,
                "cart_id": row.cart_id,
                "coupon": row.coupon,
            }
            found[row.contact_id].append(("order_placed", row.recorded_at, told))
    return found


def _unmatched(guards: Sequence[Guard]) -> set[tuple[int, str]]:
    """Return what the guards' contacts did whose consequences are still to be drawn."""
    asked = [guard for guard in guards if guard.kind == "news"]
    if not asked:
        return set()
    return set(_to_match({guard.contact_id for guard in asked}, {guard.event for guard in asked}))


@prepared
def _to_match(contact_ids: Collection[int], names: Collection[str]) -> QuerySet[Any]:
    rows = Event.objects.filter(
        Among("contact_id", contact_ids), Among("name", names), match_due_at__isnull=False, held_for=""
    )
    return rows.values_list("contact_id", "name")


@prepared
def _events(contact_ids: Collection[int], names: Collection[str], since: datetime) -> QuerySet[Any]:
    rows = Event.objects.filter(Among("contact_id", contact_ids), Among("name", names), recorded_at__gt=since)
    return rows.values_list("contact_id", "name", "recorded_at", "properties")


@prepared
def _purchases(contact_ids: Collection[int], since: datetime) -> QuerySet[Purchase]:
    return Purchase.objects.filter(Among("contact_id", contact_ids), recorded_at__gt=since)


def _closed(guards: Sequence[Guard]) -> tuple[set[Guard], set[str]]:
    """Return the guards whose cart waits no longer, by our mirror or by the shop, and the shops that cannot tell."""
    mine = [guard for guard in guards if guard.kind == "cart" and guard.cart_id]
    if not mine:
        return set(), set()
    ids = {(guard.store, guard.cart_id) for guard in mine}
    rows = copies.carts_of(ids).values_list("store", "cart_id", "status")
    shut = {(store, cart_id) for store, cart_id, status in rows if status not in ("open", "expired")}
    mute: set[str] = set()
    for store in {guard.store for guard in mine}:
        adapter = registry.find(store)
        if adapter is not None and adapter.is_local:
            try:
                with transaction.atomic():
                    live = adapter.carts_live([guard.cart_id for guard in mine if guard.store == store])
            except Exception as error:  # noqa: BLE001 -- its own texts wait, and nobody else's
                logger.warning("%s could not tell which carts are live: %s.", store, type(error).__qualname__)
                mute.add(store)
                continue
            shut |= {(store, cart_id) for each, cart_id in ids if each == store and not live.get(cart_id)}
    return {guard for guard in mine if (guard.store, guard.cart_id) in shut}, mute


@value
class _Waiting:
    """What was told and is not taken in, and which shops hold notices that could not be looked into."""

    happenings: Sequence[Happening]
    behind: Collection[str]

    def is_behind(self, guard: Guard) -> bool:
        if guard.kind == "cart":
            return guard.store in self.behind
        # A goal may be met in any shop.
        return bool(self.behind)


def _waiting(guards: Sequence[Guard]) -> _Waiting:
    names = {guard.event for guard in guards if guard.kind != "cart"}
    if any(guard.kind == "cart" for guard in guards):
        names.add("order_placed")
    asked = {kind for kind, may_become in kinds.MAY_BECOME.items() if may_become & names}
    notices = _notices(asked | names)
    if len(notices) > _MOST_NOTICES:
        return _Waiting(happenings=[], behind={notice.store for notice in notices})
    happenings: list[Happening] = []
    behind: set[str] = set()
    for store in {notice.store for notice in notices}:
        mine = [notice for notice in notices if notice.store == store]
        adapter = registry.find(store)
        if adapter is not None and not adapter.is_local:
            # Asking would take a network call in the gate's transaction: of a shop that is far away the
            # mirror is the truth, and its age is shown.
            mine = [notice for notice in mine if envelopes.is_whole(notice)]
        try:
            with transaction.atomic():
                readings = answers.read(mine)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the message must wait, not the whole batch fail
            logger.warning("Notices of %s could not be looked into: %s.", store, type(error).__qualname__)
            behind.add(store)
            continue
        happenings += readings.happenings
        if readings.unread:
            behind.add(store)
    return _Waiting(happenings=happenings, behind=behind)


@prepared
def _notices(kinds: Collection[str]) -> QuerySet[Notice]:
    """One more than is looked through."""
    rows = Notice.objects.filter(Among("kind", kinds), due_at__isnull=False)
    return rows.order_by("pk")[: _MOST_NOTICES + 1]


@value
class _Keys:
    """Under which keys the guarded contacts are known, so that identities can be told without writing."""

    of_store: Mapping[people.Key, int]
    numbers: Mapping[str, int]
    emails: Mapping[str, Collection[int]]
    regions: Mapping[int, str]

    @classmethod
    def none(cls) -> _Keys:
        return cls(of_store={}, numbers={}, emails={}, regions={})

    @classmethod
    def of(cls, contact_ids: Collection[int]) -> _Keys:
        # Somebody who was merged is still known by what the merged rows say.
        wanted = Q(pk__in=contact_ids) | Q(merged_into_id__in=contact_ids)
        numbers: dict[str, int] = {}
        emails: defaultdict[str, set[int]] = defaultdict(set)
        heads: dict[int, int] = {}
        for row in Contact.objects.filter(wanted):
            head = heads[row.pk] = row.merged_into_id or row.pk
            if row.phone:
                numbers[row.phone] = head
            if row.email:
                emails[row.email.casefold()].add(head)
        known = ContactIdentity.objects.filter(contact_id__in=heads)
        of_store = {
            (store, kind, value): heads[contact_id]
            for store, kind, value, contact_id in known.values_list("store", "kind", "value", "contact_id")
        }
        regions: dict[int, str] = {}
        rows = SiteSettings.objects.values_list("site_id", "region", "site__is_default_site")
        for site_id, region, is_default in rows:
            regions[site_id] = region
            if is_default:
                regions[0] = region
        return cls(of_store=of_store, numbers=numbers, emails=emails, regions=regions)

    def mean(self, happening: Happening, contact_id: int) -> bool:
        """Tell whether it may have been this contact: any key in common is enough to keep silent."""
        identity = happening.identity
        if identity is None:
            return False
        if any(self.of_store.get(key) == contact_id for key in people.keys_of(identity)):
            return True
        region = self.regions.get(happening.site_id or 0) or conf.settings.DEFAULT_REGION
        number = people.e164(identity, region)
        if number and self.numbers.get(number) == contact_id:
            return True
        return bool(identity.email) and contact_id in self.emails.get(identity.email.casefold(), ())
