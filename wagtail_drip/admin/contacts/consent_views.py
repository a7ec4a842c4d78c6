"""The screens about what a contact agreed to: the proof, and a change that a member of staff notes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Site

from wagtail_drip.admin import redaction, words
from wagtail_drip.admin.contacts import evidence, stops
from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT, EXPORT_CONTACT, VIEW_CONTACT, ContactScreen
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import projection
from wagtail_drip.contacts.consent import PermissionKey, is_complained_of
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import clock


class EvidenceView(ContactScreen):
    shows_erased = True
    template_name = "wagtail_drip/admin/contacts/evidence.html"
    page_title = gettext_lazy("Proof of consent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "evidence": evidence.gather(self.contact, shows_texts=redaction.sees(self.request)),
            "groups": words.PURPOSE_GROUPS,
            "may_export": self.request.user.has_perms([EXPORT_CONTACT, redaction.SEE_NUMBERS]),
        }


class EvidenceDownload(ContactScreen):
    shows_erased = True
    permissions = (VIEW_CONTACT, EXPORT_CONTACT, redaction.SEE_NUMBERS)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = evidence.as_json(evidence.gather(self.contact), now=clock.now())
        response = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 2})
        response["Content-Disposition"] = f'attachment; filename="consent-{self.contact.pk}.json"'
        response["Cache-Control"] = "no-store"
        return response


class ConsentForm(forms.Form):
    """What somebody told a member of staff."""

    site = forms.ModelChoiceField(label=gettext_lazy("Site"), queryset=Site.objects.all(), empty_label=None)
    group = forms.ChoiceField(
        label=gettext_lazy("What for"),
        choices=[
            (PurposeGroup.MARKETING.value, gettext_lazy("Offers and news")),
            (PurposeGroup.TRANSACTIONAL.value, gettext_lazy("Orders and bookings")),
        ],
    )
    topic = forms.CharField(
        label=gettext_lazy("Topic"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("Only this topic; empty is all of them."),
    )
    answer = forms.ChoiceField(
        label=gettext_lazy("What they said"),
        widget=forms.RadioSelect,
        choices=[
            ("no", gettext_lazy("No, they want no such texts")),
            ("yes", gettext_lazy("Yes, they agree to such texts")),
        ],
    )
    reason = forms.CharField(
        label=gettext_lazy("How and when they told you"),
        max_length=1000,
        min_length=5,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Stands in the proof word by word, with your name: “By phone on 26 November, order 10023.”"
        ),
    )


class ChangeConsentView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/consent.html"
    page_title = gettext_lazy("Change consent")
    permissions = (VIEW_CONTACT, CHANGE_CONSENT)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ConsentForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        given = form.cleaned_data
        is_yes = given["answer"] == "yes"
        contacts.record_consent(
            contact_id=self.contact.pk,
            site_id=given["site"].pk,
            consent=Consent(
                group=PurposeGroup(given["group"]),
                granted=is_yes,
                source=f"staff:{request.user.get_username()}",
                method=ConsentMethod.STAFF,
                topic=given["topic"].strip(),
                wording=given["reason"],
            ),
            now=clock.now(),
            staff_user_id=request.user.pk,
        )
        if is_yes and self.has_complained_of(given["site"].pk, given["group"], given["topic"].strip()):
            messages.warning(
                request,
                _(
                    "It was recorded. Nothing is sent all the same: they have complained, and agree anew only "
                    "themselves, by a sign-up form that they confirm by phone."
                ),
            )
        elif is_yes and self.is_suppressed:
            messages.warning(
                request, _("It was recorded. Nothing is sent all the same until they text START.")
            )
        else:
            messages.success(request, _("It was recorded, and counts from now on."))
        return redirect(self.own_page)

    def has_complained_of(self, site_id: int, group: str, topic: str) -> bool:
        """Tell whether a complaint holds closed what was just agreed to."""
        held = projection.standings_of({(self.contact.pk, site_id)})
        key = PermissionKey(group, Channel.SMS, topic)
        return is_complained_of(key, held.get((self.contact.pk, site_id), {}))

    @cached_property
    def is_suppressed(self) -> bool:
        return stops.has_said_stop(self.contact.phone)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        default = Site.objects.filter(is_default_site=True).first()
        return {
            "form": ConsentForm(initial={"site": default}),
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "is_suppressed": self.is_suppressed,
        }
