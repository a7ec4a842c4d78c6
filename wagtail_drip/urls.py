"""Everything that the outside reaches, for one include in a site's urls."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

app_name = "wagtail_drip"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("wagtail_drip.public.urls")),
    path("", include("wagtail_drip.webhooks.urls")),
]
