"""Draws a sequence's preview; wagtail_hooks puts it into the slot of ``sequences.preview``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from wagtail_drip.admin.preview import page
from wagtail_drip.admin.sequences.conversation import conversation
from wagtail_drip.admin.sequences.trigger_words import starts_when
from wagtail_drip.compliance import word_actions
from wagtail_drip.core import clock
from wagtail_drip.sequences import starts


@page.in_the_readers_language
def render(instance: Any, request: HttpRequest, mode_name: str) -> HttpResponse:
    site_id = page.site_id_for(instance)
    person = page.person_for(request, trigger_event=starts.heard_event(instance), site_id=site_id)
    return page.respond(
        request,
        instance,
        person=person,
        site_id=site_id,
        starts_when=starts_when(instance),
        conversation=conversation(instance, person, now=clock.now(), words=word_actions.lists_of(site_id)),
    )
