"""Special events: declared beforehand, with what they would have changed in the last days as many as they last."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput

from wagtail_drip.admin.site_screen import SiteScreen
from wagtail_drip.compliance import cap_actions
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.frequency_caps import EventRules, Limits
from wagtail_drip.compliance.models import SpecialEvent
from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.caps import MOST
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import cap_effects
from wagtail_drip.sequences.models import Sequence


class SpecialEventForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        help_text=gettext_lazy("For yourselves, for example “Double eleven”."),
    )
    begins_on = forms.DateField(label=gettext_lazy("First day"), widget=AdminDateInput)
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=AdminDateInput,
        required=False,
        help_text=gettext_lazy("Empty if it is one day; at most 30 days."),
    )
    raised_week = forms.IntegerField(
        label=gettext_lazy("Up to so many in 7 days"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("Empty leaves your limit as it is. An event never lowers one."),
    )
    raised_month = forms.IntegerField(
        label=gettext_lazy("Up to so many in 30 days"), required=False, min_value=1, max_value=MOST
    )
    ceiling = forms.IntegerField(
        label=gettext_lazy("At most so many while it lasts"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("The ceiling for one person, from the first day to the last. Empty is none."),
    )
    sequences = forms.MultipleChoiceField(
        label=gettext_lazy("For these sequences"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("All others keep to the limits of every day."),
        error_messages={"required": gettext_lazy("Tick the sequences that it is for.")},
    )

    def __init__(self, *args: Any, row: SpecialEvent | None = None, **kwargs: Any) -> None:
        if row is not None:
            kwargs["initial"] = {
                "name": row.name,
                "begins_on": row.begins_on,
                "ends_on": row.ends_on,
                "raised_week": row.raised_week,
                "raised_month": row.raised_month,
                "ceiling": row.ceiling,
                "sequences": [str(pk) for pk in row.sequences],
            }
        super().__init__(*args, **kwargs)
        self.fields["sequences"].choices = [  # type: ignore[attr-defined] # of its own kind of field
            (str(pk), name)
            for pk, name, purpose in Sequence.objects.order_by("name").values_list("pk", "name", "purpose")
            if group_of(purpose) is PurposeGroup.MARKETING
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        begins = found.get("begins_on")
        ends = found["ends_on"] = found.get("ends_on") or begins
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("The last day is before the first."))
        elif begins and ends and ends - begins >= cap_actions.LONGEST:
            self.add_error("ends_on", _("At most 30 days. For longer, change your limits in “How often”."))
        if not self.errors and not (found.get("raised_week") or found.get("raised_month")):
            self.add_error("raised_week", _("Write how many are allowed in 7 days, in 30 days, or both."))
        return found

    def changes(self) -> dict[str, Any]:
        """Return what to save."""
        return {**self.cleaned_data, "sequences": [int(pk) for pk in self.cleaned_data["sequences"]]}


class SpecialEventView(SiteScreen):
    """Declare a special event, or change one."""

    template_name = "wagtail_drip/admin/calendar/special_event.html"
    header_icon = "calendar-alt"

    def get_page_title(self) -> str:
        return str(self.row) if self.row else _("Declare a special event")

    @cached_property
    def row(self) -> SpecialEvent | None:
        pk = self.kwargs.get("pk")
        return get_object_or_404(SpecialEvent, site=self.site, pk=pk) if pk else None

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("wagtail_drip_calendar:site", args=[self.site.pk]), "label": _("Calendar")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": self.get_page_title()}]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = SpecialEventForm(request.POST, row=self.row)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        if request.POST.get("action") == "try":
            effects = self.effects(form.changes(), now=clock.now())
            return self.render_to_response(self.get_context_data(form=form, **effects))
        row = cap_actions.save_special_event(
            site_id=self.site.pk, pk=self.row.pk if self.row else None, **form.changes()
        )
        messaging.ask_caps_again(self.site.pk, now=clock.now())
        messages.success(request, _("“%(name)s” was saved.") % {"name": row.name})
        return self.back(row.begins_on)

    def effects(self, changes: dict[str, Any], *, now: datetime) -> dict[str, Any]:
        """Return the last days with it and without it, as many as it lasts."""
        row = core.site_settings(self.site.pk)
        rules = compliance.rules([row], now=now, since=now - cap_effects.LOOKS_BACK)[self.site.pk]
        lasts = changes["ends_on"] - changes["begins_on"] + timedelta(days=1)
        event = EventRules(
            changes["name"],
            now - lasts,
            now,
            Limits(changes["raised_week"], changes["raised_month"]),
            changes["ceiling"],
            frozenset(changes["sequences"]),
        )
        asked = cap_effects.demand(self.site.pk, now=now)
        others = tuple(each for each in rules.events if self.row is None or each.name != self.row.name)
        usual = rules._replace(events=others)
        return {
            "effects": [
                (_("Without it"), cap_effects.effect(asked, usual)),
                (
                    _("Had it been on in the last %(n)s days") % {"n": lasts.days},
                    cap_effects.effect(asked, rules._replace(events=(*others, event))),
                ),
            ],
            "demand": asked,
            "most_texts": cap_effects.MOST_TEXTS,
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        day = self.request.GET.get("day", "")
        form = SpecialEventForm(row=self.row, **({} if self.row else {"initial": {"begins_on": day}}))
        return {
            "form": form,
            "row": self.row,
            "everyone": core.site_settings(self.site.pk).caps,
            **super().get_context_data(**kwargs),
        }

    def back(self, day: date) -> HttpResponse:
        url = reverse("wagtail_drip_calendar:site", args=[self.site.pk])
        return redirect(f"{url}?month={day:%Y-%m}")


class DeleteSpecialEventView(SpecialEventView):
    template_name = "wagtail_drip/admin/confirm.html"

    def get_page_title(self) -> str:
        return _("Delete “%(name)s”") % {"name": self.row}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row is None:
            raise Http404
        day, name = self.row.begins_on, self.row.name
        cap_actions.delete_special_event(self.row.pk)
        messages.success(request, _("“%(name)s” was deleted.") % {"name": name})
        return self.back(day)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.row is None:
            raise Http404
        return {
            **super().get_context_data(**kwargs),
            "consequence": _("Its sequences then keep to the limits of every day."),
            "keep_url": reverse("wagtail_drip_calendar:special_event", args=[self.site.pk, self.row.pk]),
        }
