"""The public addresses, included by ``wagtail_drip.urls``."""

from __future__ import annotations

from django.urls import path

from wagtail_drip.public import carts, health, own_data, preferences, signing_up, stopping, views

urlpatterns = [
    path("health/", health.health, name="health"),
    path("l/<slug:token>/", views.short_link, name="short_link"),
    path("stop/<str:token>/", stopping.stop_page, name="stop_page"),
    path("preferences/<str:token>/", preferences.preferences_page, name="preferences"),
    path("data/<str:token>/", own_data.ask_page, name="ask_own_data"),
    path("your-data/<str:session>/", own_data.data_page, name="own_data"),
    path("sign-up/", signing_up.sign_up, name="sign_up"),
    path("sign-up/<int:site_id>/asked/", signing_up.asked, name="sign_up_asked"),
    path("sign-up/<int:site_id>/done/", signing_up.asked, {"is_double": False}, name="signed_up"),
    path("yes/<slug:token>/", signing_up.confirm_opt_in, name="confirm_opt_in"),
    path("cart/<slug:store>/<str:token>/", carts.recover_cart, name="recover_cart"),
]
