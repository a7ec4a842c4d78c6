from __future__ import annotations

import re
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, NumberColumn, StatusTagColumn, TitleColumn

from wagtail_drip.admin import cap_sentences, redaction, words
from wagtail_drip.admin.contacts.viewsets import may_see_contacts
from wagtail_drip.admin.read_only import ReadOnlyIndexView, ReadOnlyInspectView, ReadOnlyViewSet
from wagtail_drip.contacts import querysets
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence

GOOD_STATES = ("scheduled", "claimed", "handed_over", "sent", "delivered")


def _sequence_choices() -> list[tuple[int, str]]:
    return list(Sequence.objects.order_by("name").values_list("pk", "name"))


class MessageFilterSet(WagtailFilterSet):
    state = django_filters.MultipleChoiceFilter(
        label=pgettext_lazy("of a message", "State"), choices=words.state_choices
    )
    sequence_id = django_filters.ChoiceFilter(
        label=_("Sequence"), choices=_sequence_choices, empty_label=_("Any")
    )
    created_at = django_filters.DateFromToRangeFilter(label=_("Created"), widget=DateRangePickerWidget)

    class Meta:
        model = Message
        fields = ["state", "sequence_id", "created_at"]


class StateColumn(StatusTagColumn):
    def get_value(self, instance: Message) -> Any:
        return words.state_label(instance.state)


class ReasonColumn(Column):
    def get_value(self, instance: Message) -> Any:
        return words.reason_label(instance)


class ToColumn(TitleColumn):
    def get_value(self, instance: Message) -> Any:
        return instance.contact if getattr(instance, "shows_contact", False) else _("Hidden")


class SegmentsColumn(NumberColumn):
    def get_value(self, instance: Message) -> Any:
        return instance.segments or "–"  # 0 is a text that was not composed


class SequenceColumn(Column):
    def get_value(self, instance: Any) -> Any:
        return instance.sequence_name or "–"


class MessageIndexView(ReadOnlyIndexView):
    page_title = _("Message log")
    filterset_class = MessageFilterSet
    default_ordering = "-pk"  # as they were created, and the one order that costs no index of its own
    search_backend_name = None
    list_display: ClassVar[list[Any]] = [
        ToColumn(
            "__str__",
            label=pgettext_lazy("who gets a message", "To"),
            get_url=lambda message: reverse("wagtail_drip_messages:inspect", args=[message.pk]),
        ),
        SequenceColumn("sequence_name", label=_("Sequence")),
        StateColumn(
            "state",
            label=pgettext_lazy("of a message", "State"),
            primary=lambda message: message.state in GOOD_STATES,
        ),
        ReasonColumn("reason", label=_("Why")),
        SegmentsColumn("segments", label=_("Segments")),
        DateColumn("created_at", label=_("Created"), sort_key="pk"),
        DateColumn("handed_over_at", label=_("Handed over")),
    ]

    @cached_property
    def is_searchable(self) -> bool:
        """Searching by name or number would tell who is texted to people who may not know."""
        return may_see_contacts(self.request)

    def search_queryset(self, queryset: QuerySet[Message]) -> QuerySet[Message]:
        if not self.is_searching:
            return queryset
        query = str(self.search_query)
        found = querysets.said_by(query, "contact__first_name", "contact__last_name", "reference")
        digits = re.sub(r"\D", "", query).lstrip("0")
        if redaction.sees(self.request):
            found |= Q(contact__phone__contains=query)
        elif redaction.is_whole(digits):
            found |= Q(contact__phone__endswith=digits)
        return queryset.filter(found)

    def get_base_queryset(self) -> QuerySet[Message]:
        messages: QuerySet[Message] = super().get_base_queryset()
        return messages.select_related("contact")

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)
        names = dict(Sequence.objects.values_list("pk", "name"))
        shows_contact = may_see_contacts(self.request)
        for message in context["object_list"]:
            message.sequence_name = names.get(message.sequence_id, "")
            message.shows_contact = shows_contact
        return context


class MessageInspectView(ReadOnlyInspectView):
    template_name = "wagtail_drip/admin/messaging/inspect.html"
    page_title = _("Message")

    def get_page_subtitle(self) -> str:
        return str(self.object.contact) if may_see_contacts(self.request) else f"#{self.object.pk}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        message: Message = self.object
        shows_contact = may_see_contacts(self.request)
        shows_texts = shows_contact and redaction.sees(self.request)
        visit = StepVisit.objects.filter(enrolment=message.enrolment_id, message_key=message.key).first()
        return {
            **context,
            "message": message,
            "shows_contact": shows_contact,
            "shows_texts": shows_texts,
            "body": redaction.body(message, shown=shows_texts),
            "phone": redaction.number(message.contact.phone, shown=shows_texts) if shows_contact else "",
            "state": words.state_label(message.state),
            "meaning": words.state_meaning(message.state),
            "why": words.reason_label(message),
            "capped": cap_sentences.of_message(message),
            "sequence": Sequence.objects.filter(pk=message.sequence_id).first(),
            "decisions": [
                words.decision_label(each) for each in redaction.decisions(visit.decisions, shown=shows_texts)
            ]
            if visit
            else [],
            "purpose": words.PURPOSES.get(message.purpose, message.purpose),
            "receipts": [
                (words.state_label(row.status), row) for row in message.receipts.order_by("recorded_at")
            ],
        }


class MessageViewSet(ReadOnlyViewSet):
    model = Message
    name = "wagtail_drip_messages"
    url_prefix = "text-messages/log"
    icon = "history"
    menu_label = _("Message log")
    menu_order = 400
    index_view_class = MessageIndexView
    inspect_view_class = MessageInspectView
