"""The public addresses, included by ``wagtail_drip.urls``."""

from __future__ import annotations

from django.urls import path

from wagtail_drip.public import carts, health, preferences, stopping, views

urlpatterns = [
    path("health/", health.health, name="health"),
    path("l/<slug:token>/", views.short_link, name="short_link"),
    path("stop/<str:token>/", stopping.stop_page, name="stop_page"),
    path("preferences/<str:token>/", preferences.preferences_page, name="preferences"),
    path("cart/<slug:store>/<str:token>/", carts.recover_cart, name="recover_cart"),
]
