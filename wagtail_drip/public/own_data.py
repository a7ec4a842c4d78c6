"""
Two pages: one that sends a code to the phone, and the one that the code opens, where somebody's data are their own.

As on the page by which they stop there is no log-in and no CSRF token; looking changes nothing. The first is behind
the link of every text and shows nothing of anybody's. The second has an address that is good for half an hour.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_drip.contacts import attributes
from wagtail_drip.contacts.models import DataRequest, Permission
from wagtail_drip.core import clock
from wagtail_drip.privacy import export, own_data, trail
from wagtail_drip.public import pages, stopping, visitors
from wagtail_drip.public.own_data_form import CorrectionForm
from wagtail_drip.public.visitors import Visitor
from wagtail_drip.stores import interests


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: HttpRequest, token: str) -> HttpResponse:
    """Offer a code; a POST sends it, or opens the page by it."""
    visitor = visitors.find(token)
    if visitor is None:
        return stopping.unknown_link(request)
    here, now = reverse("wagtail_drip:ask_own_data", args=[token]), clock.now()
    is_wrong = False
    if request.method == "POST":
        choice = request.POST.get("choice")
        if choice == "send":
            _send(request, visitor)
            return _to(f"{here}?sent")
        session = own_data.open_with(
            contact_id=visitor.contact.pk,
            site_id=visitor.site_id,
            code=request.POST.get("code", ""),
            now=now,
        )
        if session:
            return _to(reverse("wagtail_drip:own_data", args=[session]))
        is_wrong = True
    return pages.answer(
        request,
        "wagtail_drip/public/ask_own_data.html",
        {
            "can_send": bool(visitor.contact.active_phone) and not visitor.stopped_by(),
            "is_sent": "sent" in request.GET or is_wrong,
            "is_wrong": is_wrong,
            "is_restricted": visitor.contact.restricted_at is not None,
        },
        site_id=visitor.site_id,
        language=visitor.contact.language,
        status=400 if is_wrong else 200,
    )


def _send(request: HttpRequest, visitor: Visitor) -> None:
    """Send a code, unless one went lately; the page says the same either way."""
    if visitor.stopped_by():
        return
    own_data.ask(
        contact_id=visitor.contact.pk,
        site_id=visitor.site_id,
        sender=pages.sender_name(visitor.site_id),
        language=pages.language_of(request, visitor.contact.language),
        now=clock.now(),
    )


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def data_page(request: HttpRequest, session: str) -> Any:
    """Show what is kept of somebody; a POST does what its button says."""
    now = clock.now()
    opened = own_data.find(session, now=now)
    if opened is None:
        return pages.answer(request, "wagtail_drip/public/data_closed.html", {}, site_id=None, status=404)
    contact = opened.contact
    form: CorrectionForm | None = None
    with translation.override(pages.language_of(request, contact.language)):
        choice = request.POST.get("choice") if request.method == "POST" else ""
        if choice == "download":
            return _download(opened)
        if choice == "correct":
            form = CorrectionForm(request.POST, contact=contact)
            if form.is_valid():
                own_data.correct(contact, fields=form.fields_told(), birthday=form.birthday(), now=now)
                return _to(f"{request.path}?saved")
        elif choice == "erase":
            if "sure" in request.POST and own_data.forget(opened, code=request.POST.get("code", ""), now=now):
                return pages.answer(
                    request,
                    "wagtail_drip/public/data_erased.html",
                    {},
                    site_id=opened.site_id,
                    language=contact.language,
                )
            return _page(request, opened, CorrectionForm(contact=contact), is_refused=True)
        elif choice in ("restrict", "unrestrict"):
            own_data.restrict(contact.pk, is_restricted=choice == "restrict", now=now)
            return _to(f"{request.path}?saved")
        elif choice in ("object", "agree"):
            own_data.object_to_profiling(contact.pk, objects=choice == "object", now=now)
            return _to(f"{request.path}?saved")
        elif choice == "forget_interests":
            own_data.forget_interests(contact.pk, now=now)
            return _to(f"{request.path}?saved")
        return _page(request, opened, form or CorrectionForm(contact=contact))


def _page(
    request: HttpRequest, opened: DataRequest, form: CorrectionForm, *, is_refused: bool = False
) -> HttpResponse:
    contact, now = opened.contact, clock.now()
    is_bad = is_refused or form.is_bound
    return pages.answer(
        request,
        "wagtail_drip/public/own_data.html",
        {
            "contact": contact,
            "form": form,
            "is_saved": "saved" in request.GET and not is_bad,
            "is_refused": is_refused,
            "kept": own_data.kept(contact.pk, now=now),
            "shown_interests": [each.interest.name for each in interests.told_of(contact.pk, now=now)[1]],
            "attributes": {
                attributes.label_of(name): attributes.shown(name, value)
                for name, value in contact.attributes.items()
                if name != own_data.BIRTHDAY
            },
            "permissions": [
                (row.group, row.topic, row.granted, row.since)
                for row in Permission.objects.filter(contact=contact, site=opened.site_id).order_by(
                    "group", "topic"
                )
            ],
        },
        site_id=opened.site_id,
        language=contact.language,
        status=400 if is_bad else 200,
    )


def _download(opened: DataRequest) -> StreamingHttpResponse:
    trail.note(opened.contact_id, trail.EXPORTED, by=own_data.BY)
    answer = StreamingHttpResponse(
        export.of_contact(opened.contact_id, now=clock.now()), content_type="application/json; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _to(address: str) -> HttpResponse:
    return pages.private(HttpResponseRedirect(address))
