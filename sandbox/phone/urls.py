from __future__ import annotations

from django.urls import path

from sandbox.phone import api, views

app_name = "phone"
urlpatterns = [
    path("", views.page, name="page"),
    path("reply/", views.send_reply, name="reply"),
    path("conversation/", views.conversation, name="conversation"),
    path("messages.json", views.messages_json, name="messages_json"),
    path("api/messages", api.take_message, name="take_message"),
    path("api/messages/<str:reference>", api.find_message, name="find_message"),
]
