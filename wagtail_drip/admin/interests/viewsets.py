from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.widgets.button import HeaderButton
from wagtail.snippets.views.snippets import CreateView, EditView, IndexView, SnippetViewSet

from wagtail_drip.admin import asked_for
from wagtail_drip.admin.interests.fading import FadingView
from wagtail_drip.admin.interests.uses import uses
from wagtail_drip.core import clock
from wagtail_drip.core.listed import listed
from wagtail_drip.stores import interest_actions, interests
from wagtail_drip.stores.interest_models import Interest


class InterestIndexView(IndexView):
    @cached_property
    def header_buttons(self) -> list[Any]:
        url = reverse("wagtail_drip_interests:fading")
        return [*super().header_buttons, HeaderButton(_("How interests fade"), url=url, icon_name="time")]

    def paginate_queryset(self, queryset: QuerySet[Interest], page_size: int) -> Any:
        """Put the numbers on the rows: they are asked for once for all."""
        found = super().paginate_queryset(queryset, page_size)
        numbers = interests.numbers(now=clock.now())
        for interest in found[2]:
            interest.said, interest.shown = numbers.get(interest.pk, (0, 0))
        return found


class PeopleColumn(Column):
    """How many people, with the way to them for who may see them."""

    def __init__(self, name: str, *, by: str, label: Any) -> None:
        super().__init__(name, label=label)
        self._by = by

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        request = parent_context["request"]
        if self.get_value(instance) and request.user.has_perm("wagtail_drip.view_contact"):
            address = f"{reverse('wagtail_drip_contacts:index')}?interest={self._by}{instance.pk}"
            context["value"] = format_html('<a href="{}">{}</a>', address, context["value"])
        return context


class _LooksAgain:
    """Saving other words has everybody looked at by them."""

    def save_instance(self) -> Any:
        view: Any = self
        before = Interest.objects.filter(pk=view.form.instance.pk).first()
        instance = super().save_instance()  # type: ignore[misc] # Wagtail's view has it
        if instance.word_list != (before.word_list if before else []):
            interest_actions.recount()
        return instance


class InterestCreateView(_LooksAgain, CreateView):
    pass


class InterestEditView(_LooksAgain, EditView):
    pass


class InterestViewSet(SnippetViewSet):
    model = Interest
    icon = "pick"
    menu_label = _("Interests")
    menu_order = 330
    url_prefix = "text-messages/interests"
    url_namespace = "wagtail_drip_interests"
    edit_handler = ObjectList(
        [
            FieldPanel(
                "name",
                classname="title",
                widget=forms.TextInput(
                    attrs={"placeholder": _("Name it as people would, for example Coffee")}
                ),
            ),
            FieldPanel("words", widget=forms.Textarea(attrs={"rows": 6})),
            FieldPanel("is_offered"),
        ]
    )
    list_display: ClassVar[list[Any]] = [
        "name",
        Column("words", label=_("Words that tell it"), accessor=lambda each: listed(each.word_list)),
        PeopleColumn("said", by="stated-", label=_("Said so")),
        PeopleColumn("shown", by="inferred-", label=_("Have shown it")),
        BooleanColumn("is_offered", label=_("People can choose it")),
    ]
    index_view_class = InterestIndexView
    add_view_class = InterestCreateView
    edit_view_class = InterestEditView
    copy_view_enabled = False
    search_backend_name = None
    search_fields = ["name", "words"]
    ordering = ["name"]

    def get_urlpatterns(self) -> list[Any]:
        # The first is where the menu leads.
        return [*super().get_urlpatterns(), path("fading/", FadingView.as_view(), name="fading")]


def refuse_to_delete(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    """Keep what others ask for; called before Wagtail deletes."""
    return asked_for.refuse(request, instances, Interest, uses=uses, back_to="wagtail_drip_interests:list")
