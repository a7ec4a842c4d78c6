"""
The page behind the link by which somebody chooses how often, when and about what they are texted.

As on the page by which they stop, there is no log-in and no CSRF token, and looking changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_drip.compliance import times
from wagtail_drip.compliance.time_rules import SHIPPED
from wagtail_drip.contacts import preference_actions
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.inbox import own_pages
from wagtail_drip.messaging import facts
from wagtail_drip.public import pages, stopping, visitors
from wagtail_drip.public.preferences_form import PreferencesForm
from wagtail_drip.public.visitors import Visitor
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.stores import interests

SOURCE = "page:preferences"
# More topics than this nobody reads through on a phone.
MOST_TOPICS = 30


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what they chose; a POST notes what they choose now."""
    visitor = visitors.find(token)
    if visitor is None:
        return stopping.unknown_link(request)
    stop_address = reverse("wagtail_drip:stop_page", args=[token])
    if visitor.stopped_by():
        # There is nothing to choose until they take it back, and that page says how.
        return pages.private(HttpResponseRedirect(stop_address))
    with translation.override(pages.language_of(request, visitor.contact.language)):
        topics = _topics(visitor)
        form = _form(visitor, topics, request.POST if request.method == "POST" else None)
        if form.is_valid():
            own_pages.choose(
                contact_id=visitor.contact.pk,
                site_id=visitor.site_id,
                wishes=form.wishes(),
                topics=form.chosen_topics(),
                interests=form.chosen_interests(),
                source=SOURCE,
                wording=_wording(visitor),
                now=clock.now(),
            )
            address = reverse("wagtail_drip:preferences", args=[token])
            return pages.private(HttpResponseRedirect(f"{address}?saved"))
        context: dict[str, Any] = {
            "form": form,
            "topics_hint": _wording(visitor),
            "is_saved": "saved" in request.GET and not form.is_bound,
            "stop_address": stop_address,
            "data_address": reverse("wagtail_drip:ask_own_data", args=[token]),
        }
    return pages.answer(
        request,
        "wagtail_drip/public/preferences.html",
        context,
        site_id=visitor.site_id,
        language=visitor.contact.language,
    )


def _form(visitor: Visitor, topics: list[tuple[str, bool]], data: Any) -> PreferencesForm:
    offered = interests.offered()
    own = interests.said_by(visitor.contact.pk) if offered else set()
    return PreferencesForm(
        data,
        contact=visitor.contact,
        topics=topics,
        interests=[(each.pk, each.name, each.pk in own) for each in offered],
        zone=_zone(visitor),
        now=clock.now(),
    )


def _topics(visitor: Visitor) -> list[tuple[str, bool]]:
    """Return the topics that this person can close or open again, and whether they get them now."""
    in_general, decided, agreed = preference_actions.topics(visitor.contact.pk, visitor.site_id)
    used = sequences.topics(visitor.site_id) if in_general else []
    found = {
        topic: decided.get(topic, in_general)
        for topic in {*used, *decided}
        if in_general or decided.get(topic) or topic in agreed
    }
    return sorted(found.items())[:MOST_TOPICS]


def _zone(visitor: Visitor) -> str:
    """Return the zone by whose clock this person is texted."""
    number, own = visitor.contact.active_phone, facts.known_zone(visitor.contact.zone)
    if own or not number:
        return own
    site = SiteSettings.objects.filter(site_id=visitor.site_id).first() or SiteSettings(
        site_id=visitor.site_id
    )
    return times.chosen_zone(facts.question_of_times(number, "", site, SHIPPED))


def _wording(visitor: Visitor) -> str:
    return _("%(sender)s texts you about what is ticked.") % {"sender": pages.sender_name(visitor.site_id)}
