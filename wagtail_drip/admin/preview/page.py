"""What the two previews have in common: the person, the reader's language and theme, the page around the bubbles."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from wagtail.models import Site
from wagtail.users.models import UserProfile

from wagtail_drip.admin.preview import people
from wagtail_drip.admin.preview.views import ATTRIBUTE, LANGUAGE, SHOWS_NUMBERS
from wagtail_drip.core import sites
from wagtail_drip.core.models import SiteSettings

Renderer = Callable[[Any, HttpRequest, str], HttpResponse]


def in_the_readers_language(render: Renderer) -> Renderer:
    """Draw in the language of the admin. Wagtail previews in the site's, for it previews pages."""

    @wraps(render)
    def translated(instance: Any, request: HttpRequest, mode_name: str) -> HttpResponse:
        language = getattr(request, LANGUAGE, None) or _profile(request).get_preferred_language()
        with translation.override(language):
            response = render(instance, request, mode_name)
            if isinstance(response, TemplateResponse):
                response.render()
            return response

    return translated


def site_id_for(instance: Any) -> int:
    """Return the site that the instance texts for: its own, else the default one."""
    site_id: int | None = getattr(instance, "site_id", None)
    if site_id is None:
        site_id = sites.default_id()
    return site_id or 0


def person_for(request: HttpRequest, *, trigger_event: str, site_id: int) -> people.Person:
    """Return as whom this request is shown; only our own preview views ever name a contact."""
    return people.person(
        getattr(request, ATTRIBUTE, None),
        trigger_event=trigger_event,
        site_id=site_id,
        shows_numbers=getattr(request, SHOWS_NUMBERS, False),
    )


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
        {
            "object": instance,
            "request": request,
            "person": person,
            "sender": sender,
            "theme": _profile(request).theme,
            **context,
        },
    )


def _profile(request: HttpRequest) -> UserProfile:
    """Return how the reader likes the admin; the defaults where they never said."""
    profile = UserProfile.objects.filter(user_id=request.user.pk).first() if request.user.pk else None
    return profile or UserProfile()
