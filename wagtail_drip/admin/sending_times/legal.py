"""The legal hours: a list with source and date read, and a form for an owner who knows better."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput
from wagtail.log_actions import log

from wagtail_drip.admin import places
from wagtail_drip.admin.sending_times import history, looser, spans
from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.compliance import jurisdictions, rulebook, time_actions
from wagtail_drip.compliance.jurisdictions import Kind, Rule, Standing
from wagtail_drip.compliance.models import HOLIDAYS, KINDS, LegalHours
from wagtail_drip.compliance.time_actions import LegalHoursDraft
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.states import DeferReason

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_KINDS = dict(KINDS)
_HOLIDAYS = dict(HOLIDAYS)


class LegalHoursForm(forms.Form):
    """What an owner says of a place."""

    place = forms.CharField(
        label=gettext_lazy("Country or state"),
        max_length=6,
        help_text=gettext_lazy(
            "Two letters for a country, for example IE; for a state of the USA the country too, for example US-NY."
        ),
    )
    holidays = forms.ChoiceField(label=gettext_lazy("Public holidays are"), choices=HOLIDAYS)
    kind = forms.ChoiceField(label=gettext_lazy("What it is"), choices=KINDS)
    has_marketing_only = forms.BooleanField(
        label=gettext_lazy("Only for marketing: news of an order or booking is free of it"), required=False
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=255,
        help_text=gettext_lazy("The law, the network’s rule, or who told you."),
    )
    url = forms.URLField(label=gettext_lazy("Where it can be read"), required=False, assume_scheme="https")
    read_on = forms.DateField(label=gettext_lazy("Read on"), widget=AdminDateInput)
    reason = forms.CharField(
        label=gettext_lazy("What has changed since we read our source"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Needed only if these hours let texts go that ours hold back: then ours must be out of date, by what you "
            "have read yourself."
        ),
    )

    def __init__(
        self, *args: Any, rule: Rule | None = None, row: LegalHours | None = None, **kwargs: Any
    ) -> None:
        self.rule = rule
        if rule is not None:
            kwargs["initial"] = {
                "place": rule.place,
                "holidays": rule.holidays,
                "kind": rule.kind,
                "has_marketing_only": rule.has_marketing_only,
                "source": rule.source,
                "url": rule.url,
                "read_on": rule.read,
                "reason": row.reason if row else "",
            }
        super().__init__(*args, **kwargs)
        windows = spans.windows_of(rule.week) if rule else {}
        for day, name in enumerate(spans.WEEKDAYS):
            field = spans.SpansField(label=name)
            field.initial = windows.get(str(day), [["09:00", "20:00"]] if rule is None else [])
            self.fields[f"day_{day}"] = field
        if rule is not None:
            self.fields["place"].widget = forms.HiddenInput()

    def clean_place(self) -> str:
        place = str(self.cleaned_data["place"]).strip().upper()
        if self.rule is not None:
            return self.rule.place
        if not _PLACE.fullmatch(place):
            raise forms.ValidationError(_("“%(place)s” is not a country or state code.") % {"place": place})
        return place

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if self.errors:
            return found
        rule = time_actions.rule_of_draft(self.draft())
        standing = jurisdictions.standing(rule)
        if standing is Standing.UNREAD:
            self.add_error("source", looser.what_is_needed(rule))
        if standing is not Standing.NO_LOOSER and not found["reason"].strip():
            self.add_error(
                "reason",
                _(
                    "These hours let texts go that the shipped ones hold back. Say what has changed since we read "
                    "our source."
                ),
            )
        return found

    def clean_read_on(self) -> date:
        day: date = self.cleaned_data["read_on"]
        if day > localdate(clock.now()):
            raise forms.ValidationError(_("This day is still to come."))
        return day

    def draft(self) -> LegalHoursDraft:
        found = self.cleaned_data
        country, _dash, state = found["place"].partition("-")
        return LegalHoursDraft(
            country=country,
            subdivision=state,
            week={str(day): found[f"day_{day}"] for day in range(7)},
            **{
                name: found[name]
                for name in ("holidays", "kind", "has_marketing_only", "source", "url", "read_on", "reason")
            },
        )

    @property
    def day_fields(self) -> list[Any]:
        return [self[f"day_{day}"] for day in range(7)]

    @property
    def other_fields(self) -> list[Any]:
        return [self[name] for name in self.fields if not name.startswith("day_") and name != "place"]


class LegalHoursView(SiteScreen):
    """All that we know of, shipped and changed."""

    template_name = "wagtail_drip/admin/sending_times/legal_list.html"
    page_title = gettext_lazy("Legal hours")
    header_icon = "time"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        changed = {row.place: row for row in LegalHours.objects.all()}
        rules = rulebook.read().legal.values()
        return {
            **super().get_context_data(**kwargs),
            "rows": sorted(
                (told(rule, changed.get(rule.place)) for rule in rules), key=lambda each: each["name"]
            ),
        }


class EditLegalHoursView(SiteScreen):
    template_name = "wagtail_drip/admin/sending_times/legal_edit.html"
    header_icon = "time"

    def get_page_title(self) -> str:
        place = self.kwargs.get("place")
        return places.name_of(place) if place else _("Add a country or state")

    @cached_property
    def rule(self) -> Rule | None:
        place = self.kwargs.get("place")
        if place is None:
            return None
        found = rulebook.read().legal.get(place)
        if found is None:
            raise Http404
        return found

    @cached_property
    def row(self) -> LegalHours | None:
        country, _dash, state = self.kwargs.get("place", "").partition("-")
        return LegalHours.objects.filter(country=country, subdivision=state).first()

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("wagtail_drip_sending_times:legal"), "label": _("Legal hours")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": self.get_page_title()}]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = LegalHoursForm(request.POST, rule=self.rule, row=self.row)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        with transaction.atomic():
            row = time_actions.change_legal_hours(
                form.draft(), by=request.user.get_username(), now=clock.now()
            )
            note(request, row, history.CHANGED)
        _ask_again()
        name = places.name_of(row.place)
        messages.success(request, _("The hours of %(place)s were saved.") % {"place": name})
        warned = looser.warning(time_actions.rule_of_draft(form.draft()))
        if warned:
            messages.warning(request, f"{name}: {warned}")
        return redirect("wagtail_drip_sending_times:legal")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        place = self.kwargs.get("place", "")
        country, _dash, state = place.partition("-")
        floor = jurisdictions.rule_for(country, state)
        return {
            "form": LegalHoursForm(rule=self.rule, row=self.row),
            **super().get_context_data(**kwargs),
            "place": place,
            "row": self.row,
            "shipped": told(floor, None) if floor else None,
            "is_shipped": place in jurisdictions.RULES,
            "warned": looser.warning(self.rule) if self.rule else "",
        }


class RestoreView(SiteScreen):
    """Go back to what is shipped; by POST only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        country, _dash, state = str(kwargs["place"]).partition("-")
        # The log wants the row as it was.
        row = LegalHours.objects.filter(country=country, subdivision=state).first()
        with transaction.atomic():
            if row is None or not time_actions.restore_legal_hours(country, state):
                raise Http404
            note(request, row, history.RESTORED)
        _ask_again()
        name = places.name_of(kwargs["place"])
        words = (
            _("%(place)s has the shipped hours again.")
            if kwargs["place"] in jurisdictions.RULES
            else _("The hours of %(place)s were deleted.")
        )
        messages.success(request, words % {"place": name})
        return redirect("wagtail_drip_sending_times:legal")


