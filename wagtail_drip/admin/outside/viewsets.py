from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn

from wagtail_drip.admin import redaction, words
from wagtail_drip.admin.contacts.viewsets import may_see_contacts
from wagtail_drip.admin.outside import again
from wagtail_drip.admin.read_only import ReadOnlyIndexView, ReadOnlyInspectView, ReadOnlyViewSet
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.sequences.models import Sequence


def _states() -> list[tuple[str, Any]]:
    return [(state, label) for state, (label, _meaning) in words.CALL_STATES.items()]


def _sequences() -> list[tuple[int, str]]:
    return list(Sequence.objects.order_by("name").values_list("pk", "name"))


class CallFilterSet(WagtailFilterSet):
    state = django_filters.MultipleChoiceFilter(
        label=pgettext_lazy("of a call to the outside", "State"), choices=_states
    )
    sequence_id = django_filters.ChoiceFilter(label=_("Sequence"), choices=_sequences, empty_label=_("Any"))
    created_at = django_filters.DateFromToRangeFilter(label=_("Asked"), widget=DateRangePickerWidget)

    class Meta:
        model = OutsideCall
        fields = ["state", "sequence_id", "created_at"]


class WhatColumn(TitleColumn):
    def get_value(self, instance: Any) -> Any:
        return instance.what


class AboutColumn(Column):
    def get_value(self, instance: Any) -> Any:
        return instance.enrolment.contact if instance.shows_contact else _("Hidden")


class SequenceColumn(Column):
    def get_value(self, instance: Any) -> Any:
        return instance.sequence_name or "–"


class StateColumn(StatusTagColumn):
    def get_value(self, instance: OutsideCall) -> Any:
        return words.CALL_STATES[instance.state][0]


class CallIndexView(ReadOnlyIndexView):
    kind: ClassVar[str]
    inspect_name: ClassVar[str]
    filterset_class = CallFilterSet
    default_ordering = "-created_at"
    is_searchable = False

    def get_base_queryset(self) -> QuerySet[OutsideCall]:
        calls: QuerySet[OutsideCall] = super().get_base_queryset()
        return calls.filter(kind=self.kind).select_related("enrolment__contact")

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)
        describe(context["object_list"], request=self.request)
        return context


def describe(calls: Iterable[Any], *, request: HttpRequest) -> None:
    """Give each call what its row shows; a subject may name the person."""
    names = dict(Sequence.objects.values_list("pk", "name"))
    shows_contact = may_see_contacts(request)
    shows_texts = shows_contact and redaction.sees(request)
    for call in calls:
        call.sequence_name = names.get(call.sequence_id, "")
        call.shows_contact, call.shows_texts = shows_contact, shows_texts
        if call.kind == "webhook":
            call.what = f"{call.payload.get('target', '')} → {call.name}"
        else:
            subject = call.response.get("subject") if shows_texts else ""
            call.what = subject or call.payload.get("subject") or "–"


class NoticePaginator(WagtailPaginator):
    @property
    def items_count_label(self) -> str:
        return ngettext("%(n)s notice", "%(n)s notices", self.count) % {"n": self.count}


class CallPaginator(WagtailPaginator):
    @property
    def items_count_label(self) -> str:
        return ngettext("%(n)s call", "%(n)s calls", self.count) % {"n": self.count}


def _columns(label: Any, address: str) -> list[Any]:
    return [
        WhatColumn("what", label=label, get_url=lambda call: reverse(address, args=[call.pk])),
        AboutColumn("about", label=_("About")),
        SequenceColumn("sequence_name", label=_("Sequence")),
        StateColumn(
            "state",
            label=pgettext_lazy("of a call to the outside", "State"),
            primary=lambda call: call.state == "answered",
        ),
        DateColumn("created_at", label=_("Asked"), sort_key="created_at"),
    ]


class NoticeIndexView(CallIndexView):
    kind = "notice"
    paginator_class = NoticePaginator
    page_title = _("Notices to staff")
    list_display: ClassVar[list[Any]] = _columns(_("Notice"), "wagtail_drip_notices:inspect")


class WebhookIndexView(CallIndexView):
    kind = "webhook"
    paginator_class = CallPaginator
    page_title = _("Calls to other systems")
    list_display: ClassVar[list[Any]] = _columns(_("Call"), "wagtail_drip_webhook_calls:inspect")


class CallInspectView(ReadOnlyInspectView):
    template_name = "wagtail_drip/admin/outside/inspect.html"
    page_title = _("Call")
    list_title: ClassVar[Any] = _("Calls to other systems")
    again_name: ClassVar[str] = "wagtail_drip_webhook_calls:again"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        found = super().get_breadcrumbs_items()
        # Notices and calls are rows of one table, which has but one name.
        return [
            {**each, "label": self.list_title} if each["url"] == reverse(self.index_url_name) else each
            for each in found
        ]

    def get_queryset(self) -> QuerySet[OutsideCall]:
        return OutsideCall.objects.select_related("enrolment__contact")

    def get_page_subtitle(self) -> str:
        return f"#{self.object.pk}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        call: Any = self.object
        describe([call], request=self.request)
        label, meaning = words.CALL_STATES[call.state]
        return {
            **context,
            "call": call,
            "contact": call.enrolment.contact,
            "state": label,
            "meaning": meaning,
            "again_url": reverse(self.again_name, args=[call.pk]),
            "again": again.explanation(call) if self.request.user.has_perm(again.MAY) else "",
            "answer": json.dumps(call.response, indent=2, ensure_ascii=False) if call.response else "",
        }


class NoticeInspectView(CallInspectView):
    page_title = _("Notice")
    list_title = _("Notices to staff")
    again_name = "wagtail_drip_notices:again"


class CallViewSet(ReadOnlyViewSet):
    model = OutsideCall
    kind: ClassVar[str]

    def get_urlpatterns(self) -> list[URLPattern]:
        view = again.CallAgainView.as_view(kind=self.kind, inspect_name=self.get_url_name("inspect"))
        return [*super().get_urlpatterns(), path("again/<int:pk>/", view, name="again")]


class NoticeViewSet(CallViewSet):
    kind = "notice"
    name = "wagtail_drip_notices"
    url_prefix = "text-messages/notices"
    icon = "group"
    menu_label = _("Notices to staff")
    menu_order = 450
    index_view_class = NoticeIndexView
    inspect_view_class = NoticeInspectView


class WebhookCallViewSet(CallViewSet):
    kind = "webhook"
    name = "wagtail_drip_webhook_calls"
    url_prefix = "text-messages/calls"
    icon = "link-external"
    menu_label = _("Calls to other systems")
    menu_order = 460
    index_view_class = WebhookIndexView
    inspect_view_class = CallInspectView
