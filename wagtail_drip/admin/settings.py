"""How a site texts, and the two big switches: "Start texting customers" and "Stop everything"."""

from __future__ import annotations

import zoneinfo
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from wagtail_drip.admin import opening
from wagtail_drip.admin.alarms import AlarmsView
from wagtail_drip.admin.keywords import views as keywords
from wagtail_drip.admin.opt_in_wordings import views as opt_in_wordings
from wagtail_drip.admin.ready import views as ready
from wagtail_drip.admin.site_screen import CHANGE, SiteScreen, menu_item_for
from wagtail_drip.admin.word_lists import views as word_lists
from wagtail_drip.contacts import phone
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import actions as messaging

OPEN = "wagtail_drip.open_texting"
STOP = "wagtail_drip.stop_everything"
SWITCHES = (CHANGE, OPEN, STOP)


class SiteSettingsForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """Everything about a site but whether it is open, which has its own button and its own permission."""

    test_numbers = forms.CharField(
        label=gettext_lazy("Staff test numbers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One a line, with country code. Only these are texted before the site is open; "
            "enter only people who have agreed to receive test texts."
        ),
    )

    class Meta:
        model = SiteSettings
        fields = [
            "zone",
            "region",
            "currency",
            "sender_name",
            "sender_gateway",
            "sender_address",
            "price_per_segment",
            "stop_scope",
            "help_text",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"] = forms.ChoiceField(
            label=gettext_lazy("Time zone"), choices=[(z, z) for z in sorted(zoneinfo.available_timezones())]
        )
        self.fields["sender_gateway"] = forms.ChoiceField(
            label=gettext_lazy("Gateway"), choices=[(alias, alias) for alias in opening.gateway_aliases()]
        )
        self.fields["region"].help_text = _(
            "Two letters, for example GB or CN; for numbers without a country code."
        )
        self.fields["currency"].help_text = _("Three letters, for example GBP or CNY.")
        self.fields["price_per_segment"].help_text = _(
            "Empty if you do not know it: costs are then shown as unknown."
        )
        self.fields["help_text"].help_text = _(
            "What somebody gets who texts HELP: your name and how to reach you."
        )
        self.initial["test_numbers"] = "\n".join(
            phone.display(number) for number in self.instance.test_numbers
        )

    def clean_region(self) -> str:
        return str(self.cleaned_data["region"]).upper()

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_test_numbers(self) -> list[str]:
        numbers = []
        for line in self.cleaned_data["test_numbers"].splitlines():
            if line.strip():
                try:
                    numbers.append(phone.parse(line, region=self.cleaned_data.get("region", "")).e164)
                except phone.InvalidPhone as error:
                    raise forms.ValidationError(
                        _("“%(line)s” is not a phone number: %(why)s") % {"line": line.strip(), "why": error}
                    ) from error
        return list(dict.fromkeys(numbers))

    def clean_price_per_segment(self) -> Any:
        price = self.cleaned_data["price_per_segment"]
        if price is not None and price < 0:
            raise forms.ValidationError(_("A price cannot be negative."))
        return price

    @property
    def plain_fields(self) -> list[Any]:
        return [self[name] for name in (*self.Meta.fields, "test_numbers")]

    def changes(self) -> dict[str, Any]:
        """Return what to write through ``core.actions``."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return {**values, "test_numbers": self.cleaned_data["test_numbers"]}


class SettingsView(SiteScreen):
    template_name = "wagtail_drip/admin/settings/edit.html"
    page_title = gettext_lazy("Text message settings")
    header_icon = "cogs"
    # Who may press one of the two big switches must be able to get to it.
    any_of: ClassVar[tuple[str, ...]] = SWITCHES

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = SiteSettingsForm(request.POST, instance=core.site_settings(self.site.pk))
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        core.change_site_settings(self.site.pk, **form.changes())
        messages.success(request, _("The settings were saved."))
        return redirect("wagtail_drip_settings:site", site_id=self.site.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        row = core.site_settings(self.site.pk)
        return {
            "form": SiteSettingsForm(instance=row),
            **context,
            "opening": opening.state(row),
            "holds": opening.open_holds(now=clock.now()),
            "stopped": opening.is_stopped(now=clock.now()),
            "may_change": self.request.user.has_perm(CHANGE),
            "may_open": self.request.user.has_perm("wagtail_drip.open_texting"),
            "may_stop": self.request.user.has_perm("wagtail_drip.stop_everything"),
        }


class OpenView(SettingsView):
    """Ask once more, with the numbers, before customers are texted; then open the site."""

    template_name = "wagtail_drip/admin/settings/open.html"
    any_of = (OPEN,)

    def get_page_title(self) -> str:
        is_open = opening.state(core.site_settings(self.site.pk)).is_open
        return _("Go back to test numbers only") if is_open else _("Start texting customers")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = core.site_settings(self.site.pk)
        if request.POST.get("action") == "close":
            core.close_site(self.site.pk)
            messages.success(request, _("Customers are no longer texted; only staff test numbers are."))
        else:
            core.open_site(self.site.pk, account=opening.account_of(row), now=clock.now())
            messages.success(request, _("From now on customers are texted."))
        return redirect("wagtail_drip_settings:site", site_id=self.site.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "forecast": opening.forecast(core.site_settings(self.site.pk)),
        }


class StopView(SettingsView):
    """Stop everything, or lift a hold; both by POST only."""

    http_method_names = ["post"]
    any_of = (STOP,)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        by = request.user.get_username()
        hold_id = kwargs.get("hold_id")
        if hold_id:
            messaging.lift(hold_id, by=by, now=clock.now())
            messages.success(request, _("Sending goes on."))
        else:
            now = clock.now()
            messaging.stop_everything(by=by, now=now)
            moment = date_format(now, "SHORT_DATETIME_FORMAT")
            messages.warning(request, _("Everything is stopped since %(moment)s.") % {"moment": moment})
        return redirect("wagtail_drip_settings:index")


class SettingsViewSet(ViewSet):
    name = "wagtail_drip_settings"
    url_prefix = "text-messages/settings"
    icon = "cogs"
    menu_label = gettext_lazy("Settings")
    menu_order = 900

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", SettingsView.as_view(), name="index"),
            path("<int:site_id>/", SettingsView.as_view(), name="site"),
            path("<int:site_id>/open/", OpenView.as_view(), name="open"),
            path("alarms/", AlarmsView.as_view(), name="alarms"),
            *keywords.addresses(),
            path("stop/", StopView.as_view(), name="stop"),
            path("lift/<int:hold_id>/", StopView.as_view(), name="lift"),
            *word_lists.urls(),
            *opt_in_wordings.urls(),
            *ready.urls(),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return menu_item_for(*SWITCHES)
