from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from wagtail_drip.admin.calendar import month
from wagtail_drip.admin.calendar.entries import KINDS, Entry
from wagtail_drip.admin.calendar.forms import BlackoutForm
from wagtail_drip.admin.calendar.special_events import DeleteSpecialEventView, SpecialEventView
from wagtail_drip.admin.sending_times.spans import WEEKDAYS
from wagtail_drip.admin.site_screen import CHANGE, SiteScreen, menu_item_for
from wagtail_drip.compliance import time_actions
from wagtail_drip.compliance.models import BlackoutDate
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.states import DeferReason

# The list below the month looks so far ahead.
AHEAD = timedelta(days=366)


class CalendarView(SiteScreen):
    """One month, and below it all that is to come."""

    template_name = "wagtail_drip/admin/calendar/month.html"
    page_title = gettext_lazy("Calendar")
    header_icon = "calendar-alt"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        today = clock.now().date()
        first = _month_of(self.request, today)
        row = core.site_settings(self.site.pk)
        begins, ends = month.span_of(first.year, first.month)
        entries = [entry for kind in KINDS for entry in kind.entries(row, begins, ends)]
        return {
            **super().get_context_data(**kwargs),
            "first": first,
            "weeks": month.weeks_of(first.year, first.month, entries, today=today),
            "weekdays": WEEKDAYS,
            "before": (first - timedelta(days=1)).strftime("%Y-%m"),
            "after": (first + timedelta(days=32)).strftime("%Y-%m"),
            "this_month": today.strftime("%Y-%m"),
            "settings_row": row,
            "kinds": [
                {
                    "slug": kind.slug,
                    "label": kind.label,
                    "add_label": kind.add_label,
                    "add_url": kind.add_url(self.site),
                    "to_come": _merged(kind.entries(row, today, today + AHEAD)),
                }
                for kind in KINDS
            ],
        }


class BlackoutView(SiteScreen):
    """Add days without texts, or change them."""

    template_name = "wagtail_drip/admin/calendar/blackout.html"
    header_icon = "calendar-alt"

    def get_page_title(self) -> str:
        return str(self.row) if self.row else _("Add days without texts")

    @cached_property
    def row(self) -> BlackoutDate | None:
        if "pk" not in self.kwargs:
            return None
        return get_object_or_404(BlackoutDate, Q(site=None) | Q(site=self.site), pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("wagtail_drip_calendar:site", args=[self.site.pk]), "label": _("Calendar")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": self.get_page_title()}]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = BlackoutForm(request.POST, site=self.site, row=self.row)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        row = time_actions.save_blackout(**form.changes())
        _ask_again()
        messages.success(request, _("“%(name)s” was saved.") % {"name": row.name})
        return self.back(row.begins_on)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        day = self.request.GET.get("day", "")
        form = BlackoutForm(
            site=self.site, row=self.row, **({} if self.row else {"initial": {"begins_on": day}})
        )
        return {"form": form, "row": self.row, **super().get_context_data(**kwargs)}

    def back(self, day: date) -> HttpResponse:
        url = reverse("wagtail_drip_calendar:site", args=[self.site.pk])
        return redirect(f"{url}?month={day:%Y-%m}")


class DeleteBlackoutView(BlackoutView):
    template_name = "wagtail_drip/admin/confirm.html"

    def get_page_title(self) -> str:
        return _("Delete “%(name)s”") % {"name": self.row}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row is None:
            raise Http404
        time_actions.delete_blackout(self.row.pk)
        _ask_again()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": self.row.name})
        return self.back(self.row.begins_on)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.row is None:
            raise Http404
        return {
            **super().get_context_data(**kwargs),
            "consequence": _("Texts may then go out from %(begins)s to %(ends)s like on other days.")
            % {"begins": date_format(self.row.begins_on), "ends": date_format(self.row.ends_on)},
            "keep_url": reverse("wagtail_drip_calendar:blackout", args=[self.site.pk, self.row.pk]),
        }


def _month_of(request: HttpRequest, today: date) -> date:
    """Return the first day of the month that is asked for; this one's where nothing sensible is."""
    try:
        asked = date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        asked = today.replace(day=1)
    # strftime and the package of holidays know no others.
    return asked if 1970 <= asked.year <= 2100 else today.replace(day=1)


def _ask_again() -> None:
    """What waits for days that were changed asks again."""
    messaging.ask_again(site_id=None, reasons=[DeferReason.BLACKOUT_DATE], now=clock.now())


def _merged(entries: Any) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.begins, entry.name))


class CalendarViewSet(ViewSet):
    name = "wagtail_drip_calendar"
    url_prefix = "text-messages/calendar"
    icon = "calendar-alt"
    menu_label = gettext_lazy("Calendar")
    menu_order = 720

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", CalendarView.as_view(), name="index"),
            path("<int:site_id>/", CalendarView.as_view(), name="site"),
            path("<int:site_id>/blackouts/add/", BlackoutView.as_view(), name="add_blackout"),
            path("<int:site_id>/blackouts/<int:pk>/", BlackoutView.as_view(), name="blackout"),
            path(
                "<int:site_id>/blackouts/<int:pk>/delete/",
                DeleteBlackoutView.as_view(),
                name="delete_blackout",
            ),
            path("<int:site_id>/events/add/", SpecialEventView.as_view(), name="add_special_event"),
            path("<int:site_id>/events/<int:pk>/", SpecialEventView.as_view(), name="special_event"),
            path(
                "<int:site_id>/events/<int:pk>/delete/",
                DeleteSpecialEventView.as_view(),
                name="delete_special_event",
            ),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return menu_item_for(CHANGE)
