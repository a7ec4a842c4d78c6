"""How many texts a contact has asked for at most: nothing exceeds it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, VIEW_CONTACT, ContactScreen
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.core import clock
from wagtail_drip.core.caps import MOST
from wagtail_drip.messaging import actions as messaging


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


class LimitsView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/limits.html"
    page_title = gettext_lazy("How often they want to be texted")
    permissions = (VIEW_CONTACT, CHANGE_CONSENT)

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
