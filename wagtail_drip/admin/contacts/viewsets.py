from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, DateColumn, StatusTagColumn
from wagtail.admin.views.bulk_action.registry import bulk_action_registry
from wagtail.admin.widgets.button import HeaderButton, ListingButton

from wagtail_drip.admin import places, redaction, searching, words, zones
from wagtail_drip.admin.contacts import (
    bought,
    interested,
    lists,
    merging,
    own_pages,
    record_words,
    stops,
    timeline,
)
from wagtail_drip.admin.contacts.complaints import ComplaintView
from wagtail_drip.admin.contacts.consent_views import ChangeConsentView, EvidenceDownload, EvidenceView
from wagtail_drip.admin.contacts.erasing import EraseView
from wagtail_drip.admin.contacts.exporting import ExportView
from wagtail_drip.admin.contacts.handing_on import HandOnView
from wagtail_drip.admin.contacts.limits import LimitsView
from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT
from wagtail_drip.admin.read_only import ReadOnlyIndexView, ReadOnlyInspectView, ReadOnlyViewSet
from wagtail_drip.admin.why.views import PeopleView, WhyIndexView, WhyView
from wagtail_drip.contacts import attributes, cleaning, querysets
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.segments import querysets as segments
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.who_rules import segment_choices
from wagtail_drip.stores.models import PurchaseTally, SpendTally

CHANGE = "wagtail_drip.change_contact"
# More than this is no number of orders, and no database's either.
MOST = 10**9
# How many of somebody's stages their page tells.
MOST_STAGES = 6


