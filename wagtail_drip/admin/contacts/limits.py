"""How many texts a contact has asked for at most: nothing exceeds it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.core.caps import MOST
from wagtail_drip.messaging import actions as messaging

CHANGE_CONSENT = "wagtail_drip.change_consent"


class LimitsForm(forms.Form):
    week = forms.IntegerField(
        label=gettext_lazy("At most in 7 days"), required=False, min_value=1, max_value=MOST
    )
    month = forms.IntegerField(
        label=gettext_lazy("At most in 30 days"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("Empty is no wish of their own: your limits count."),
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        week, month = found.get("week"), found.get("month")
        if week is not None and month is not None and month < week:
            self.add_error("month", _("Fewer in 30 days than in 7: write at least as many."))
        return found


class LimitsView(WagtailAdminTemplateMixin, TemplateView):
    template_name = "wagtail_drip/admin/contacts/limits.html"
    page_title = gettext_lazy("How often they want to be texted")
    header_icon = "user"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perms(["wagtail_drip.view_contact", CHANGE_CONSENT]):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def contact(self) -> Contact:
        return get_object_or_404(Contact, pk=self.kwargs["pk"], merged_into=None, erased_at=None)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_contacts:index"), "label": _("Contacts")},
            {"url": self.own_page, "label": str(self.contact)},
            {"url": "", "label": self.get_page_title()},
        ]

    @property
    def own_page(self) -> str:
        return reverse("wagtail_drip_contacts:inspect", args=[self.contact.pk])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = LimitsForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        contacts.limit_texts(
            self.contact.pk, week=form.cleaned_data["week"], month=form.cleaned_data["month"], now=clock.now()
        )
        messaging.ask_caps_again_of([self.contact.pk], now=clock.now())
        messages.success(request, _("Their wish was saved. Nothing exceeds it, from now on."))
        return redirect(self.own_page)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = {"week": self.contact.most_per_week, "month": self.contact.most_per_month}
        return {
            "form": LimitsForm(initial=now),
            **super().get_context_data(**kwargs),
            "contact": self.contact,
        }
