"""Notices become contacts, consent, copies and events: one batch, one transaction, a fixed number of queries."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from wagtail.models import Site

from wagtail_drip import conf
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import querysets as contacts_reading
from wagtail_drip.core import actions as core
from wagtail_drip.core import claims, clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.models import Notice
from wagtail_drip.events.types import EventDraft
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.stores import answers, copies, people, querysets
from wagtail_drip.stores.copies import CartTouch, ChangeToCopy, OrderToCopy
from wagtail_drip.stores.happenings import STATUS_AFTER, Happening
from wagtail_drip.stores.models import Cart, Purchase

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
_BATCH = 200


def take_in_due(*, now: datetime | None = None, limit: int | None = None) -> int:
    """Take in notices that are due, and return how many were looked at."""
    if not conf.settings.ENABLED:
        return 0
    moment = now or clock.now()
    return claims.retried(lambda: _pass(moment, limit=limit or claims.batch_limit(_BATCH)))


def _pass(now: datetime, *, limit: int) -> int:
    due = Notice.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    notices = claims.claim(due, limit=limit)
    if notices:
        # As they were written, so that a cart comes before its order.
        _take_in_or_halve(sorted(notices, key=lambda each: each.pk), now=now)
    return len(notices)


def _take_in_or_halve(notices: Sequence[Notice], *, now: datetime) -> None:
    """Take in the batch; if that fails, its halves, until the notice that cannot be taken in is alone."""
    try:
        with transaction.atomic():
            unread = _take_in(notices, now=now)
    except Exception as error:
        if isinstance(error, DatabaseError) and claims.is_worth_retrying(error):
            raise
        if len(notices) == 1:
            _put_off(notices[0], _words(error), now=now)
            return
        middle = len(notices) // 2
        _take_in_or_halve(notices[:middle], now=now)
        _take_in_or_halve(notices[middle:], now=now)
        return
    for notice in notices:
        if notice.pk in unread:
            _put_off(notice, unread[notice.pk], now=now)
    events.finish_notices([notice.pk for notice in notices if notice.pk not in unread])


def _put_off(notice: Notice, error: str, *, now: datetime) -> None:
    attempts = notice.attempts + 1
    # Half a minute, one, two, four: a shop's transaction that is still open, a restart, a short outage.
    again = now + timedelta(seconds=30 * 2 ** (attempts - 1)) if attempts < _ATTEMPTS else None
    if again is None:
        logger.error("Notice %s (%s) is parked after %s attempts.", notice.pk, notice.kind, attempts)
    events.put_off_notice(notice, error=error, due_at=again)


def _words(error: Exception) -> str:
    # A database error quotes the row, and with it a number; our own errors and settings' errors do not.
    if isinstance(error, WagtailDripError | ImproperlyConfigured):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _take_in(notices: Sequence[Notice], *, now: datetime) -> Mapping[int, str]:
    """Write down what the notices tell, and return those that could not be read yet."""
    readings = answers.read(notices)
    happenings = _on_sites(readings.happenings)
    who = _who(happenings, now=now)
    people.lock([person.contact_id for person in who.values()])
    _record_consents(happenings, who, now=now)
    orders = _orders(happenings, who)
    copies.copy_orders(orders, _changes(happenings, orders))
    copies.touch_carts(_touches(happenings, who))
    copies.close_carts_of_buyers(orders)
    events.record_events(_drafts(happenings, who))
    return readings.unread


def _on_sites(happenings: Sequence[Happening]) -> list[Happening]:
    """Give each happening a site: its own, else its cart's, else the default site."""
    without = {(each.store, each.cart_id) for each in happenings if not each.site_id and each.cart_id}
    of_carts = {(row.store, row.cart_id): row.site_id for row in copies.carts_of(without)} if without else {}
    default = Site.objects.filter(is_default_site=True).values_list("pk", flat=True).first() or 0
    return [
        each if each.site_id else replace(each, site_id=of_carts.get((each.store, each.cart_id), default))
        for each in happenings
    ]


Who = Mapping[int, people.Person]


def _who(happenings: Sequence[Happening], *, now: datetime) -> Who:
    """Return whom each happening is about, by its place in the list; nobody where nobody can be told."""
    regions = {
        site_id: core.site_settings(site_id).region for site_id in {each.site_id or 0 for each in happenings}
    }
    identities = {
        each.identity: each.identity.region or regions[each.site_id or 0]
        for each in happenings
        if each.identity is not None
    }
    resolved = people.resolve(identities, now=now)
    found = {
        place: resolved[each.identity] for place, each in enumerate(happenings) if each.identity is not None
    }
    nameless = [place for place in range(len(happenings)) if place not in found]
    return {**found, **_by_what_we_know(happenings, nameless, found)}


