"""The addresses that sign-up forms post to, and the page on which the owner of a number says yes without a reply."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe
from wagtail.models import Site

from wagtail_drip.conf import settings
from wagtail_drip.contacts.models import OptInRequest
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.inbox import senders, sign_ups
from wagtail_drip.public import pages, sign_up_forms
from wagtail_drip.public.sign_up_forms import AnswerForm, SignUpForm
from wagtail_drip.stores import interests


@login_not_required
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Take what a form was filled in with; where it cannot be taken, show the form again and say why."""
    form = sign_up_forms.read(request.POST.get("form", "") or request.GET.get("form", ""))
    if form is None or not Site.objects.filter(pk=form.site_id).exists():
        return pages.answer(request, "wagtail_drip/public/sign_up_unknown.html", {}, site_id=None, status=400)
    if request.method != "POST":
        return _page(request, form, None)
    with translation.override(pages.language_of(request, form.language)):
        answer = AnswerForm(request.POST, region=form.region, offered=form.offered())
        if answer.is_a_machine:
            return _done(form)
        if not answer.is_valid():
            return _page(request, form, answer)
        try:
            sign_ups.sign_up(
                number=answer.cleaned_data["phone"],
                site_id=form.site_id,
                asked=form.asked(ip=request.META.get("REMOTE_ADDR") or None, interests=answer.interests),
                now=clock.now(),
            )
        except sign_ups.TooManySignUps:
            answer.add_error(
                None, _("Too many numbers were entered from your connection. Please try again in an hour.")
            )
            return _page(request, form, answer, status=429)
    return _done(form)


def _page(
    request: HttpRequest, form: SignUpForm, answer: AnswerForm | None, *, status: int = 200
) -> HttpResponse:
    page = pages.answer(
        request,
        "wagtail_drip/public/sign_up.html",
        dict(sign_up_forms.context(form, request, answer=answer)),
        site_id=form.site_id,
        language=form.language,
        status=status,
    )
    # As on the page that brings a cart back: without an origin the browser's next POST fails the CSRF check.
    page["Referrer-Policy"] = "same-origin"
    return page


def _done(form: SignUpForm) -> HttpResponse:
    """Lead to one and the same page, whatever was done: it tells nobody whether we know the number."""
    name = "sign_up_asked" if form.is_double else "signed_up"
    address = reverse(f"wagtail_drip:{name}", args=[form.site_id])
    return pages.private(HttpResponseRedirect(f"{address}?lang={form.language}"))


@login_not_required
@require_safe
def asked(request: HttpRequest, site_id: int, is_double: bool = True) -> HttpResponse:
    """Say what happens next, to everybody alike."""
    site = core.site_settings(site_id) if Site.objects.filter(pk=site_id).exists() else None
    own_number = (
        site.sender_address if site is not None and site.sender_address.strip("+").isdecimal() else ""
    )
    hours = settings.OPT_IN_HOURS
    language = request.GET.get("lang", "")[:16]
    with translation.override(pages.language_of(request, language)):
        within = ngettext("within %(n)s hour", "within %(n)s hours", hours) % {"n": hours}
    return pages.answer(
        request,
        "wagtail_drip/public/sign_up_asked.html",
        {
            "is_double": is_double,
            "can_reply": site is None or senders.can_be_answered(site),
            "within": within,
            "own_number": own_number,
        },
        site_id=site_id,
        language=language,
    )


# No CSRF token, as on the page behind a stop: whoever has the address has the phone that it was sent to.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_opt_in(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more, in the words of the form; only a POST is a yes, for scanners follow links."""
    found = sign_ups.find(token)
    if found is None:
        return pages.answer(request, "wagtail_drip/public/unknown_link.html", {}, site_id=None, status=404)
    if request.method == "POST":
        sign_ups.confirm_by_page(token, now=clock.now())
        return pages.private(HttpResponseRedirect(request.path))
    return pages.answer(
        request,
        "wagtail_drip/public/confirm.html",
        {"wording": found.wording, "standing": standing(found), "interests": _ticked(found)},
        site_id=found.site_id,
        language=found.language,
    )


def _ticked(request: OptInRequest) -> list[str]:
    """Return the names of the interests that were ticked with the form."""
    names = interests.names() if request.interests else {}
    return [names[pk] for pk in request.interests or () if pk in names]


def standing(request: OptInRequest) -> str:
    """Return ``waiting``, ``confirmed``, ``withdrawn``, or ``expired``."""
    if request.state == "waiting" and request.expires_at <= clock.now():
        return "expired"
    return request.state
