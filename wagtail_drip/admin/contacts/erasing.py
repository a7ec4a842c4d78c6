"""The page that says what erasing somebody does, and does it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.contacts.screens import ERASE_CONTACT, VIEW_CONTACT, ContactScreen
from wagtail_drip.contacts import querysets
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.privacy import erase


class EraseForm(forms.Form):
    never_again = forms.BooleanField(
        label=gettext_lazy("Never text this number again"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "A keyed hash of the number is kept: whoever imports or enters it again is told so. Its owner can come "
            "back by texting START. A stop that they said themselves is kept either way."
        ),
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I am sure: it cannot be undone"),
        error_messages={"required": gettext_lazy("Tick this to erase the person.")},
    )


class EraseView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/erase.html"
    page_title = gettext_lazy("Erase this person")
    permissions = (VIEW_CONTACT, ERASE_CONTACT)
    header_icon = "bin"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = EraseForm(request.POST)
        contact = self.contact
        if not form.is_valid():
            messages.error(request, _("Nothing was erased: please tick that you are sure."))
            return self.render_to_response(self.get_context_data(form=form))
        erase.begin(
            contact.pk,
            now=clock.now(),
            user=request.user,
            may_return=not form.cleaned_data["never_again"],
        )
        # Without their name: what a browser keeps of this page is not ours to erase.
        messages.success(
            request,
            _("The person is erased: nothing is sent to them any more. The rest is gone within minutes."),
        )
        return redirect("wagtail_drip_contacts:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pk = self.contact.pk
        merged = querysets.merged_into([pk])
        everybody = [pk, *merged]
        sent = Message.objects.filter(contact__in=everybody)
        return {
            "form": EraseForm(),
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "merged": len(merged),
            "inside": Enrolment.objects.filter(contact__in=everybody, running=1).count(),
            "waiting": sent.filter(state__in=PENDING).count(),
            "texts": sent.count(),
        }
