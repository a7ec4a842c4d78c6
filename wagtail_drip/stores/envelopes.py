"""From a notice's envelope, which tells the whole story, to what happened. Asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.events import catalogue
from wagtail_drip.events.catalogue import InvalidEvent
from wagtail_drip.events.models import Notice
from wagtail_drip.stores.happenings import STATUS_AFTER, Happening
from wagtail_drip.stores.types import StoreCart, StoreLine, StoreOrder

_IDENTITY_FIELDS = frozenset(each.name for each in fields(Identity))
_TOUCHES = frozenset(
    {
        "cart_updated",
        "cart_emptied",
        "cart_merged",
        "checkout_started",
        "checkout_step_completed",
        "product_added_to_cart",
        "product_removed_from_cart",
    }
)
_STAGE = {"checkout_started": "checkout", "checkout_step_completed": "checkout"}
_CART_STATUS = {"cart_emptied": "emptied", "cart_merged": "merged"}


def is_whole(notice: Notice) -> bool:
    """Tell whether the notice carries an envelope with its event, and so needs no adapter."""
    return isinstance(notice.envelope, dict) and bool(notice.envelope.get("event"))


def read(notice: Notice) -> Happening:
    """
    Return what the envelope tells.

    :raises InvalidEvent: naming what is wrong with the event, its properties or its consent.
    """
    envelope: dict[str, Any] = notice.envelope or {}
    event = str(envelope["event"])
    properties = dict(envelope.get("properties") or {})
    catalogue.validate(event, properties)
    identity = identity_from(envelope.get("contact"), store=notice.store)
    raw_consent = envelope.get("consent") or []
    consents = [raw_consent] if isinstance(raw_consent, Mapping) else raw_consent
    occurred_at = _moment(envelope.get("occurred_at")) or notice.recorded_at
    site_id = envelope.get("site_id")
    cart_id = _id(properties.get("cart_id"))
    order_id = _id(properties.get("order_id"))
    order = None
    if event == "order_placed":
        order = _order(properties, identity, site_id=site_id, placed_at=occurred_at)
    return Happening(
        notice_id=notice.pk,
        store=notice.store,
        event=event,
        key=str(envelope.get("event_key") or notice.key),
        recorded_at=notice.recorded_at,
        occurred_at=occurred_at,
        source=str(envelope.get("source") or "api"),
        properties=properties,
        identity=identity,
        consents=tuple(consent_from(each) for each in consents),
        site_id=site_id,
        order=order,
        order_id=order_id if event in STATUS_AFTER else "",
        amount=_amount(properties.get("amount")),
        cart=_cart(event, properties, identity, site_id=site_id),
        cart_id=cart_id,
        touches_cart=bool(cart_id) and event in _TOUCHES,
        stage=_STAGE.get(event, ""),
    )


def identity_from(raw: Any, *, store: str) -> Identity | None:
    """Return the person of an envelope; None where it names nobody."""
    if not isinstance(raw, Mapping):
        return None
    given = {name: str(raw[name]) for name in _IDENTITY_FIELDS if raw.get(name) not in (None, "")}
    given.setdefault("store", store)
    return Identity(**given) if set(given) - {"store", "region", "language", "zone"} else None


def consent_from(raw: Any) -> Consent:
    """:raises InvalidEvent: naming what a consent may hold."""
    try:
        granted = raw["granted"]
        if not isinstance(granted, bool):
            raise InvalidEvent("A consent's 'granted' should be true or false.")
        return Consent(
            group=PurposeGroup(raw.get("group", PurposeGroup.MARKETING)),
            granted=granted,
            source=str(raw.get("source", "")),
            method=ConsentMethod(raw.get("method", ConsentMethod.API)),
            channel=Channel(raw.get("channel", Channel.SMS)),
            topic=str(raw.get("topic") or ""),
            wording=str(raw.get("wording") or ""),
            wording_version=str(raw.get("wording_version") or ""),
            ip=raw.get("ip") or None,
            at=_moment(raw.get("at")),
        )
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise InvalidEvent(
            "A consent needs 'granted', and a group, method and channel that we know."
        ) from error


def line_from(raw: Mapping[str, Any]) -> StoreLine:
    return StoreLine(
        product_id=str(raw.get("product_id", "")),
        name=str(raw.get("name", "")),
        sku=str(raw.get("sku") or ""),
        category=str(raw.get("category") or ""),
        quantity=int(raw.get("quantity") or 1),
        price=_amount(raw.get("price")) or Decimal(0),
        list_price=_amount(raw.get("list_price")),
        url=str(raw.get("url") or ""),
        image_url=str(raw.get("image_url") or ""),
    )


def _order(
    properties: Mapping[str, Any], identity: Identity | None, *, site_id: int | None, placed_at: datetime
) -> StoreOrder | None:
    if identity is None:
        return None
    return StoreOrder(
        order_id=_id(properties["order_id"]),
        number=str(properties.get("number") or ""),
        site_id=site_id or 0,
        currency=str(properties["currency"]),
        total=_amount(properties["total"]) or Decimal(0),
        placed_at=placed_at,
        identity=identity,
        lines=tuple(line_from(each) for each in properties["products"]),
        cart_id=_id(properties.get("cart_id")),
        coupon=str(properties.get("coupon") or ""),
        order_url=str(properties.get("order_url") or ""),
    )


def _cart(
    event: str, properties: Mapping[str, Any], identity: Identity | None, *, site_id: int | None
) -> StoreCart | None:
    """Return the cart as told; None where the event says nothing of what is in it."""
    if event not in _TOUCHES or not properties.get("cart_id"):
        return None
    if event not in _CART_STATUS and "products" not in properties:
        return None
    return StoreCart(
        cart_id=_id(properties["cart_id"]),
        status=_CART_STATUS.get(event, "open"),
        identity=identity,
        site_id=site_id,
        currency=str(properties.get("currency") or ""),
        total=_amount(properties.get("total")),
        lines=tuple(line_from(each) for each in properties.get("products") or []),
        coupon=str(properties.get("coupon") or ""),
    )


def _id(value: Any) -> str:
    return "" if value is None else str(value)[:64]


def _amount(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidEvent("Moments are written in ISO 8601 with their offset.") from error
    if moment.tzinfo is None:
        raise InvalidEvent("Moments are written in ISO 8601 with their offset.")
    return moment
