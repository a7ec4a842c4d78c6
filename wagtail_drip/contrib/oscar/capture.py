"""What a shopper's form told beyond what Oscar keeps: a number, and an answer to the question beside the box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from oscar.core.loading import get_model
from wagtail.models import Site

from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.contrib.oscar import adapter, translate
from wagtail_drip.contrib.oscar import options as shop_options

CONSENT_FIELD = "drip_sms_consent"
PHONE_FIELD = "drip_phone"

Envelope = dict[str, Any]


def registration(request: HttpRequest, user: Any, *, options: Mapping[str, Any]) -> Envelope:
    """Return the envelope of ``customer_registered``, with the number and the answer if they were given."""
    phone = str(request.POST.get(PHONE_FIELD, "")).strip()[:64]
    contact = {**_account(user), "phone": phone}
    consents = []
    if phone and _is_ticked(request):
        consents.append(
            _marketing(request, options, source="oscar registration", method=ConsentMethod.WEB_FORM)
        )
    return _envelope("customer_registered", request, contact=contact, consents=consents, properties={})


def checkout(request: HttpRequest, *, options: Mapping[str, Any]) -> Envelope | None:
    """
    Return the envelope of who is at the checkout, read after the address was accepted.

    None where there is no basket, or nothing that tells who it is.
    """
    basket_id = request.basket.pk  # type: ignore[attr-defined] # Oscar's middleware has put it there
    contact = _shopper(request)
    if not basket_id or not any(contact.values()):
        return None
    consents = []
    if contact.get("phone"):
        if options["TRANSACTIONAL_FROM_CHECKOUT"]:
            wording = adapter.phone_help_text()
            consents.append(translate.transactional_consent(wording=wording, ip=_ip(request)))
        if _is_ticked(request):
            consents.append(
                _marketing(request, options, source=translate.SOURCE, method=ConsentMethod.CHECKOUT)
            )
    return {
        **_envelope(
            "checkout_started",
            request,
            contact=contact,
            consents=consents,
            properties={"cart_id": str(basket_id), "checkout_id": str(basket_id)},
        ),
        # However often the page is sent, one checkout was begun.
        "event_key": f"checkout:{basket_id}",
    }


def _shopper(request: HttpRequest) -> dict[str, str]:
    data = request.session.get("checkout_data") or {}
    shipping = data.get("shipping") or {}
    fields = dict(shipping.get("new_address_fields") or {})
    user = request.user
    if not fields and shipping.get("user_address_id") and user.is_authenticated:
        saved = get_model("address", "UserAddress").objects.filter(
            pk=shipping["user_address_id"], user_id=user.pk
        )
        address = saved.first()
        fields = {
            "phone_number": translate.number_of(address),
            "country_id": getattr(address, "country_id", ""),
            "first_name": getattr(address, "first_name", ""),
            "last_name": getattr(address, "last_name", ""),
        }
    account = _account(user) if user.is_authenticated else {}
    return {
        "user_id": account.get("user_id", ""),
        "email": account.get("email") or str((data.get("guest") or {}).get("email") or ""),
        "first_name": account.get("first_name") or str(fields.get("first_name") or ""),
        "last_name": account.get("last_name") or str(fields.get("last_name") or ""),
        "phone": str(fields.get("phone_number") or ""),
        "region": str(fields.get("country_id") or ""),
    }


def _account(user: Any) -> dict[str, str]:
    return {
        "user_id": str(user.pk),
        "email": str(getattr(user, "email", "") or ""),
        "first_name": str(getattr(user, "first_name", "") or ""),
        "last_name": str(getattr(user, "last_name", "") or ""),
    }


def _is_ticked(request: HttpRequest) -> bool:
    return bool(request.POST.get(CONSENT_FIELD))


def _marketing(
    request: HttpRequest, options: Mapping[str, Any], *, source: str, method: ConsentMethod
) -> Consent:
    wording = shop_options.consent_wording(options)
    return Consent(
        group=PurposeGroup.MARKETING,
        granted=True,
        source=source,
        method=method,
        wording=wording,
        wording_version=shop_options.wording_version(wording),
        ip=_ip(request),
    )


def _ip(request: HttpRequest) -> str | None:
    # Only what the server itself saw: forwarded headers are the site's to trust or not.
    return request.META.get("REMOTE_ADDR") or None


def _envelope(
    event: str,
    request: HttpRequest,
    *,
    contact: dict[str, str],
    consents: list[Consent],
    properties: dict[str, Any],
) -> Envelope:
    site = Site.find_for_request(request)
    return {
        "event": event,
        "source": "signal",
        "contact": {name: value for name, value in contact.items() if value},
        "consent": [_plain(consent) for consent in consents],
        "properties": properties,
        "site_id": site.pk if site else None,
    }


def _plain(consent: Consent) -> dict[str, Any]:
    return {
        "group": consent.group.value,
        "granted": consent.granted,
        "source": consent.source,
        "method": consent.method.value,
        "wording": consent.wording,
        "wording_version": consent.wording_version,
        "ip": consent.ip,
    }