class ContactFilterSet(WagtailFilterSet):
    agreed = django_filters.ChoiceFilter(
        label=_("Marketing texts"),
        choices=[("yes", _("Agreed")), ("no", _("Said no")), ("unknown", _("Never asked"))],
        method="filter_agreed",
        empty_label=_("Any"),
    )
    reachable = django_filters.BooleanFilter(label=_("Has a phone number"), method="filter_reachable")
    segment = django_filters.ChoiceFilter(
        label=_("Segment"), choices=segment_choices, method="filter_segment", empty_label=_("Any")
    )
    stage = django_filters.ChoiceFilter(
        label=_("Stage as a customer"), choices=LIFE_STAGES, method="filter_stage", empty_label=_("Any")
    )
    interest = django_filters.ChoiceFilter(
        label=_("Interest"), choices=interested.filters, method="filter_interest", empty_label=_("Any")
    )
    tag = django_filters.CharFilter(label=_("Tag"), method="filter_tag")
    created_at = django_filters.DateFromToRangeFilter(label=_("Known since"), widget=DateRangePickerWidget)
    orders_min = django_filters.NumberFilter(
        label=_("Orders, at least"),
        method="filter_orders_min",
        min_value=0,
        max_value=MOST,
        decimal_places=0,
    )
    orders_max = django_filters.NumberFilter(
        label=_("Orders, at most"),
        method="filter_orders_max",
        min_value=0,
        max_value=MOST,
        decimal_places=0,
    )
    spent_min = django_filters.NumberFilter(
        label=_("Spent, at least"), method="filter_spent", min_value=0, max_value=MOST
    )
    currency = django_filters.ChoiceFilter(
        label=_("Currency"), choices=bought.currencies, method="filter_currency", empty_label=_("Any")
    )
    last_order = django_filters.DateFromToRangeFilter(
        label=_("Last order"), field_name="purchase_tally__last_at", widget=DateRangePickerWidget
    )
    seen = django_filters.ChoiceFilter(
        label=_("Last seen"), choices=bought.SEEN, method="filter_seen", empty_label=_("Any")
    )

    class Meta:
        model = Contact
        fields = [
            "agreed",
            "reachable",
            "segment",
            "stage",
            "interest",
            "tag",
            "region",
            "language",
            "created_at",
            "orders_min",
            "orders_max",
            "spent_min",
            "currency",
            "last_order",
            "seen",
        ]

    def filter_orders_min(self, contacts: QuerySet[Contact], name: str, value: Decimal) -> QuerySet[Contact]:
        # Everybody has bought at least nothing.
        return contacts.filter(purchase_tally__n__gte=value) if value > 0 else contacts

    def filter_orders_max(self, contacts: QuerySet[Contact], name: str, value: Decimal) -> QuerySet[Contact]:
        more = PurchaseTally.objects.filter(contact=OuterRef("pk"), n__gt=value)
        return contacts.filter(~Exists(more))

    def filter_spent(self, contacts: QuerySet[Contact], name: str, value: Decimal) -> QuerySet[Contact]:
        if value <= 0:
            return contacts
        currency = self.form.cleaned_data.get("currency")
        return contacts.filter(pk__in=bought.spent_at_least(value, currency).values("contact_id"))

    def filter_currency(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return contacts.filter(pk__in=SpendTally.objects.filter(currency=value, n__gt=0).values("contact_id"))

    def filter_seen(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return bought.seen(contacts, value, now=clock.now())

    def filter_agreed(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        asked = Permission.objects.filter(contact=OuterRef("pk"), group=PurposeGroup.MARKETING, topic="")
        if value == "unknown":
            return contacts.filter(~Exists(asked))
        return contacts.filter(Exists(asked.filter(granted=value == "yes")))

    def filter_segment(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return contacts.filter(pk__in=segments.current(int(value)).values("contact_id"))

    def filter_stage(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return contacts.filter(pk__in=segments.in_stage(value).values("contact_id"))

    def filter_interest(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return contacts.filter(interested.condition(value))

    def filter_tag(self, contacts: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return contacts.filter(tags__tag=cleaning.tag(value))

    def filter_reachable(self, contacts: QuerySet[Contact], name: str, value: bool) -> QuerySet[Contact]:
        return contacts.filter(active_phone__isnull=not value)


class PhoneColumn(Column):
    def get_value(self, instance: Any) -> str:
        return redaction.number(instance.phone, shown=getattr(instance, "shows_number", False)) or "–"


class AgreedColumn(StatusTagColumn):
    """Whether the person agreed to marketing texts, from the annotation of the list."""

    def get_value(self, instance: Any) -> Any:
        if instance.marketing_granted is None:
            return _("Never asked")
        return _("Agreed") if instance.marketing_granted else _("Said no")


class ContactIndexView(ReadOnlyIndexView):
    template_name = "wagtail_drip/admin/contacts/index.html"
    page_title = _("Contacts")
    filterset_class = ContactFilterSet
    search_fields = ["first_name", "last_name", "phone", "email"]
    search_backend_name = None
    default_ordering = "-created_at"
    export_permission: ClassVar[str] = "wagtail_drip.export_contact"
    list_display: ClassVar[list[Any]] = [
        "__str__",
        PhoneColumn("phone", label=_("Phone"), sort_key="phone"),
        AgreedColumn("agreed", label=_("Marketing texts"), primary=lambda contact: contact.marketing_granted),
        Column("orders", label=_("Orders"), accessor=bought.orders, sort_key="purchase_tally__n"),
        DateColumn(
            "last_order",
            label=_("Last order"),
            accessor=bought.last_order,
            sort_key="purchase_tally__last_at",
        ),
        bought.SpentColumn("spent", label=_("Spent"), sort_key="spent"),
        Column(
            "region",
            label=_("Country"),
            accessor=lambda contact: places.name_of(contact.region),
            sort_key="region",
        ),
        DateColumn("created_at", label=_("Known since"), sort_key="created_at"),
    ]

    @cached_property
    def bulk_buttons(self) -> list[ListingButton]:
        """Return what this person may do to those who are ticked: Wagtail itself would offer all of it to everybody."""
        actions = bulk_action_registry.get_bulk_actions_for_model("wagtail_drip", "contact")
        return [
            ListingButton(
                action.display_name,
                url=reverse("wagtail_bulk_action", args=["wagtail_drip", "contact", action.action_type]),
                attrs={"aria-label": action.aria_label, "data-bulk-action-button": ""},
                priority=action.action_priority,
                classname=" ".join(action.classes | {"bulk-action-btn"}),
            )
            for action in sorted(actions, key=lambda each: each.action_priority)
            if self.request.user.has_perms(getattr(action, "permissions", ()))
        ]

    @cached_property
    def columns(self) -> list[Any]:
        found: list[Any] = super().columns
        return (
            [BulkActionsCheckboxColumn("bulk_actions", obj_type="contact"), *found]
            if self.bulk_buttons
            else found
        )

    def _get_title_column(self, field_name: str, **kwargs: Any) -> Any:
        # The checkbox beside it is described by this name.
        return super()._get_title_column(
            field_name, get_title_id=lambda contact: f"contact_{contact.pk}_title", **kwargs
        )

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)
        shown = redaction.sees(self.request)
        for contact in context["object_list"]:
            contact.shows_number = shown
        return {
            **context,
            "bulk_buttons": self.bulk_buttons,
            "model_opts": Contact._meta,
        }

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        found = []
        if self.request.user.has_perm("wagtail_drip.import_contact"):
            url = reverse("wagtail_drip_imports:index")
            found.append(HeaderButton(_("Import contacts"), url=url, icon_name="upload"))
        if self.request.user.has_perm(merging.MERGE_CONTACT):
            url = reverse("wagtail_drip_contacts:doubles")
            found.append(HeaderButton(_("Probably the same person"), url=url, icon_name="group"))
        return found

    def search_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        query = self.search_query or ""
        return (
            searching.found(queryset, query, shows_numbers=redaction.sees(self.request))
            if query
            else queryset
        )

    def as_spreadsheet(self, queryset: QuerySet[Contact], spreadsheet_format: str) -> HttpResponseBase:
        filters = [name for name, value in self.request.GET.items() if value and name != "export"]
        return lists.answer(
            queryset,
            spreadsheet_format,
            user=self.request.user,
            filters=filters,
            shows_numbers=redaction.sees(self.request),
        )

    def get_base_queryset(self) -> QuerySet[Contact]:
        granted = Permission.objects.filter(
            contact=OuterRef("pk"), group=PurposeGroup.MARKETING, topic=""
        ).order_by("-granted")
        contacts: QuerySet[Contact] = super().get_base_queryset()
        contacts = contacts.filter(merged_into=None, erased_at=None).annotate(
            marketing_granted=granted.values("granted")[:1]
        )
        return bought.with_spending(contacts, currency=self.currency)

    @cached_property
    def currency(self) -> str:
        """Return the currency in which the list shows what was spent."""
        return bought.currency_of(self.request.GET.get("currency") or "")

    def order_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        name = str(self.ordering).lstrip("-")
        if name not in bought.SORTED:
            found: QuerySet[Contact] = super().order_queryset(queryset)
            return found
        # Who never bought comes last either way; the rest by a rule, so that no page shows somebody twice.
        by = F(name).desc(nulls_last=True) if self.is_descending else F(name).asc(nulls_last=True)
        return queryset.order_by(by, "-pk")

    @property
    def is_descending(self) -> bool:
        return str(self.ordering).startswith("-")


class ContactInspectView(ReadOnlyInspectView):
    template_name = "wagtail_drip/admin/contacts/inspect.html"
    page_title = _("Contact")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.object.merged_into_id is not None:
            # Old addresses and links in logs lead to who they are now.
            return redirect("wagtail_drip_contacts:inspect", self.object.merged_into_id)
        answer: HttpResponseBase = super().get(request, *args, **kwargs)
        return answer

    @property
    def _may_change_consent(self) -> bool:
        return bool(self.request.user.has_perm(CHANGE_CONSENT))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        page = timeline.page_number(self.request.GET.get("page"))
        shown = redaction.sees(self.request)
        return {
            **context,
            "contact": self.object,
            "phone": redaction.number(self.object.phone, shown=shown),
            "shows_numbers": shown,
            "attributes": {
                attributes.label_of(name): redaction.value(attributes.shown(name, value), shown=shown)
                for name, value in self.object.attributes.items()
            },
            "language": words.language_name(self.object.language),
            "clock": zones.clock_of(self.object, now=clock.now()),
            "tags": sorted(querysets.tags([self.object.pk]).get(self.object.pk, ())),
            "segments": segments.names_of(self.object.pk),
            "stages": segments.stage_history(self.object.pk, limit=MOST_STAGES),
            **interested.for_page(self.object.pk),
            "bought": bought.of(self.object.pk),
            "permissions": [
                (row, record_words.source(row.record)) for row in timeline.permissions(self.object.pk)
            ],
            "own_pages": own_pages.addresses(self.object) if self._may_change_consent else [],
            "is_paused": self.object.paused_until is not None and self.object.paused_until > clock.now(),
            "is_restricted": self.object.restricted_at is not None,
            "objects": self.object.objected_at is not None,
            "own_hours": own_pages.hours(self.object),
            **stops.for_page(self.object),
            "merges": merging.for_page(self.object, shown=shown),
            "complaint": self.object.complaints.order_by("-recorded_at").first(),
            "timeline": timeline.page(self.object.pk, page=page, shows_texts=shown),
        }


class ContactViewSet(ReadOnlyViewSet):
    model = Contact
    name = "wagtail_drip_contacts"
    url_prefix = "text-messages/contacts"
    icon = "user"
    menu_label = _("Contacts")
    menu_order = 300
    index_view_class = ContactIndexView
    inspect_view_class = ContactInspectView

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/consent/", ChangeConsentView.as_view(), name="consent"),
            path("<int:pk>/evidence/", EvidenceView.as_view(), name="evidence"),
            path("<int:pk>/evidence/download/", EvidenceDownload.as_view(), name="evidence_download"),
            path("<int:pk>/interests/", interested.InterestsView.as_view(), name="interests"),
            path("<int:pk>/limits/", LimitsView.as_view(), name="limits"),
            path("<int:pk>/complaint/", ComplaintView.as_view(), name="complaint"),
            path("<int:pk>/text-again/", stops.TextAgainView.as_view(), name="text_again"),
            path("<int:pk>/hand-on/", HandOnView.as_view(), name="hand_on"),
            path("<int:pk>/erase/", EraseView.as_view(), name="erase"),
            path("<int:pk>/merge/", merging.MergeView.as_view(), name="merge"),
            path("<int:pk>/merge/<int:merge_id>/undo/", merging.UndoMergeView.as_view(), name="undo_merge"),
            path("same/", merging.DoublesView.as_view(), name="doubles"),
            path("<int:pk>/export/", ExportView.as_view(), name="export"),
            path("<int:pk>/why/", WhyIndexView.as_view(), name="why_index"),
            path("<int:pk>/why/<int:sequence_id>/", WhyView.as_view(), name="why"),
            path("of-sequence/<int:sequence_id>/", PeopleView.as_view(), name="of_sequence"),
        ]


def may_see_contacts(request: HttpRequest) -> bool:
    """Tell whether this person may see who our contacts are, in lists, previews and logs alike."""
    return bool(request.user.has_perm("wagtail_drip.view_contact"))
