"""Everything that the outside reaches, for one include in a site's urls."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "wagtail_drip"

urlpatterns: list[URLPattern | URLResolver] = []
