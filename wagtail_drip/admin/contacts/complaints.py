"""The screen on which staff note that a contact complained: marketing to them ends with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_drip.admin import redaction
from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, VIEW_CONTACT, ContactScreen
from wagtail_drip.compliance.models import COMPLAINT_SOURCES
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.inbox import complaints
from wagtail_drip.messaging.models import InboundText

LOGGED = "wagtail_drip.note_complaint"
SHOWN = 20


class ComplaintForm(forms.Form):
    source = forms.ChoiceField(
        label=gettext_lazy("Who told you"), choices=COMPLAINT_SOURCES, widget=forms.RadioSelect
    )
    inbound_text = forms.ChoiceField(
        label=gettext_lazy("Which text of theirs"),
        required=False,
        help_text=gettext_lazy("Only if they complained by text."),
    )
    reason = forms.CharField(
        label=gettext_lazy("What the complaint says"),
        min_length=5,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "In their words if you have them: “Never heard of this shop, where did you get my number?”"
        ),
    )

    def __init__(self, *args: Any, texts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["inbound_text"]
        chosen.choices = [("", "–"), *texts]
        if not texts:
            del self.fields["inbound_text"]


class ComplaintView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/complaint.html"
    page_title = gettext_lazy("Note a complaint")
    permissions = (VIEW_CONTACT, CHANGE_CONSENT)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ComplaintForm(request.POST, texts=self.texts())
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        given = form.cleaned_data
        found = complaints.note(
            contact_id=self.contact.pk,
            source=given["source"],
            reason=given["reason"],
            inbound_text_id=int(given["inbound_text"]) if given.get("inbound_text") else None,
            staff_user_id=request.user.pk,
            now=clock.now(),
        )
        if found is not None:
            # What it says stands in the record, where it is erased with its person.
            log(
                instance=Contact(pk=found.contact_id),
                action=LOGGED,
                user=request.user,
                data={"complaint": found.pk},
            )
            messages.success(request, _("It was noted. No marketing goes to them any more."))
        return redirect(self.own_page)

    def texts(self) -> list[tuple[str, str]]:
        """Return the latest texts of theirs, as choices."""
        shown = redaction.sees(self.request)
        everybody = [self.contact.pk, *querysets.merged_into([self.contact.pk])]
        rows = InboundText.objects.filter(contact__in=everybody).order_by("-recorded_at", "-pk")[:SHOWN]
        return [
            (
                str(row.pk),
                f"{date_format(localtime(row.at), 'SHORT_DATETIME_FORMAT')}: "
                f"{redaction.text(Truncator(row.text).chars(60), shown=shown)}",
            )
            for row in rows
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "form": kwargs.get("form") or ComplaintForm(texts=self.texts()),
            "contact": self.contact,
        }
