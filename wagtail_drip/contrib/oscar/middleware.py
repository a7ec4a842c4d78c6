"""Learns who is at the checkout, and what they answered beside the box, the moment the address is accepted."""

from __future__ import annotations

from collections.abc import Callable

from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from wagtail_drip.contrib.oscar import capture
from wagtail_drip.contrib.oscar.adapter import OscarAdapter
from wagtail_drip.contrib.oscar.receivers import leave
from wagtail_drip.events import actions as events
from wagtail_drip.events.harmless import harmless
from wagtail_drip.events.models import Notice
from wagtail_drip.stores import kinds, registry

ADDRESS_VIEW = "checkout:shipping-address"


class CheckoutCaptureMiddleware:
    """
    Stands after Oscar's BasketMiddleware.

    It looks only at an answer to a POST of the shipping-address step that sends the shopper on; any other
    request passes without a query, and no error of ours reaches the shopper.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302:
            match = request.resolver_match
            if match is not None and match.view_name == ADDRESS_VIEW:
                _capture(request, response)
        return response


@harmless
def _capture(request: HttpRequest, response: HttpResponse) -> None:
    store = registry.alias_of(OscarAdapter)
    if store is None or response["Location"] in _sent_back():
        return
    # A savepoint of its own: the questions asked here must not spoil a transaction of the request's either.
    with transaction.atomic(using=router.db_for_write(Notice)):
        envelope = capture.checkout(request, options=registry.get(store).options)
        if envelope is not None:
            cart_id = envelope["properties"]["cart_id"]
            leave(
                kinds.CAPTURED,
                key=events.touch_key("captured", cart_id),
                object_id=cart_id,
                envelope=envelope,
            )


def _sent_back() -> set[str]:
    """Return where Oscar sends a shopper who may not be here: nothing was accepted then."""
    return {reverse("basket:summary"), reverse("checkout:index")}
