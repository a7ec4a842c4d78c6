"""Why nothing goes to a contact's number, and the one reason that staff may take away: that texts did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, VIEW_CONTACT, ContactScreen
from wagtail_drip.compliance.actions import BAD_NUMBER
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock, keys
from wagtail_drip.messaging import bad_numbers

LOGGED = "wagtail_drip.text_again"
REASONS: Mapping[str, Any] = {
    "stop_keyword": gettext_lazy("They asked for it by text."),
    "stop_phrase": gettext_lazy("They asked for it by text, in their own words, as we judged it."),
    "stop_page": gettext_lazy("They asked for it on their own page."),
    "provider": gettext_lazy("Your provider says that they asked for it."),
    "list": gettext_lazy("The number stands on a list of numbers that you never text."),
    "erased": gettext_lazy("Their data was erased."),
}


def of_number(number: str) -> list[Suppression]:
    """Return what stands against texts to a number, newest first."""
    if not number:
        return []
    rows = Suppression.objects.filter(number_hash__in=keys.number_hashes(number), lifted_at=None)
    return list(rows.order_by("-recorded_at", "-pk"))


def has_said_stop(number: str) -> bool:
    """Tell whether the number has said stop, to any sender of ours; that texts fail there is no word of theirs."""
    return any(row.reason != BAD_NUMBER for row in of_number(number))


def for_page(contact: Contact) -> dict[str, Any]:
    """Return what a contact's page says of it: whether they said stop, why, and whether texts fail to arrive."""
    rows = of_number(contact.phone)
    stops = [row for row in rows if row.reason != BAD_NUMBER]
    return {
        "suppressed": bool(stops),
        "stop_reasons": list(dict.fromkeys(REASONS[row.reason] for row in stops if row.reason in REASONS)),
        "bad_number": next((row for row in rows if row.reason == BAD_NUMBER), None),
    }


class TextAgainForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why the number works now"),
        max_length=255,
        min_length=5,
        help_text=gettext_lazy(
            "Stands in the log with your name: “They called us from this phone on 26 November.”"
        ),
    )


class TextAgainView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/text_again.html"
    page_title = gettext_lazy("Text this number again")
    permissions = (VIEW_CONTACT, CHANGE_CONSENT)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TextAgainForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        if bad_numbers.text_again(self.contact.pk, now=clock.now()):
            # In the log, and nowhere else: it says nothing about what they agreed to.
            log(
                instance=Contact(pk=self.contact.pk),
                action=LOGGED,
                user=request.user,
                data={"reason": form.cleaned_data["reason"]},
            )
            messages.success(request, _("Texts go to this number again, as far as they have agreed to them."))
        else:
            messages.warning(
                request, _("Nothing was changed: texts to this number were not held back for that.")
            )
        return redirect(self.own_page)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "form": TextAgainForm(),
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            **for_page(self.contact),
        }
