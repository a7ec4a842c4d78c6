from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.log_actions import log
from wagtail.models import Site

from wagtail_drip.admin import redaction
from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, VIEW_CONTACT
from wagtail_drip.compliance.actions import STOP_PHRASE
from wagtail_drip.compliance.models import StopReview, Suppression
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import ConsentRecord, Contact
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import clock, keys
from wagtail_drip.inbox import actions, judged
from wagtail_drip.messaging.models import InboundText

LOGGED = "wagtail_drip.review_stop"
PAGE = 25


class JudgedScreen(WagtailAdminTemplateMixin, TemplateView):
    header_icon = "comment"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perms((VIEW_CONTACT, CHANGE_CONSENT)):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class JudgedView(JudgedScreen):
    """Those to look at, or those that somebody has looked at."""

    template_name = "wagtail_drip/admin/judged/list.html"
    page_title = gettext_lazy("Judged stops")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_done = self.request.GET.get("show") == "done"
        page: Any = Paginator(_reviewed() if is_done else _to_check(), PAGE).get_page(
            self.request.GET.get("p")
        )
        reviews: list[StopReview] = list(page.object_list) if is_done else []
        texts: list[InboundText] = (
            _texts(each.inbound_text_id for each in reviews) if is_done else list(page.object_list)
        )
        shown = redaction.sees(self.request)
        return {
            **super().get_context_data(**kwargs),
            "page": page,
            "is_done": is_done,
            "rows": _rows(texts, reviews, shown=shown),
        }


def _to_check() -> QuerySet[InboundText]:
    rows = InboundText.objects.filter(phrase__gt="", verdict="stop").select_related("contact")
    return rows.order_by("-recorded_at", "-pk")


def _reviewed() -> QuerySet[StopReview]:
    return StopReview.objects.select_related("staff_user").order_by("-pk")


def _texts(ids: Iterable[int]) -> list[InboundText]:
    found = InboundText.objects.select_related("contact").in_bulk(wanted := list(ids))
    return [found[pk] for pk in wanted if pk in found]


def _rows(
    texts: Collection[InboundText], reviews: Collection[StopReview], *, shown: bool
) -> list[dict[str, Any]]:
    """Return what the list shows of each text, in a fixed number of queries."""
    by_text = {each.inbound_text_id: each for each in reversed(list(reviews))}
    heads = querysets.resolve_merged({row.contact_id for row in texts if row.contact_id})
    people = Contact.objects.in_bulk(set(heads.values()) - set(heads))
    closed = _closed(texts, heads)
    return [
        {
            "row": row,
            "text": redaction.text(row.text, shown=shown),
            "phrase": redaction.text(row.phrase, shown=shown) if shown else "",
            "who": people.get(heads.get(row.contact_id or 0, 0)) or row.contact,
            "number": redaction.number(row.from_number, shown=shown),
            "closed": closed[row.pk],
            "review": by_text.get(row.pk),
            "why": redaction.text(by_text[row.pk].reason, shown=shown) if row.pk in by_text else "",
        }
        for row in texts
    ]


def _closed(texts: Collection[InboundText], heads: dict[int, int]) -> dict[int, list[str]]:
    """Return what each of these closed, in words; nothing where all was closed before it came."""
    sources = {row.pk: actions.source_of(row.gateway, row.to_number) for row in texts}
    everybody = {*heads, *heads.values()}
    withdrawn: dict[tuple[int, str, str], list[str]] = {}
    names = {site.pk: site.site_name or site.hostname for site in Site.objects.all()}
    for contact_id, source, wording, site_id in ConsentRecord.objects.filter(
        contact__in=everybody, method=ConsentMethod.PHRASE, granted=False, source__in=set(sources.values())
    ).values_list("contact_id", "source", "wording", "site_id"):
        withdrawn.setdefault((contact_id, source, wording), []).append(names.get(site_id, ""))
    hashes = {row.pk: set(keys.number_hashes(row.from_number)) for row in texts if row.from_number}
    suppressed = set(
        Suppression.objects.filter(
            number_hash__in={each for found in hashes.values() for each in found},
            reason=STOP_PHRASE,
            lifted_at=None,
        ).values_list("number_hash", "source")
    )
    found: dict[int, list[str]] = {}
    for row in texts:
        theirs = {row.contact_id or 0, heads.get(row.contact_id or 0, 0)}
        sites = [
            name
            for contact_id in sorted(theirs)
            for name in withdrawn.get((contact_id, sources[row.pk], row.text), [])
        ]
        found[row.pk] = [_("Marketing of %(site)s") % {"site": name} for name in dict.fromkeys(sites)]
        if any((each, sources[row.pk]) in suppressed for each in hashes.get(row.pk, ())):
            found[row.pk].append(_("All texts to this number"))
    return found


