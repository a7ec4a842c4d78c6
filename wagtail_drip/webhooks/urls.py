"""The one address that a gateway's provider calls, for receipts and replies alike."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [path("gateways/<str:alias>/", views.webhook, name="webhook")]
