"""The form fields of a trigger that a model field alone does not make: weekdays, known dates, pages with a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.apps import apps
from django.db.models import Model
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page, get_page_models

from wagtail_drip.contacts.models import ContactDate
from wagtail_drip.segments.models import Segment


class NumbersField(forms.TypedMultipleChoiceField):
    """A list of numbers, chosen by ticking."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        super().__init__(coerce=int, required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return [str(day) for day in value] if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {str(day) for day in initial or ()} != {str(day) for day in data or ()}


def _segments() -> list[tuple[int, str]]:
    return list(Segment.objects.order_by("name").values_list("pk", "name"))


class Suggesting(forms.TextInput):
    """A text input that offers what there is; anything else may be written."""

    template_name = "wagtail_drip/admin/sequences/suggesting.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}-known"
        context["widget"]["attrs"]["list"] = list_id
        context["list_id"], context["suggestions"] = list_id, known_dates()
        return context


AUDIENCES = [
    ("everyone", _("Everybody")),
    ("segment", _("People in a segment")),
    ("tag", _("People with a tag")),
]

# Where a form does not have them, what the draft has stays.
MAY_BE_LEFT_OUT = (
    "trigger_kind",
    "trigger_offset",
    "trigger_every",
    "trigger_audience",
    "entry_period",
    "entry_excess",
    "priority",
)
MAY_BE_HIDDEN = ("trigger_days", "trigger_month_day", "trigger_time", "existing_days", "reentry_days")


def fill_blanks(cleaned: dict[str, Any], model: type[Model]) -> None:
    """Give fields that were left empty, hidden or not, what the model gives them."""
    for name in MAY_BE_HIDDEN:
        if name in cleaned and cleaned[name] is None:
            cleaned[name] = getattr(model(), name)


def known_dates() -> list[str]:
    """Return the names of the dates that contacts have."""
    return list(ContactDate.objects.order_by("name").values_list("name", flat=True).distinct()[:50])


def prepare(fields: dict[str, Any]) -> None:
    """Replace those of *fields* that are there."""
    if "trigger_weekdays" in fields:
        # Monday is 0.
        fields["trigger_weekdays"] = NumbersField(
            label=capfirst(str(fields["trigger_weekdays"].label)), choices=list(WEEKDAYS.items())
        )
    if "trigger_without_segments" in fields:
        fields["trigger_without_segments"] = NumbersField(
            label=capfirst(str(fields["trigger_without_segments"].label)), choices=_segments
        )
    if "trigger_audience" in fields:
        # Whom an event happens to may not have agreed: only what goes to many asks for that here.
        fields["trigger_audience"].choices = AUDIENCES
    if "trigger_attribute" in fields:
        fields["trigger_attribute"].widget = Suggesting(attrs={"placeholder": "birthday", "maxlength": 64})
        fields["trigger_attribute"].label = _("Which date")
        fields["trigger_attribute"].help_text = _("The contact’s attribute that holds it, such as birthday.")
    if "trigger_form" in fields:
        fields["trigger_form"] = forms.ModelChoiceField(
            queryset=form_pages(),
            required=False,
            label=capfirst(str(fields["trigger_form"].label)),
            empty_label=_("Choose…"),
        )
    for name in (*MAY_BE_HIDDEN, *MAY_BE_LEFT_OUT):
        # Only the chosen kind's are shown: an empty one that is hidden must not stop anybody.
        if name in fields:
            fields[name].required = False
    if "entry_limit" in fields:
        # By which editor.css knows that it is empty.
        fields["entry_limit"].widget.attrs["placeholder"] = " "


def form_pages() -> Any:
    """Return the pages that have a form of Wagtail's form builder; none where it is not installed."""
    if not apps.is_installed("wagtail.contrib.forms"):
        return Page.objects.none()
    from wagtail.contrib.forms.models import FormMixin

    kinds = [model for model in _page_models() if issubclass(model, FormMixin)]
    return Page.objects.type(*kinds).order_by("title") if kinds else Page.objects.none()


def _page_models() -> Iterable[type[Page]]:
    models: Iterable[type[Page]] = get_page_models()
    return models
