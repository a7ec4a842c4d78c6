"""Who is told of what by e-mail, and what was told lately; and the banner for a worker that does not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.ui.components import Component
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.core import clock
from wagtail_drip.reports import alarms, pulse
from wagtail_drip.reports.models import ALARM_KINDS, Alarm

CHANGE = "wagtail_drip.change_sitesettings"
SHOWN = 20
MOST_PEOPLE = 200


def _staff() -> QuerySet[Any]:
    """Return who may log in to the admin and has an e-mail address."""
    User = get_user_model()
    access = Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin")
    may = Q(is_superuser=True) | Q(groups__permissions__in=access) | Q(user_permissions__in=access)
    address = User.get_email_field_name()
    people = User._default_manager.filter(may, is_active=True).exclude(**{address: ""})
    return people.distinct().order_by(User.USERNAME_FIELD)


class AlarmsForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = list(_staff()[:MOST_PEOPLE])
        choices = [
            (str(user.pk), f"{user.get_full_name() or user.get_username()} ({_address(user)})")
            for user in self.people
        ]
        chosen = alarms.chosen()
        for kind, label in ALARM_KINDS:
            self.fields[kind] = forms.MultipleChoiceField(
                label=label,
                required=False,
                choices=choices,
                widget=forms.CheckboxSelectMultiple,
                initial=[str(pk) for pk in chosen.get(kind, ())],
                error_messages={
                    "invalid_choice": gettext_lazy(
                        "Choose among the people who are shown; somebody has gone."
                    )
                },
            )

    def people_by_kind(self) -> dict[str, list[int]]:
        return {kind: [int(pk) for pk in self.cleaned_data[kind]] for kind, _label in ALARM_KINDS}


def _address(user: Any) -> str:
    return str(getattr(user, user.get_email_field_name()))


class AlarmsView(WagtailAdminTemplateMixin, TemplateView):
    template_name = "wagtail_drip/admin/settings/alarms.html"
    page_title = gettext_lazy("Alarms")
    header_icon = "warning"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_settings:index"), "label": _("Text message settings")},
            {"url": "", "label": self.page_title},
        ]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AlarmsForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        alarms.choose(form.people_by_kind())
        messages.success(request, _("The people to be told were saved."))
        return redirect("wagtail_drip_settings:alarms")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or AlarmsForm()
        rows = list(Alarm.objects.order_by("-opened_at")[:SHOWN])
        said = alarms.sentences(now=clock.now()) if any(row.is_open for row in rows) else {}
        for row in rows:
            if row.is_open:
                row.sentence = said.get((row.kind, row.cause), row.sentence)
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "nobody": not any(form[kind].value() for kind, _label in ALARM_KINDS),
            "has_people": bool(form.people),
            "alarms": rows,
            "workers": pulse.workers(),
        }


class WorkersBanner(Component):
    """Stands above all else on the home page while no worker runs; ``public.watch`` writes the e-mails."""

    name = "text_messages_workers"
    template_name = "wagtail_drip/admin/home/workers.html"
    order = 40

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.workers = pulse.workers() if self._may_see() else None

    def _may_see(self) -> bool:
        user = self.request.user
        return bool(user.has_perm("wagtail_drip.view_message") or user.has_perm(CHANGE))

    def is_shown(self) -> bool:
        return self.workers is not None and not self.workers.are_alive

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        return {"sentence": self.workers.sentence if self.workers is not None else ""}
