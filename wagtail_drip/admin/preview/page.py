"""What the two previews have in common: the person, the sender's name, the page around the bubbles."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from wagtail.models import Site

from wagtail_drip.admin.preview import people
from wagtail_drip.admin.preview.views import ATTRIBUTE
from wagtail_drip.core.models import SiteSettings

PREVIEW_SIZES = [
    {"name": "phone", "icon": "mobile-alt", "device_width": 390},
    {"name": "tablet", "icon": "tablet-alt", "device_width": 768},
]


def site_id_for(instance: Any) -> int:
    """Return the site that the instance texts for: its own, else the default one."""
    site_id: int | None = getattr(instance, "site_id", None)
    if site_id is None:
        site_id = Site.objects.order_by("-is_default_site", "pk").values_list("pk", flat=True).first()
    return site_id or 0


def person_for(request: HttpRequest, *, trigger_event: str, site_id: int) -> people.Person:
    """Return as whom this request is shown; only our own preview views ever name a contact."""
    return people.person(getattr(request, ATTRIBUTE, None), trigger_event=trigger_event, site_id=site_id)


def respond(
    request: HttpRequest, instance: Any, *, person: people.Person, site_id: int, **context: Any
) -> HttpResponse:
    settings = SiteSettings.objects.filter(site_id=site_id).first()
    sender = (settings and (settings.sender_name or settings.sender_address)) or ""
    if not sender:
        site = Site.objects.filter(pk=site_id).first()
        sender = str(site.site_name or site.hostname) if site else ""
    request.drip_preview = True  # type: ignore[attr-defined] # the content checks look for it
    return TemplateResponse(
        request,
        "wagtail_drip/admin/preview/phone.html",
        {"object": instance, "request": request, "person": person, "sender": sender, **context},
    )
