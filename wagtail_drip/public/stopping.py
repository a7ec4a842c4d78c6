"""
The page behind the link by which somebody stops: no log-in, and looking changes nothing, for scanners look too.

There is no CSRF token: whoever knows the address may press its button anyway, and the browser inside a messaging
app may keep no cookie. Nobody must be kept from stopping by that.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_drip.core import clock
from wagtail_drip.inbox import own_pages
from wagtail_drip.public import pages, visitors
from wagtail_drip.public.visitors import Visitor

SOURCE = "page:stop"


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say what will happen; a POST makes it happen, or takes it back."""
    visitor = visitors.find(token)
    if visitor is None:
        return unknown_link(request)
    if request.method == "POST":
        has_returned = press(request, visitor)
        address = reverse("wagtail_drip:stop_page", args=[token])
        return pages.private(HttpResponseRedirect(f"{address}?back" if has_returned else address))
    reasons = visitor.stopped_by()
    return pages.answer(
        request,
        "wagtail_drip/public/stop.html",
        {
            "is_stopped": bool(reasons),
            "may_start": visitors.may_start(reasons),
            "is_back": "back" in request.GET,
            "data_address": reverse("wagtail_drip:ask_own_data", args=[token]),
            "preferences_address": reverse("wagtail_drip:preferences", args=[token]),
            "others": [
                pages.sender_name(row.site_id)
                for row in visitor.reach.sites
                if row.site_id != visitor.site_id
            ],
            **_words(request, visitor),
        },
        site_id=visitor.site_id,
        language=visitor.contact.language,
    )


def unknown_link(request: HttpRequest) -> HttpResponse:
    """Say kindly that a link opens nothing, and how to stop without it."""
    return pages.answer(request, "wagtail_drip/public/unknown_link.html", {}, site_id=None, status=404)


def press(request: HttpRequest, visitor: Visitor) -> bool:
    """Do what the button said, and return whether it was the one that takes a stop back."""
    is_start = request.POST.get("choice") == "start"
    words = _words(request, visitor)
    act = own_pages.start if is_start else own_pages.stop
    act(
        contact_id=visitor.contact.pk,
        site_id=visitor.site_id,
        source=SOURCE,
        wording=words["again"] if is_start else words["question"],
        now=clock.now(),
    )
    return is_start


def _words(request: HttpRequest, visitor: Visitor) -> dict[str, str]:
    """Return what the page says; the record of what they chose holds the same words."""
    values = {"sender": pages.sender_name(visitor.site_id)}
    with translation.override(pages.language_of(request, visitor.contact.language)):
        return {
            "question": _(
                "If you press the button, %(sender)s sends no more texts to your phone: no offers, and no news of "
                "your orders either. You can take it back later by texting START."
            )
            % values,
            "done": _("%(sender)s sends no more texts to your phone.") % values,
            "again": _(
                "Did you not mean to stop? Then %(sender)s texts you again, as you had agreed to before."
            )
            % values,
        }
