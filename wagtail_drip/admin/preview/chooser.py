"""The dialogue that finds a contact for "Show as". Wagtail's choosers ask no permission; this one does."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.choosers import BaseFilterForm, SearchFilterMixin
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet

from wagtail_drip.admin import redaction, searching
from wagtail_drip.admin.preview import people
from wagtail_drip.contacts import phone, querysets
from wagtail_drip.contacts.models import Contact


class _ForThoseWhoMay:
    """Also keeps merged and erased contacts out, and searches without an index (none is kept of contacts)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not people.may_see_contacts(request):
            raise PermissionDenied
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc] # Wagtail's view
        return response

    def get_object_list(self) -> QuerySet[Contact]:
        return querysets.alive().order_by("-pk")


class _Found(_ForThoseWhoMay):
    is_searchable = True

    @property
    def columns(self) -> list[Column]:
        return [
            self._name_column,
            Column("phone", label=_("Phone"), accessor=lambda contact: phone.mask(contact.phone)),
            Column("email", label=_("E-mail")),
        ]

    @property
    def _name_column(self) -> TitleColumn:
        column: TitleColumn = self.title_column  # type: ignore[attr-defined] # Wagtail's view
        column.label = _("Name")
        column.accessor = people.name_of
        return column

    def get_filter_form_class(self) -> Any:
        request = self.request  # type: ignore[attr-defined] # Wagtail's view

        class Form(SearchFilterMixin, BaseFilterForm):
            def filter(self, contacts: QuerySet[Contact]) -> QuerySet[Contact]:
                query = (self.cleaned_data.get("q") or "").strip()
                self.search_query, self.is_searching = query, bool(query)
                shows_numbers = redaction.sees(request)
                return searching.found(contacts, query, shows_numbers=shows_numbers) if query else contacts

        return Form


class ChooseView(_Found, chooser.ChooseView):
    pass


class ChooseResultsView(_Found, chooser.ChooseResultsView):
    pass


class ChosenView(_ForThoseWhoMay, chooser.ChosenView):
    def get_display_title(self, instance: Contact) -> str:
        return people.name_of(instance)


class ChosenMultipleView(_ForThoseWhoMay, chooser.ChosenMultipleView):
    def get_display_title(self, instance: Contact) -> str:
        return people.name_of(instance)


class PersonChooserViewSet(ChooserViewSet):
    model = Contact
    icon = "user"
    choose_one_text = _("Choose a customer")
    choose_another_text = _("Choose another customer")
    per_page = 10
    register_widget = False
    url_prefix = "text-messages/choose-person"
    choose_view_class = ChooseView
    choose_results_view_class = ChooseResultsView
    chosen_view_class = ChosenView
    chosen_multiple_view_class = ChosenMultipleView


person_chooser_viewset = PersonChooserViewSet("wagtail_drip_person_chooser")
