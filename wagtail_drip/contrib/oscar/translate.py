"""From Oscar's objects to ours. Reads only what the adapter has already fetched; asks the database nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from django.urls import NoReverseMatch, reverse

from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.contrib.oscar import options as shop_options
from wagtail_drip.stores.types import StoreCart, StoreLine, StoreOrder

# Oscar has no types: its objects are Any here.
SOURCE = "oscar checkout"


def number_of(address: Any) -> str:
    """Return the address's number in E.164, or as typed where it is none; '' without one."""
    number = getattr(address, "phone_number", None)
    if not number:
        return ""
    return str(getattr(number, "as_e164", None) or number)


def user_identity(user: Any, *, store: str) -> Identity:
    return Identity(
        store=store,
        user_id=str(user.pk),
        email=str(getattr(user, "email", "") or ""),
        first_name=str(getattr(user, "first_name", "") or ""),
        last_name=str(getattr(user, "last_name", "") or ""),
    )


def order_identity(order: Any, *, store: str) -> Identity:
    """Return the buyer: the account, else the guest; the number and the country of where it goes."""
    address, user = order.shipping_address, order.user
    return Identity(
        store=store,
        user_id=str(user.pk) if user else "",
        email=str(getattr(user, "email", "") or order.guest_email or ""),
        first_name=str(getattr(user, "first_name", "") or getattr(address, "first_name", "") or ""),
        last_name=str(getattr(user, "last_name", "") or getattr(address, "last_name", "") or ""),
        phone=number_of(address),
        region=str(getattr(address, "country_id", "") or ""),
    )


def transactional_consent(*, wording: str, ip: str | None = None) -> Consent:
    """Return the consent to texts about the order that lies in giving a number for it."""
    return Consent(
        group=PurposeGroup.TRANSACTIONAL,
        granted=True,
        source=SOURCE,
        method=ConsentMethod.CHECKOUT,
        wording=wording,
        wording_version=shop_options.wording_version(wording),
        ip=ip,
    )


def order(
    order: Any, *, store: str, site_id: int, base_url: str, consents: tuple[Consent, ...]
) -> StoreOrder:
    discounts = list(order.discounts.all())
    lines = tuple(order_line(line, base_url=base_url) for line in order.lines.all())
    return StoreOrder(
        order_id=str(order.pk),
        number=order.number,
        site_id=site_id,
        currency=order.currency,
        total=order.total_incl_tax,
        subtotal=sum((line.line_price_incl_tax for line in order.lines.all()), Decimal(0)),
        shipping=order.shipping_incl_tax,
        tax=order.total_incl_tax - order.total_excl_tax,
        discount=sum((discount.amount for discount in discounts), Decimal(0)),
        coupon=next((discount.voucher_code for discount in discounts if discount.voucher_code), ""),
        placed_at=order.date_placed,
        identity=order_identity(order, store=store),
        lines=lines,
        cart_id=str(order.basket_id or ""),
        order_url=_order_url(order, base_url),
        consents=consents,
    )


def order_line(line: Any, *, base_url: str) -> StoreLine:
    told = product(line.product, base_url=base_url) if line.product is not None else None
    quantity = line.quantity or 1
    before = line.line_price_before_discounts_incl_tax / quantity
    price = line.line_price_incl_tax / quantity
    return StoreLine(
        product_id=str(line.product_id or line.upc or line.partner_sku or line.pk),
        name=line.title or (told.name if told else ""),
        sku=line.partner_sku or (told.sku if told else ""),
        category=told.category if told else "",
        quantity=quantity,
        price=price.quantize(Decimal("0.01")),
        list_price=before.quantize(Decimal("0.01")) if before != price else None,
        url=told.url if told else "",
        image_url=told.image_url if told else "",
    )


def cart(basket: Any, *, store: str, base_url: str, is_ordered: bool, infos: Mapping[int, Any]) -> StoreCart:
    """
    :param infos: the strategy's purchase info by line.
    """
    lines = tuple(
        cart_line(line, infos[line.pk], base_url=base_url) for line in basket.lines.all() if line.product
    )
    vouchers = list(basket.vouchers.all())
    currency = next((line.price_currency for line in basket.lines.all() if line.price_currency), "")
    return StoreCart(
        cart_id=str(basket.pk),
        status=cart_status(basket, is_ordered=is_ordered, has_lines=bool(lines)),
        identity=user_identity(basket.owner, store=store) if basket.owner else None,
        currency=currency,
        total=sum((line.price * line.quantity for line in lines), Decimal(0)),
        lines=lines,
        coupon=vouchers[0].code if vouchers else "",
    )


def cart_status(basket: Any, *, is_ordered: bool, has_lines: bool) -> str:
    if is_ordered or basket.status == basket.SUBMITTED:
        return "converted"
    if basket.status == basket.MERGED:
        return "merged"
    # Frozen without an order: somebody left at the payment page. Saved for later is nobody's cart now.
    if basket.status not in (basket.OPEN, basket.FROZEN) or not has_lines:
        return "emptied"
    return "open"


def cart_line(line: Any, info: Any, *, base_url: str) -> StoreLine:
    told = product(line.product, base_url=base_url)
    return StoreLine(
        product_id=told.product_id,
        name=told.name,
        sku=told.sku or getattr(info.stockrecord, "partner_sku", "") or "",
        category=told.category,
        quantity=line.quantity,
        price=price_of(info) if price_of(info) is not None else line.price_incl_tax or Decimal(0),
        url=told.url,
        image_url=told.image_url,
    )


def price_of(info: Any) -> Any:
    """Return the price of a purchase info, with tax where it is known; None where there is no price."""
    price = info.price
    if not price.exists:
        return None
    return price.incl_tax if price.is_tax_known else price.excl_tax


def product(found: Any, *, base_url: str, price: Decimal | None = None) -> StoreLine:
    parent = found.parent if found.parent_id else None
    return StoreLine(
        product_id=str(found.pk),
        name=found.title or (parent.title if parent else ""),
        sku=found.upc or "",
        category=_first_name((found.categories.all()) or (parent.categories.all() if parent else ())),
        price=price or Decimal(0),
        url=_absolute(base_url, _page(found)),
        image_url=_absolute(base_url, _image(found) or (_image(parent) if parent else "")),
    )


def _first_name(categories: Iterable[Any]) -> str:
    found = sorted(categories, key=lambda category: category.path)
    return str(found[0].name) if found else ""


def _page(found: Any) -> str:
    try:
        return str(found.get_absolute_url())
    except NoReverseMatch:  # A shop without Oscar's own pages.
        return ""


def _image(found: Any) -> str:
    images = sorted(found.images.all(), key=lambda image: image.display_order)
    return str(images[0].original.url) if images and images[0].original else ""


def _order_url(order: Any, base_url: str) -> str:
    try:
        if order.user_id:
            return _absolute(base_url, reverse("customer:order", kwargs={"order_number": order.number}))
        path = reverse(
            "customer:anon-order",
            kwargs={"order_number": order.number, "hash": order.verification_hash()},
        )
    except NoReverseMatch:
        return ""
    return _absolute(base_url, path)


def _absolute(base_url: str, path: str) -> str:
    return urljoin(base_url, path) if path else ""
