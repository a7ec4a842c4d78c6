"""A list and a page per row for models that people look at and never edit by hand."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from wagtail.admin.menu import MenuItem
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import IndexView, InspectView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permission_policies import ModelPermissionPolicy


class OwnPermissions:
    """Asks the model's own permissions. Wagtail 8.0 finds them by itself; 7.4 then asks for none at all."""

    model: Any

    @cached_property
    def permission_policy(self) -> ModelPermissionPolicy:
        return ModelPermissionPolicy(self.model)


class OwnStyles:
    """Brings the style sheet of our pages to a list that Wagtail draws."""

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)  # type: ignore[misc] # a view's
        context["media"] += Media(css={"all": [versioned_static("wagtail_drip/css/screens.css")]})
        return context


class ReadOnlyIndexView(OwnPermissions, OwnStyles, IndexView):
    """A list without "add", whose exports need a permission of their own.

    :cvar export_permission: codename with app label; '' forbids exports altogether.
    """

    any_permission_required = ["view"]
    paginate_by = 50
    export_permission: ClassVar[str] = ""

    @cached_property
    def show_export_buttons(self) -> bool:
        return bool(self.export_permission) and self.request.user.has_perm(self.export_permission)

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # A shop's context processor may offer a form of its own under this name (Oscar does), which the
        # header would show where the list itself cannot be searched.
        return {"search_form": None, **super().get_context_data(*args, **kwargs)}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.is_export and not self.show_export_buttons:
            raise PermissionDenied
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response


class ReadOnlyInspectView(OwnPermissions, InspectView):
    any_permission_required = ["view"]


class ReadOnlyViewSet(ViewSet):
    """Register it with the menu group. *model*, *index_view_class* and *inspect_view_class* must be set."""

    model: Any = None
    index_view_class: type[ReadOnlyIndexView] = ReadOnlyIndexView
    inspect_view_class: type[ReadOnlyInspectView] = ReadOnlyInspectView

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        common: dict[str, Any] = super().get_common_view_kwargs(
            model=self.model,
            header_icon=self.icon,
            index_url_name=self.get_url_name("index"),
            index_results_url_name=self.get_url_name("index_results"),
            inspect_url_name=self.get_url_name("inspect"),
            **kwargs,
        )
        return common

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", self.construct_view(self.index_view_class), name="index"),
            path(
                "results/",
                self.construct_view(self.index_view_class, results_only=True),
                name="index_results",
            ),
            path("<int:pk>/", self.construct_view(self.inspect_view_class), name="inspect"),
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        codename = f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"

        class ReadOnlyMenuItem(MenuItem):
            def is_shown(self, request: HttpRequest) -> bool:
                return bool(request.user.has_perm(codename))

        return ReadOnlyMenuItem
