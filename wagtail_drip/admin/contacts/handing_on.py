"""A contact's number belongs to somebody else by now, as a member of staff has learned."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, VIEW_CONTACT, ContactScreen
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.releasing import release
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging_actions

LOGGED = "wagtail_drip.release_number"


class HandOnForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("How you know"),
        max_length=255,
        min_length=5,
        help_text=gettext_lazy(
            "Stands in the record with your name: “Whoever has this phone now called us on 26 November.”"
        ),
    )


class HandOnView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/hand_on.html"
    page_title = gettext_lazy("Somebody else has this number now")
    permissions = (VIEW_CONTACT, CHANGE_CONSENT)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = HandOnForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        reason, now = form.cleaned_data["reason"], clock.now()
        with transaction.atomic():
            done = release(
                [self.contact.pk],
                numbers=[self.contact.phone],
                since=now,
                method=ConsentMethod.STAFF,
                wording=reason,
                now=now,
                staff_user_id=request.user.pk,
            )
            messaging_actions.cancel_for_contacts(contact_ids=done, reason="no_phone", now=now)
            if done:
                log(
                    instance=Contact(pk=self.contact.pk),
                    action=LOGGED,
                    user=request.user,
                    data={"reason": reason},
                )
        if done:
            messages.success(
                request, _("The number was taken from this contact. Nothing is sent there any more.")
            )
        else:
            messages.warning(request, _("Nothing was changed: this contact has no number any more."))
        return redirect(self.own_page)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": HandOnForm(), **super().get_context_data(**kwargs), "contact": self.contact}
