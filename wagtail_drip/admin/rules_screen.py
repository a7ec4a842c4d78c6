"""The screen of rules by which everybody is looked at: what they come to, and a form for who may change them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin


class RulesScreen(WagtailAdminTemplateMixin, TemplateView, ABC):
    """
    A page that extends ``wagtail_drip/admin/rules_form.html``.

    :cvar form_class: its fields are named as those of the rules.
    :cvar may_see: the permission to look; *may_save* is another, and lets somebody look as well.
    :cvar saved: what is said of rules that were saved.
    :cvar own_url: the name of the page's address; *list_url* is that of the list it belongs to.
    """

    form_class: ClassVar[type[forms.Form]]
    may_see: ClassVar[str]
    may_save: ClassVar[str]
    saved: ClassVar[Any]
    own_url: ClassVar[str]
    list_url: ClassVar[str]
    list_title: ClassVar[Any]

    @abstractmethod
    def find_rules(self) -> Any:
        """Return the rules as they are."""

    @abstractmethod
    def change_rules(self, values: dict[str, Any]) -> None:
        """Have everybody looked at by other rules; nothing happens where they are the same."""

    @cached_property
    def rules(self) -> Any:
        return self.find_rules()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.may_see) and not request.user.has_perm(self.may_save):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(self.may_save):
            raise PermissionDenied
        form = self.form_class(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        self.change_rules(form.cleaned_data)
        # Now: what is stored after the answer would be put into the language that Wagtail has left by then.
        messages.success(request, str(self.saved))
        return redirect(self.own_url)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.list_url), "label": self.list_title},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        written = {name: getattr(self.rules, name) for name in self.form_class.base_fields}
        return {
            "form": self.form_class(initial=written),
            **super().get_context_data(**kwargs),
            "rules": self.rules,
            "may_change": self.request.user.has_perm(self.may_save),
        }
