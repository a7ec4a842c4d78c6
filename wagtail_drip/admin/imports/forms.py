from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminDateInput
from wagtail.models import Site

from wagtail_drip.admin import places
from wagtail_drip.admin.imports import import_words as words
from wagtail_drip.conf import settings
from wagtail_drip.contacts import attributes, cleaning
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.privacy import import_columns, import_files, import_plan, import_reasons
from wagtail_drip.privacy.import_columns import ATTRIBUTE, TYPES
from wagtail_drip.privacy.import_files import UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_plan import Column, Plan, Proof

MEGABYTES = import_files.MOST_BYTES // import_files.MEGABYTE


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("List of customers"),
        help_text=_("CSV or XLSX, at most 100 MB. The first line names the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    site = forms.ModelChoiceField(label=_("Whose customers"), queryset=Site.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.layout: import_files.Layout | None = None
        sites = Site.objects.order_by("-is_default_site", "hostname")
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.fields["site"].initial = sites.first()
        if len(sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > import_files.MOST_BYTES:
            raise forms.ValidationError(import_reasons.FILES["too_large"])
        try:
            self.layout = import_files.find_layout(file)
        except UnreadableFile as error:
            raise forms.ValidationError(import_reasons.FILES[error.code]) from error
        return file


class LayoutForm(forms.Form):
    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(words.ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Columns are parted by"), choices=list(words.DELIMITERS.items()))


class ColumnForm(forms.Form):
    """What one column is. ``attribute:number`` is an attribute of that type."""

    field = forms.ChoiceField(
        required=False,
        choices=[
            ("", _("Leave out")),
            *words.FIELDS.items(),
            *((f"{ATTRIBUTE}:{kind}", words.TYPES[kind]) for kind in TYPES),
        ],
    )
    name = forms.CharField(required=False, max_length=64)

    def __init__(
        self, data: Any = None, *, header: str, samples: Sequence[str], place: int, initial: Any = None
    ) -> None:
        super().__init__(data, prefix=f"column-{place}", initial=initial)
        choices: Any = self.fields["field"]
        choices.choices = [
            *choices.choices,
            *(
                (f"{ATTRIBUTE}:{_column_type(each.type)}:{each.name}", each.label)
                for each in attributes.declared().values()
            ),
        ]
        self.header, self.samples, self.place = header or str(place + 1), samples, place
        self.fields["field"].widget.attrs["aria-label"] = _("What “%(column)s” is") % {"column": self.header}
        self.fields["name"].widget.attrs.update(
            {
                "aria-label": _("Name of the attribute in “%(column)s”") % {"column": self.header},
                "placeholder": import_columns.attribute_name(self.header),
            }
        )

    def column(self) -> Column | None:
        field, _colon, kind = self.cleaned_data["field"].partition(":")
        if not field:
            return None
        kind, _colon, declared = kind.partition(":")
        name = declared or self.cleaned_data["name"] or import_columns.attribute_name(self.header)
        return Column(
            place=self.place, field=field, name=name if field == ATTRIBUTE else "", type=kind or "text"
        )


def _column_type(kind: str) -> str:
    """Return as what a column of a declared attribute is read; the declaration itself has the last word."""
    return kind if kind in TYPES else "text"


class PlanForm(forms.Form):
    meant = forms.ChoiceField(
        label=_("What this list is"),
        choices=[
            ("", _("customers to take in")),
            (import_plan.NEVER_TEXT, _("numbers that are never to be texted")),
            (import_plan.CHANGED_HANDS, _("numbers that somebody else has by now")),
        ],
        required=False,
        widget=forms.RadioSelect(attrs={"class": "drip-meant"}),
        help_text=_(
            "Of a list of numbers only the number is read, and the country: nobody is taken in. Numbers that are "
            "never to be texted stay closed on all your sites whatever else is imported, until you take the list "
            "back or somebody texts START from that phone. Numbers that somebody else has by now are taken from "
            "their contacts, and what these had agreed to ends; that cannot be taken back."
        ),
    )
    day = forms.DateField(
        label=_("The day by which the numbers had changed hands"),
        required=False,
        widget=AdminDateInput,
        help_text=_("Whoever agreed after that day is the new owner, and keeps the number."),
    )
    region = forms.ChoiceField(
        label=_("Country of numbers without country code"),
        required=False,
        help_text=_("Without one, such numbers are refused."),
    )
    store = forms.ChoiceField(label=_("Your own numbers of people are those of"), required=False)
    tags = forms.CharField(
        label=_("Tags for everybody on the list"), required=False, help_text=_("Parted by commas.")
    )
    overwrite = forms.ChoiceField(
        label=_("Where the list differs from what you know"),
        choices=[("", _("keep what you know, and fill the gaps")), ("yes", _("take what the list says"))],
        required=False,
        widget=forms.RadioSelect,
    )
    groups = forms.MultipleChoiceField(
        label=_("These people agreed to"),
        choices=[
            ("marketing", _("marketing texts")),
            ("transactional", _("news of their orders and bookings")),
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick nothing to take them in without any permission: nobody is texted then."),
    )
    source = forms.CharField(
        label=_("Where they agreed"),
        required=False,
        max_length=191,
        help_text=_("Such as: form at the till."),
    )
    wording = forms.CharField(
        label=_("The words they agreed to"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    at = forms.DateField(
        label=_("The day on which they agreed"),
        required=False,
        widget=AdminDateInput,
        help_text=_("Not needed where a column has the date of each."),
    )

    def __init__(self, *args: Any, site_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = SiteSettings.objects.filter(site_id=site_id).values_list("region", flat=True).first()
        self.fields["region"].choices = [  # type: ignore[attr-defined]
            ("", _("None")),
            *places.countries(),
        ]
        self.fields["region"].initial = known or settings.DEFAULT_REGION
        self.fields["store"].choices = [  # type: ignore[attr-defined]
            ("import", _("another system")),
            *((alias, alias) for alias in sorted(settings.STORES)),
        ]

    def plan(self, columns: Sequence[Column]) -> Plan:
        given = self.cleaned_data
        if given["meant"]:
            changed_on: date | None = given["day"]
            return import_plan.of_numbers(
                columns,
                meant=given["meant"],
                region=given["region"],
                day=changed_on.isoformat() if changed_on else "",
            )
        day: date | None = given["at"]
        proof = None
        if given["groups"]:
            proof = Proof(
                groups=given["groups"],
                source=given["source"],
                wording=given["wording"],
                at=day.isoformat() if day else "",
            )
        return Plan(
            columns=columns,
            region=given["region"],
            store=given["store"] or "import",
            tags=sorted({cleaning.tag(each) for each in given["tags"].replace("，", ",").split(",")} - {""}),
            overwrite=bool(given["overwrite"]),
            proof=proof,
        )


def initial_plan(row: ContactImport) -> tuple[dict[int, dict[str, str]], dict[str, Any]]:
    """Return what the columns and the rest of the form begin with: the stored plan, or what the headers say."""
    if not row.plan:
        guessed = import_columns.guess(row.columns)
        return {place: {"field": field} for place, field in guessed.items()}, {}
    plan = import_plan.read(row.plan)
    columns = {
        each.place: {
            "field": f"{each.field}:{each.type}" if each.field == ATTRIBUTE else each.field,
            "name": each.name,
        }
        for each in plan.columns
    }
    proof = plan.proof
    rest = {
        "meant": plan.meant,
        "day": plan.day,
        "region": plan.region,
        "store": plan.store,
        "tags": ", ".join(plan.tags),
        "overwrite": "yes" if plan.overwrite else "",
        **(
            {"groups": proof.groups, "source": proof.source, "wording": proof.wording, "at": proof.at}
            if proof
            else {}
        ),
    }
    return columns, rest
