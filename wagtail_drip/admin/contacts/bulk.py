"""What is done to many contacts at once: those that were ticked, or all of the list as it is narrowed just now."""

from __future__ import annotations

import copy
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.bulk_action import BulkAction
from wagtail.log_actions import log

from wagtail_drip.admin import redaction
from wagtail_drip.admin.contacts import lists
from wagtail_drip.admin.contacts.lists import in_chunks
from wagtail_drip.admin.contacts.screens import EXPORT_CONTACT, VIEW_CONTACT
from wagtail_drip.admin.contacts.viewsets import CHANGE, ContactIndexView
from wagtail_drip.contacts import cleaning, querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.core import clock

LOGGED = "wagtail_drip.tag_contacts"
CHUNK = 500
SHOWN = 10


class TagForm(forms.Form):
    tag = forms.CharField(label=_("Tag"), max_length=64)

    def clean_tag(self) -> str:
        found = cleaning.tag(self.cleaned_data["tag"])
        if not found:
            raise forms.ValidationError(_("Write a word."))
        return found


class _OfContacts(BulkAction):
    """
    Wagtail loads every chosen row, and asks nothing of the list's filters: this does neither.

    :cvar permissions: all of these are needed; the list shows the button to nobody else.
    """

    models = [Contact]
    template_name = "wagtail_drip/admin/contacts/bulk.html"
    permissions: ClassVar[tuple[str, ...]] = ()
    question: Any = ""
    icon: ClassVar[str] = "user"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perms(self.permissions):
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def chosen(self) -> QuerySet[Contact]:
        """Return whom it is about. :raises Http404: for ids that are none."""
        ids = self.request.GET.getlist("id")
        if "all" in ids:
            return self._narrowed()
        if not ids or not all(each.isascii() and each.isdecimal() and len(each) < 19 for each in ids):
            raise Http404
        return querysets.alive().filter(pk__in=[int(each) for each in ids])

    @cached_property
    def list_query(self) -> QueryDict:
        """Return by what the list is narrowed. :raises Http404: where it is another list."""
        address = urlsplit(self.next_url)
        if address.path != reverse("wagtail_drip_contacts:index"):
            raise Http404
        return QueryDict(address.query)

    def _narrowed(self) -> QuerySet[Contact]:
        return self.as_listed(self.list_query)

    def as_listed(self, query: QueryDict) -> QuerySet[Contact]:
        """Return the contacts that the list shows to this query, with what it shows of them."""
        request = copy.copy(self.request)
        request.GET = query
        view = ContactIndexView(
            model=Contact,
            index_url_name="wagtail_drip_contacts:index",
            index_results_url_name="wagtail_drip_contacts:index_results",
        )
        view.setup(request)
        # The list itself shows everybody where a filter cannot be read; nobody is tagged by such a slip.
        if view.filters is not None and not view.filters.is_valid():
            raise Http404
        found: QuerySet[Contact] = view.get_queryset()
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = self.chosen()
        return {
            # Past Wagtail's own, which loads everybody.
            **FormView.get_context_data(self, **kwargs),
            "number": chosen.count(),
            "shown": list(chosen.order_by("pk")[:SHOWN]),
            "next": self.next_url,
            "submit_url": f"{self.request.path}?{self.request.META['QUERY_STRING']}",
            "title": self.display_name,
            "question": self.question,
            "icon": self.icon,
        }


class _TagAction(_OfContacts):
    permissions = (VIEW_CONTACT, CHANGE)
    form_class = TagForm
    adds = True
    icon = "tag"

    def form_valid(self, form: TagForm) -> HttpResponse:
        tag, number, now = form.cleaned_data["tag"], 0, clock.now()
        # Each chunk commits by itself, so that no text waits for a lock on everybody; a second press harms nothing.
        for chunk in in_chunks(self.chosen(), size=CHUNK):
            pairs = [(each.pk, tag) for each in chunk]
            change_tags(add=pairs if self.adds else (), remove=() if self.adds else pairs, now=now)
            number += len(pairs)
        log(
            instance=self.request.user,
            action=LOGGED,
            user=self.request.user,
            data={"tag": tag, "number": number, "added": self.adds},
        )
        messages.success(self.request, self.done(number))
        return redirect(self.next_url)

    def done(self, number: int) -> str:
        raise NotImplementedError


class AddTag(_TagAction):
    display_name = _("Add a tag")
    action_type = "add_tag"
    aria_label = _("Add a tag to the selected contacts")
    action_priority = 10
    question = _("Which tag do they get?")

    def done(self, number: int) -> str:
        return ngettext("%(number)d contact has the tag.", "%(number)d contacts have the tag.", number) % {
            "number": number
        }


class RemoveTag(_TagAction):
    display_name = _("Remove a tag")
    action_type = "remove_tag"
    aria_label = _("Remove a tag from the selected contacts")
    action_priority = 20
    adds = False
    question = _("Which tag is taken away?")

    def done(self, number: int) -> str:
        return ngettext(
            "%(number)d contact is without the tag.", "%(number)d contacts are without the tag.", number
        ) % {"number": number}


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("As what"),
        choices=[("xlsx", _("Workbook (XLSX)")), ("csv", _("Text with commas (CSV)"))],
        widget=forms.RadioSelect,
        initial="xlsx",
    )


class Export(_OfContacts):
    display_name = _("Download")
    action_type = "download"
    aria_label = _("Download the selected contacts")
    action_priority = 30
    permissions = (VIEW_CONTACT, EXPORT_CONTACT)
    form_class = ExportForm
    question = _("They are handed out as one file, and the log notes that you took it.")
    icon = "download"

    def form_valid(self, form: ExportForm) -> HttpResponseBase:
        everybody = "all" in self.request.GET.getlist("id")
        query = self.list_query
        if not everybody:
            # Whom somebody ticked, whatever the list is narrowed to; in the currency that it shows.
            only = QueryDict(mutable=True)
            only["currency"] = str(query.get("currency") or "")
            contacts = self.as_listed(only).filter(pk__in=self.chosen().values("pk"))
        else:
            contacts = self.chosen()
        return lists.answer(
            contacts,
            form.cleaned_data["format"],
            user=self.request.user,
            filters=[name for name, value in query.items() if value] if everybody else ["ticked"],
            shows_numbers=redaction.sees(self.request),
        )
