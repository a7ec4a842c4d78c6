"""Answers for an Oscar shop, a batch at a time, from a worker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from oscar.core.loading import get_class, get_model
from wagtail.models import Site

from wagtail_drip import conf
from wagtail_drip.contacts.types import Consent
from wagtail_drip.contrib.oscar import options as shop_options
from wagtail_drip.contrib.oscar import recovery, translate
from wagtail_drip.stores.adapter import StoreAdapter
from wagtail_drip.stores.types import StoreCart, StoreChange, StoreCustomer, StoreLine, StoreOrder


class OscarAdapter(StoreAdapter):
    """``OPTIONS`` are those of ``options.DEFAULTS``."""

    label = "django-oscar"
    is_local = True

    def __init__(self, *, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias=alias, options=shop_options.read(options))

    def orders(self, ids: Collection[str]) -> dict[str, StoreOrder]:
        wanted = _whole(ids)
        if not wanted:
            return {}
        rows = (
            get_model("order", "Order")
            .objects.filter(pk__in=wanted)
            .select_related("user", "shipping_address", "site")
            .prefetch_related(
                "discounts",
                "lines__product__parent",
                *_product_parts("lines__product__"),
            )
        )
        site_of = _site_finder()
        base = base_url()
        return {
            str(row.pk): translate.order(
                row,
                store=self.alias,
                site_id=site_of(row.site),
                base_url=base,
                consents=self._consents_of(row),
            )
            for row in rows
        }

    def _consents_of(self, order: Any) -> tuple[Consent, ...]:
        if not self.options["TRANSACTIONAL_FROM_CHECKOUT"] or not translate.number_of(order.shipping_address):
            return ()
        return (translate.transactional_consent(wording=phone_help_text()),)

    def carts(self, ids: Collection[str]) -> dict[str, StoreCart | None]:
        wanted = _whole(ids)
        found: dict[str, StoreCart | None] = dict.fromkeys(ids)
        if not wanted:
            return found
        orders = get_model("order", "Order").objects.filter(basket=OuterRef("pk"))
        rows = (
            get_model("basket", "Basket")
            .objects.filter(pk__in=wanted)
            .annotate(drip_is_ordered=Exists(orders))
            .select_related("owner")
            .prefetch_related(
                "vouchers",
                "lines__stockrecord",
                "lines__product__product_class",
                "lines__product__parent__product_class",
                "lines__product__stockrecords",
                *_product_parts("lines__product__"),
            )
        )
        selector = get_class("partner.strategy", "Selector")()
        base = base_url()
        for row in rows:
            strategy = selector.strategy(user=row.owner)
            infos = {line.pk: strategy.fetch_for_line(line) for line in row.lines.all() if line.product}
            found[str(row.pk)] = translate.cart(
                row, store=self.alias, base_url=base, is_ordered=row.drip_is_ordered, infos=infos
            )
        return found

    def carts_live(self, ids: Collection[str]) -> dict[str, bool]:
        basket = get_model("basket", "Basket")
        live = (
            basket.objects.filter(pk__in=_whole(ids), status__in=[basket.OPEN, basket.FROZEN])
            .filter(Exists(get_model("basket", "Line").objects.filter(basket=OuterRef("pk"))))
            .exclude(Exists(get_model("order", "Order").objects.filter(basket=OuterRef("pk"))))
        )
        alive = {str(pk) for pk in live.values_list("pk", flat=True)}
        return {each: each in alive for each in ids}

    def customers(self, ids: Collection[str]) -> dict[str, StoreCustomer]:
        wanted = _whole(ids)
        if not wanted:
            return {}
        site_id = _site_finder()(None)
        return {
            str(user.pk): StoreCustomer(
                customer_id=str(user.pk),
                identity=translate.user_identity(user, store=self.alias),
                site_id=site_id,
            )
            for user in get_user_model().objects.filter(pk__in=wanted)
        }

    def payments(self, ids: Collection[str]) -> dict[str, StoreChange]:
        rows = (
            get_model("payment", "Transaction")
            .objects.filter(pk__in=_whole(ids))
            .select_related("source__order", "source__source_type")
        )
        found = {}
        for row in rows:
            event = self.options["PAYMENT_EVENTS"].get(row.txn_type, "")
            is_all = row.amount >= row.source.order.total_incl_tax
            details: dict[str, Any] = {"partial": not is_all}
            if event == "order_paid":
                details = {"fully_paid": is_all, "payment_method": row.source.source_type.name}
            found[str(row.pk)] = StoreChange(
                order_id=str(row.source.order_id),
                event=event,
                key=f"order:{row.source.order_id}:{event}:{row.pk}",
                at=row.date_created,
                amount=row.amount,
                details=details,
            )
        return found

    def shipments(self, ids: Collection[str]) -> dict[str, StoreChange]:
        rows = (
            get_model("order", "ShippingEvent")
            .objects.filter(pk__in=_whole(ids))
            .select_related("event_type", "order")
            .prefetch_related("line_quantities", "order__lines")
        )
        found = {}
        for row in rows:
            event = self.status_event(row.event_type.name)
            sent = sum(each.quantity for each in row.line_quantities.all())
            is_partial = 0 < sent < sum(line.quantity for line in row.order.lines.all())
            details: dict[str, Any] = {}
            if event == "order_fulfilled":
                details["partial"] = is_partial
                if row.notes and len(row.notes) <= 64 and "\n" not in row.notes:
                    details["tracking_number"] = row.notes
            if event == "order_delivered":
                details["delivered_at"] = row.date_created.isoformat()
            # A whole shipment and the status that follows it are one event; each parcel is one of its own.
            key = f"order:{row.order_id}:{event}" + (f":{row.pk}" if is_partial else "")
            found[str(row.pk)] = StoreChange(
                order_id=str(row.order_id), event=event, key=key, at=row.date_created, details=details
            )
        return found

    def products(self, ids: Collection[str]) -> dict[str, StoreLine]:
        base = base_url()
        found = {}
        for row, info in self._with_info(ids):
            price = translate.price_of(info)
            found[str(row.pk)] = translate.product(row, base_url=base, price=price)
        return found

    def in_stock(self, ids: Collection[str]) -> dict[str, bool]:
        known = {str(row.pk): info.availability.is_available_to_buy for row, info in self._with_info(ids)}
        return {each: bool(known.get(each)) for each in ids}

    def _with_info(self, ids: Collection[str]) -> list[tuple[Any, Any]]:
        rows = (
            get_model("catalogue", "Product")
            .objects.filter(pk__in=_whole(ids))
            .select_related("product_class", "parent__product_class")
            .prefetch_related("stockrecords", *_product_parts(""))
        )
        strategy = get_class("partner.strategy", "Selector")().strategy()
        return [(row, strategy.fetch_for_product(row)) for row in rows]

    def status_event(self, status: str) -> str:
        return str(self.options["STATUS_EVENTS"].get(status, ""))

    def recovery_url(self, cart_id: str) -> str:
        token = recovery.token_of(int(cart_id))
        return urljoin(base_url(), reverse("wagtail_drip:recover_cart", args=[self.alias, token]))

    def recovery_response(self, request: HttpRequest, token: str) -> HttpResponse:
        return recovery.respond(request, token)

    def order_ids_since(self, moment: datetime, *, limit: int) -> list[str]:
        rows = get_model("order", "Order").objects.filter(date_placed__gte=moment)
        return [str(pk) for pk in rows.order_by("date_placed", "pk").values_list("pk", flat=True)[:limit]]


def base_url() -> str:
    """Return where the public reaches the shop."""
    if conf.settings.PUBLIC_BASE_URL:
        return str(conf.settings.PUBLIC_BASE_URL)
    site = Site.objects.filter(is_default_site=True).first()
    return str(site.root_url) if site else ""


def phone_help_text() -> str:
    """Return what Oscar's address form says a number is for."""
    return str(get_model("order", "ShippingAddress")._meta.get_field("phone_number").help_text)


def _product_parts(to_product: str) -> list[Prefetch[Any]]:
    """Return what is fetched with products: names of categories, and pictures, of their parents too."""
    # Without their long texts and unsorted: sorting texts sends MariaDB to the disk for two words.
    categories = get_model("catalogue", "Category").objects.only("name", "path").order_by()
    images = get_model("catalogue", "ProductImage").objects.order_by()
    return [
        Prefetch(f"{to_product}{owner}{name}", queryset=rows.all())
        for owner in ("", "parent__")
        for name, rows in (("categories", categories), ("images", images))
    ]


def _whole(ids: Collection[str]) -> list[int]:
    """Return the ids that can be Oscar's at all."""
    return [int(each) for each in ids if each.isdigit()]


def _site_finder() -> Callable[[Any], int]:
    """Return what finds the Wagtail site of a django.contrib.sites site: by host name, else the default."""
    rows = list(Site.objects.values_list("hostname", "pk", "is_default_site"))
    by_host = {hostname: pk for hostname, pk, _ in rows}
    default = next((pk for _, pk, is_default in rows if is_default), 0)
    return lambda site: by_host.get(site.domain.partition(":")[0], default) if site is not None else default
