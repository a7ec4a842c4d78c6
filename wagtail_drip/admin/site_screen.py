"""What the screens about one site have in common: who may, which site, and the way to the others."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.models import Site

CHANGE = "wagtail_drip.change_sitesettings"


class SiteScreen(WagtailAdminTemplateMixin, TemplateView):
    """A page about the site in the address (``site_id``), or about the default one."""

    # Any one of these lets somebody in.
    any_of: ClassVar[tuple[str, ...]] = (CHANGE,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(request.user.has_perm(permission) for permission in self.any_of):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def site(self) -> Site:
        pk = self.kwargs.get("site_id")
        return get_object_or_404(Site, pk=pk) if pk else Site.objects.get(is_default_site=True)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": "", "label": self.get_page_title(), "sublabel": str(self.site)},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "site": self.site,
            "sites": Site.objects.order_by("-is_default_site", "hostname"),
        }


def menu_item_for(*permissions: str) -> type[MenuItem]:
    """Return the class of a menu item that is shown to whoever has one of *permissions*."""

    class PermittedMenuItem(MenuItem):
        def is_shown(self, request: HttpRequest) -> bool:
            return any(request.user.has_perm(permission) for permission in permissions)

    return PermittedMenuItem
