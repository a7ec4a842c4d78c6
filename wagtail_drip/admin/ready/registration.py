"""Where an owner notes that their sender is registered in a country, and takes it back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from wagtail_drip.admin import places
from wagtail_drip.admin.ready.noted import named, told_of
from wagtail_drip.admin.ready.words import REGISTRATION
from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.compliance import readiness, registrations
from wagtail_drip.compliance.models import Registration
from wagtail_drip.compliance.registrations import RegistrationDraft
from wagtail_drip.contacts import phone
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock

NOTED = "wagtail_drip.note_registration"
TAKEN_BACK = "wagtail_drip.take_back_registration"
# Of what was noted before, so much is shown; all of it stands in the log.
_ENTRIES = 10


class RegistrationForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    class Meta:
        model = Registration
        fields = ["reference", "registered_on", "registered_by"]
        widgets = {"registered_on": AdminDateInput}
        help_texts = {
            "reference": gettext_lazy("The number or name by which your provider or the authority finds it."),
            "registered_by": gettext_lazy("Who had it done: a colleague, an agency, your provider."),
        }

    def clean_registered_on(self) -> Any:
        day = self.cleaned_data["registered_on"]
        if day > localdate(clock.now()):
            raise forms.ValidationError(_("This day is still to come. Note it when you are registered."))
        return day

    def draft(self) -> RegistrationDraft:
        return RegistrationDraft(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class _RegistrationScreen(SiteScreen):
    header_icon = "check"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.country = str(kwargs["country"])
        if self.country not in phone.regions():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @property
    def ready_url(self) -> str:
        return reverse("wagtail_drip_settings:ready", args=[self.site.pk]) + f"?country={self.country}"

    def note(self, row: Registration, action: str) -> None:
        """Keep in Wagtail's log who noted what, or took it back."""
        log(
            instance=row,
            action=action,
            user=self.request.user,
            data={
                "country": row.country,
                "reference": row.reference,
                "registered_on": row.registered_on.isoformat(),
                "registered_by": row.registered_by,
                "sender": row.sender,
            },
        )


class RegistrationView(_RegistrationScreen):
    """Note that the sender is registered, or correct what was noted."""

    template_name = "wagtail_drip/admin/ready/registration.html"

    def get_page_title(self) -> str:
        # In no sentence: some countries' names want an article there, in English and elsewhere.
        return _("%(country)s: what you know of the registration") % {"country": places.name_of(self.country)}

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": self.ready_url, "label": _("Are you ready to text customers?")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": self.get_page_title()}]

    @cached_property
    def row(self) -> Registration | None:
        return registrations.find(self.site.pk, self.country)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = RegistrationForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        with transaction.atomic():
            row = registrations.note(
                self.site.pk,
                self.country,
                form.draft(),
                by=request.user.get_username(),
                now=clock.now(),
            )
            self.note(row, NOTED)
        messages.success(request, _("It is noted. We take your word for it."))
        return redirect(self.ready_url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row
        line = next(
            (each for each in readiness.lines_for(self.country) if each.check == "registration"), None
        )
        entries = (
            ModelLogEntry.objects.for_instance(row).select_related("user").order_by("-timestamp", "-pk")
            if row
            else []
        )
        return {
            "form": RegistrationForm(instance=row),
            **super().get_context_data(**kwargs),
            "country": self.country,
            "asked": REGISTRATION[line.says] if line else "",
            "sender": named(registrations.sender_of(core.site_settings(self.site.pk))),
            "row": row,
            "told": told_of(row) if row else "",
            "entries": [(entry.user, entry.timestamp, entry.message) for entry in entries[:_ENTRIES]],
            "back_url": self.ready_url,
        }


class TakeBackView(_RegistrationScreen):
    """What was noted holds no longer; by POST only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            row = registrations.take_back(
                self.site.pk, self.country, by=request.user.get_username(), now=clock.now()
            )
            if row is None:
                raise Http404
            self.note(row, TAKEN_BACK)
        again = reverse("wagtail_drip_settings:registration", args=[self.site.pk, self.country])
        messages.success(request, _("It was taken back. It can be noted again."))
        return redirect(again)


def urls() -> list[URLPattern]:
    """Return the addresses of these screens, below the settings."""
    at = "<int:site_id>/ready/<str:country>/registration/"
    return [
        path(at, RegistrationView.as_view(), name="registration"),
        path(f"{at}take_back/", TakeBackView.as_view(), name="take_back_registration"),
    ]
