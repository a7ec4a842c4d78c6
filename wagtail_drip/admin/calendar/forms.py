from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput
from wagtail.models import Site

from wagtail_drip.compliance.models import BlackoutDate
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.purposes import PURPOSES


class BlackoutForm(forms.Form):
    """Days without texts."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("For yourselves, for example “Day of mourning” or “Stocktaking”."),
    )
    begins_on = forms.DateField(label=gettext_lazy("First day"), widget=AdminDateInput)
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=AdminDateInput,
        required=False,
        help_text=gettext_lazy("Empty if it is one day."),
    )
    everywhere = forms.BooleanField(label=gettext_lazy("On every site"), required=False)
    purposes = forms.MultipleChoiceField(
        label=gettext_lazy("Only these purposes"),
        choices=PURPOSES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "None ticked means all marketing. News of an order or booking goes out all the same unless it is ticked."
        ),
    )
    sequences = forms.MultipleChoiceField(
        label=gettext_lazy("Only these sequences"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked means all."),
    )

    def __init__(self, *args: Any, site: Site, row: BlackoutDate | None = None, **kwargs: Any) -> None:
        self.site, self.row = site, row
        if row is not None:
            kwargs["initial"] = {
                "name": row.name,
                "begins_on": row.begins_on,
                "ends_on": row.ends_on,
                "everywhere": row.site_id is None,
                "purposes": row.purposes,
                "sequences": [str(pk) for pk in row.sequences],
            }
        super().__init__(*args, **kwargs)
        self.fields["sequences"].choices = [  # type: ignore[attr-defined] # of its own kind of field
            (str(pk), name) for pk, name in Sequence.objects.order_by("name").values_list("pk", "name")
        ]
        if Site.objects.count() < 2:
            del self.fields["everywhere"]
        if not self.fields["sequences"].choices:  # type: ignore[attr-defined]
            del self.fields["sequences"]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        begins, ends = found.get("begins_on"), found.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("The last day is before the first."))
        return found

    def changes(self) -> dict[str, Any]:
        """Return what to save."""
        found = self.cleaned_data
        return {
            "name": found["name"],
            "begins_on": found["begins_on"],
            "ends_on": found["ends_on"] or found["begins_on"],
            "site_id": None if found.get("everywhere") else self.site.pk,
            "purposes": found["purposes"],
            "sequences": [int(pk) for pk in found.get("sequences", ())],
            "pk": self.row.pk if self.row else None,
        }
