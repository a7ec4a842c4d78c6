"""How many people the rules mean that somebody is just writing, who some of them are, and the rules in a sentence."""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View
from wagtail.admin.panels import Panel
from wagtail.admin.staticfiles import versioned_static

from wagtail_drip.contacts.models import Permission
from wagtail_drip.contacts.types import Channel, PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.segments import blocks, matching
from wagtail_drip.segments.models import Segment

SHOWN = 5


class CountPanel(Panel):
    """Stands beside the rules and asks for the count whenever they change."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_drip/admin/segments/count_panel.html"

        @property
        def media(self) -> forms.Media:
            return forms.Media(
                js=[versioned_static("wagtail_drip/js/controllers/segment-count-controller.js")],
                css={"all": [versioned_static("wagtail_drip/css/editor.css")]},
            )

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["count_url"] = reverse("wagtail_drip_segments:count")
            return context


class CountView(View):
    """Answers a form's rules with a piece of page; writes nothing."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        if not any(user.has_perm(f"wagtail_drip.{what}_segment") for what in ("add", "change")):
            raise PermissionDenied
        return render(request, "wagtail_drip/admin/segments/count.html", _told(request))


def _told(request: HttpRequest) -> dict[str, Any]:
    stream_block = Segment._meta.get_field("rules").stream_block
    match = str(request.POST.get("match") or "all")
    try:
        stream = stream_block.clean(stream_block.value_from_datadict(request.POST, request.FILES, "rules"))
    except ValidationError:
        return {"problems": [_("One of the values is not possible here; saving shows which.")]}
    told: dict[str, Any] = {"sentence": blocks.sentence(match, stream)}
    problems = list(blocks.problems(stream))
    if problems:
        return {**told, "problems": problems}
    began = time.monotonic()
    try:
        with matching.room_to_think():
            found = matching.people(blocks.compiled(match, stream), now=clock.now())
            told["people"] = sum(each.count() for each in found)
            agreed = Permission.objects.filter(
                group=PurposeGroup.MARKETING, channel=Channel.SMS, topic="", granted=True
            )
            told["reachable"] = sum(
                each.filter(active_phone__isnull=False, pk__in=agreed.values("contact_id")).count()
                for each in found
            )
            if request.user.has_perm("wagtail_drip.view_contact"):
                some = [contact for each in found for contact in each.order_by("-pk")[:SHOWN]]
                told["some"] = sorted(some, key=lambda contact: -contact.pk)[:SHOWN]
    except DatabaseError:
        return {
            **told,
            "problems": [_("The database could not count this now. Save, and it is tried again.")],
        }
    return {**told, "seconds": round(time.monotonic() - began, 1), "at": timezone.localtime()}
