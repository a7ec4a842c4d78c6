"""What every screen under a contact's own page shares."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact

VIEW_CONTACT = "wagtail_drip.view_contact"
CHANGE_CONSENT = "wagtail_drip.change_consent"
EXPORT_CONTACT = "wagtail_drip.export_contact"
ERASE_CONTACT = "wagtail_drip.erase_contact"


class ContactScreen(WagtailAdminTemplateMixin, TemplateView):
    """
    A screen about one contact.

    :cvar permissions: all of these are needed.
    :cvar shows_erased: whether there is something to see of somebody who was erased.
    """

    permissions: ClassVar[tuple[str, ...]] = (VIEW_CONTACT,)
    shows_erased: ClassVar[bool] = False
    header_icon = "user"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perms(self.permissions):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def contact(self) -> Contact:
        people = Contact.objects.filter(merged_into=None) if self.shows_erased else querysets.alive()
        return get_object_or_404(people, pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_contacts:index"), "label": _("Contacts")},
            {"url": self.own_page, "label": str(self.contact)},
            {"url": "", "label": self.get_page_title()},
        ]

    @property
    def own_page(self) -> str:
        return reverse("wagtail_drip_contacts:inspect", args=[self.contact.pk])
