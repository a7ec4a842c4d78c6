from __future__ import annotations

from django.urls import path

from sandbox.time_machine import views

app_name = "time_machine"
urlpatterns = [
    path("", views.page, name="page"),
    path("move/", views.move, name="move"),
]