def note(request: HttpRequest, row: LegalHours, action: str) -> None:
    """Keep in Wagtail's log who said what of a place's hours, or went back to ours."""
    log(
        instance=row,
        action=action,
        user=request.user,
        data={
            "place": row.place,
            "week": row.week,
            "holidays": row.holidays,
            "kind": row.kind,
            "has_marketing_only": row.has_marketing_only,
            "source": row.source,
            "url": row.url,
            "read_on": row.read_on.isoformat(),
            "reason": row.reason,
        },
    )


def _ask_again() -> None:
    messaging.ask_again(site_id=None, reasons=[DeferReason.QUIET_HOURS], now=clock.now())


def told(rule: Rule, row: LegalHours | None) -> dict[str, Any]:
    is_narrow = rule.kind is Kind.LAW and rule.has_marketing_only
    return {
        "rule": rule,
        "name": places.name_of(rule.place),
        "week": spans.in_words(spans.windows_of(rule.week)),
        "holidays": _HOLIDAYS[rule.holidays],
        "kind": _("law: binds marketing") if is_narrow else _KINDS[rule.kind],
        "binds": rule.kind is not Kind.BEST,
        "read": date.fromisoformat(rule.read),
        "row": row,
        "warned": looser.warning(rule) if row else "",
    }
