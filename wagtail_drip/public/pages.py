"""How our own public pages are answered: in the reader's language, kept by nobody, and telling nobody whence they came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import patch_vary_headers
from wagtail.models import Site

from wagtail_drip.core.models import SiteSettings


def answer(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    site_id: int | None,
    language: str = "",
    status: int = 200,
) -> HttpResponse:
    """
    Return a public page, made of a template that extends ``wagtail_drip/public/base.html``.

    :param site_id: whose name stands above; None where nothing tells which site it is.
    :param language: the reader's as their profile has it; else the browser says it.
    """
    with translation.override(language_of(request, language)):
        page = render_to_string(template, {"sender": sender_name(site_id), **context}, request)
        response = HttpResponse(page, status=status)
        response["Content-Language"] = translation.get_language() or ""
    return private(response)


def private(response: HttpResponse) -> HttpResponse:
    """Return *response* with the headers of a page that is for one person only."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    # Nobody may lay our button under another one.
    response["X-Frame-Options"] = "DENY"
    patch_vary_headers(response, ["Accept-Language"])
    return response


def language_of(request: HttpRequest, language: str = "") -> str:
    """Return the language of a page: the reader's own where we have it, else what their browser asks for."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return translation.get_language_from_request(request)


def sender_name(site_id: int | None) -> str:
    """Return the name under which a site texts; '' where there is no such site."""
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        return ""
    own = SiteSettings.objects.filter(site_id=site.pk).values_list("sender_name", flat=True).first()
    return own or site.site_name or site.hostname