class ReviewForm(forms.Form):
    decision = forms.ChoiceField(choices=[("not_a_stop", ""), ("a_stop", "")], widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why you know"),
        min_length=5,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Stands in the proof of consent with your name: “He meant the parcel; he told us on the phone.”"
        ),
    )


class ReviewView(JudgedScreen):
    """One text, what was made of it, and the button that says otherwise."""

    template_name = "wagtail_drip/admin/judged/review.html"
    page_title = gettext_lazy("Was it a stop?")

    @cached_property
    def text(self) -> InboundText:
        rows = InboundText.objects.filter(due_at=None).exclude(verdict="").select_related("contact")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_judged:index"), "label": _("Judged stops")},
            {"url": "", "label": self.get_page_title()},
        ]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ReviewForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        try:
            found = self._decide(**form.cleaned_data)
        except judged.TextsWait:
            messages.error(
                request,
                _(
                    "Nothing was changed: they have texted again, and that is not read yet. Try again in a minute."
                ),
            )
            return redirect(request.path)
        if found is None:
            messages.warning(request, _("Nothing was changed: somebody has decided it already."))
        elif form.cleaned_data["decision"] == "a_stop":
            messages.success(request, _("It counts as a stop. Nothing more goes to them from this sender."))
        elif found.restored:
            messages.success(request, _("What this text had closed is open again."))
        else:
            messages.success(
                request,
                _(
                    "It was noted. Nothing was opened: something else has closed it, or nothing was open before."
                ),
            )
        return redirect("wagtail_drip_judged:index")

    def _decide(self, *, decision: str, reason: str) -> judged.Reviewed | None:
        user: Any = self.request.user
        now = clock.now()
        if decision == "a_stop":
            found = judged.a_stop(self.text.pk, reason=reason, staff_user_id=user.pk, now=now)
        else:
            found = judged.not_a_stop(
                self.text.pk, reason=reason, staff_user_id=user.pk, by=user.get_username(), now=now
            )
        if found is not None and self.text.contact_id:
            # Why stands in the records, where it is erased with its person.
            log(
                instance=Contact(pk=self.text.contact_id),
                action=LOGGED,
                user=user,
                data={"inbound_text": self.text.pk, "decision": decision},
            )
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reviews = list(StopReview.objects.filter(inbound_text_id=self.text.pk).select_related("staff_user"))
        [row] = _rows([self.text], [], shown=redaction.sees(self.request))
        return {
            "form": ReviewForm(),
            **super().get_context_data(**kwargs),
            "each": row,
            "reviews": reviews,
            "is_judged": self.text.verdict == "stop" and bool(self.text.phrase),
            "is_reply": self.text.verdict == "reply",
            "may_change": bool(self.text.from_number),
        }


class JudgedViewSet(ViewSet):
    name = "wagtail_drip_judged"
    url_prefix = "text-messages/judged-stops"
    icon = "comment"
    menu_label = gettext_lazy("Judged stops")
    menu_order = 420

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", JudgedView.as_view(), name="index"),
            path("<int:pk>/", ReviewView.as_view(), name="review"),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        class JudgedMenuItem(MenuItem):
            def is_shown(self, request: HttpRequest) -> bool:
                return bool(request.user.has_perms((VIEW_CONTACT, CHANGE_CONSENT)))

        return JudgedMenuItem