def _by_what_we_know(happenings: Sequence[Happening], nameless: Sequence[int], found: Who) -> Who:
    """Return whom nameless happenings are about by the cart or order they name."""
    if not nameless:
        return {}
    of_carts: dict[copies.StoreId, people.Person] = {}
    of_orders: dict[copies.StoreId, people.Person] = {}
    carts = {(happenings[i].store, happenings[i].cart_id) for i in nameless if happenings[i].cart_id}
    orders = {(happenings[i].store, happenings[i].order_id) for i in nameless if happenings[i].order_id}
    if carts:
        rows = copies.carts_of(carts).exclude(contact=None).select_related("contact")
        rows = rows.filter(contact__erased_at=None)
        for row in rows:
            if row.contact is not None:
                of_carts[row.store, row.cart_id] = _person(row)
    if orders:
        bought = Purchase.objects.filter(
            pk__in=copies.purchase_pks(orders).values(), contact__erased_at=None
        ).select_related("contact")
        for purchase in bought:
            of_orders[purchase.store, purchase.order_id] = _person(purchase)
    # What this very batch says of a cart counts as well.
    for place, person in found.items():
        if happenings[place].cart_id:
            of_carts[happenings[place].store, happenings[place].cart_id] = person
    answer = {}
    for place in nameless:
        store = happenings[place].store
        who = of_orders.get((store, happenings[place].order_id)) or of_carts.get(
            (store, happenings[place].cart_id)
        )
        if who is not None:
            answer[place] = who
    return answer


def _person(row: Cart | Purchase) -> people.Person:
    contact = row.contact
    assert contact is not None  # noqa: S101 -- both callers have filtered
    return people.Person(
        contact_id=contact.merged_into_id or contact.pk, has_number=contact.active_phone is not None
    )


def _record_consents(happenings: Sequence[Happening], who: Who, *, now: datetime) -> None:
    told = [place for place, each in enumerate(happenings) if each.consents and place in who]
    if not told:
        return
    decided = contacts_reading.permissions(
        {who[place].contact_id for place in told}, {happenings[place].site_id or 0 for place in told}
    )
    for place in told:
        each, person = happenings[place], who[place]
        for consent in each.consents:
            key = (
                person.contact_id,
                each.site_id or 0,
                consent.group.value,
                consent.channel.value,
                consent.topic,
            )
            if each.keeps_decisions and key in decided:
                continue
            decided[key] = consent.granted
            contacts.record_consent(
                contact_id=person.contact_id, site_id=each.site_id or 0, consent=consent, now=now
            )


def _orders(happenings: Sequence[Happening], who: Who) -> list[OrderToCopy]:
    found: dict[copies.StoreId, OrderToCopy] = {}
    for place, each in enumerate(happenings):
        if each.order is not None and place in who:
            found.setdefault(
                (each.store, each.order.order_id),
                OrderToCopy(
                    store=each.store,
                    order=each.order,
                    contact_id=who[place].contact_id,
                    site_id=each.site_id or 0,
                    recorded_at=each.recorded_at,
                ),
            )
    return list(found.values())


def _changes(happenings: Sequence[Happening], orders: Sequence[OrderToCopy]) -> list[ChangeToCopy]:
    """Return what became of orders, beginning with their being placed."""
    found = {
        (each.store, each.order.order_id): ChangeToCopy(
            store=each.store,
            order_id=each.order.order_id,
            status="placed",
            amount=each.order.total,
            key="placed",
            at=each.order.placed_at,
            recorded_at=each.recorded_at,
        )
        for each in orders
    }
    later = [
        ChangeToCopy(
            store=each.store,
            order_id=each.order.order_id if each.order else each.order_id,
            status=STATUS_AFTER[each.event],
            amount=each.amount,
            key=each.key,
            at=each.occurred_at,
            recorded_at=each.recorded_at,
        )
        for each in happenings
        if each.event in STATUS_AFTER and each.event != "order_placed"
    ]
    return [*found.values(), *later]


def _touches(happenings: Sequence[Happening], who: Who) -> list[CartTouch]:
    return [
        CartTouch(
            store=each.store,
            cart_id=each.cart_id,
            at=each.recorded_at,
            site_id=each.site_id or 0,
            contact_id=who[place].contact_id if place in who else None,
            cart=each.cart,
            stage=each.stage,
        )
        for place, each in enumerate(happenings)
        if each.touches_cart
    ]


def _drafts(happenings: Sequence[Happening], who: Who) -> list[EventDraft]:
    buyers = {
        who[place].contact_id
        for place, each in enumerate(happenings)
        if each.event == "order_placed" and place in who
    }
    first = querysets.first_orders_at(buyers) if buyers else {}
    drafts = []
    for place, each in enumerate(happenings):
        person = who.get(place)
        if not each.event or (each.needs_number and (person is None or not person.has_number)):
            continue
        if person is None and each.touches_cart:
            continue  # Nobody's cart is mirrored; its every change is not worth a row.
        properties = dict(each.properties)
        if each.order is not None and each.event == "order_placed" and person is not None:
            # An order that somebody else is known to have placed is no purchase of theirs.
            since = first.get(person.contact_id, each.order.placed_at)
            properties["is_first_order"] = each.order.placed_at <= since
        drafts.append(
            EventDraft(
                name=each.event,
                key=each.key[:191],
                store=each.store,
                site_id=each.site_id or 0,
                contact_id=person.contact_id if person else None,
                properties=properties,
                source=each.source[:16],
                occurred_at=each.occurred_at,
                recorded_at=each.recorded_at,
            )
        )
    return drafts
