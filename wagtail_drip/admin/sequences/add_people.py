"""Adding people to a sequence by hand: numbers or addresses, one a line, looked up, shown, and then let in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.admin.sequences.switching import PUBLISH
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.listed import listed
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments import audience
from wagtail_drip.enrolments.entry import Refusal
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.sequences.types import Running

MOST = 1000
SEE_CONTACTS = "wagtail_drip.view_contact"


@dataclass(frozen=True, kw_only=True)
class Found:
    """:ivar unknown: the lines that name nobody we know."""

    contact_ids: list[int]
    unknown: list[str]


class AddPeopleForm(forms.Form):
    people = forms.CharField(
        label=gettext_lazy("Who"),
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text=gettext_lazy(
            "Phone numbers or e-mail addresses of contacts you have, one on each line, at most 1000. Nobody is added "
            "as a contact here, and nobody is texted who has not agreed."
        ),
    )

    def __init__(self, *args: Any, region: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region
        self.found = Found(contact_ids=[], unknown=[])

    def clean_people(self) -> str:
        text: str = self.cleaned_data["people"]
        lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if len(lines) > MOST:
            raise forms.ValidationError(
                _("These are %(n)d lines. Add at most %(most)d at a time.") % {"n": len(lines), "most": MOST}
            )
        self.found = look_up(lines, region=self.region)
        if not self.found.contact_ids:
            raise forms.ValidationError(
                _("None of these is a contact of yours. Check the numbers and addresses.")
            )
        return text


def look_up(lines: Iterable[str], *, region: str) -> Found:
    """Return the contacts whom these lines name, in two queries."""
    numbers: dict[str, str] = {}
    addresses: dict[str, str] = {}
    unknown: list[str] = []
    for line in lines:
        if "@" in line:
            addresses[line.lower()] = line
            continue
        try:
            numbers[phones.parse(line, region=region).e164] = line
        except phones.InvalidPhone:
            unknown.append(line)
    by_number = contacts.by_phone(numbers)
    by_address: dict[str, int] = dict(
        contacts.alive().filter(email__in=addresses).order_by("-pk").values_list("email", "pk")
    )
    unknown += [line for number, line in numbers.items() if number not in by_number]
    unknown += [line for address, line in addresses.items() if address not in by_address]
    ids = {*(contact.pk for contact in by_number.values()), *by_address.values()}
    return Found(contact_ids=sorted(ids), unknown=unknown)


class AddPeopleView(WagtailAdminTemplateMixin, FormView):  # type: ignore[type-arg] # not subscriptable at run time
    """Asks whom to add, and lets them in on POST, by the sequence's own rules."""

    template_name = "wagtail_drip/admin/sequences/add_people.html"
    form_class = AddPeopleForm
    header_icon = "group"
    page_title = gettext_lazy("Add people…")
    sequence: Sequence
    running: Running

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Whoever adds people says whom the shop texts, and learns who is a contact.
        if not (request.user.has_perm(PUBLISH) and request.user.has_perm(SEE_CONTACTS)):
            raise PermissionDenied
        self.sequence = get_object_or_404(Sequence, pk=kwargs["pk"])
        running = sequences.live([self.sequence.pk]).get(self.sequence.pk)
        if running is None:
            messages.error(
                request,
                _("“%(name)s” is not running: publish or resume it, then add people.")
                % {"name": self.sequence.name},
            )
            return redirect(self.edit_url)
        self.running = running
        self.site_id = audience.place_of(running).site_id
        return super().dispatch(request, *args, **kwargs)

    @property
    def edit_url(self) -> str:
        return reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk])

    def get_page_subtitle(self) -> str:
        return self.sequence.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {"url": self.edit_url, "label": self.sequence.name},
            {"url": "", "label": str(self.page_title)},
        ]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "region": core.site_settings(self.site_id).region}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "sequence": self.sequence, "back_url": self.edit_url}

    def form_valid(self, form: AddPeopleForm) -> HttpResponse:
        admission = enrolments.enrol(
            contact_ids=form.found.contact_ids,
            sequence_id=self.sequence.pk,
            site_id=self.site_id,
            now=clock.now(),
        )
        if admission is None:  # it was paused while they typed
            return redirect(self.request.path)
        entered = len(admission.entered)
        said = messages.success if entered else messages.warning
        said(
            self.request,
            ngettext("%(n)d person has entered.", "%(n)d people have entered.", entered) % {"n": entered},
        )
        if admission.waiting:
            messages.info(
                self.request,
                ngettext(
                    "%(n)d of them waits until the entry limit has room.",
                    "%(n)d of them wait until the entry limit has room.",
                    admission.waiting,
                )
                % {"n": admission.waiting},
            )
        for reason, number in sorted(Counter(admission.refused.values()).items()):
            messages.warning(self.request, _refused(reason) % {"n": number})
        if form.found.unknown:
            messages.warning(
                self.request,
                _("Not found among your contacts: %(names)s") % {"names": _some(form.found.unknown)},
            )
        return redirect(self.edit_url)


def _refused(reason: Refusal) -> str:
    return {
        Refusal.NOBODY: _("Did not enter, because they were erased: %(n)d."),
        Refusal.INSIDE: _("Did not enter, because they are inside already: %(n)d."),
        Refusal.ENTERED_BEFORE: _("Did not enter, because nobody may come again: %(n)d."),
        Refusal.TOO_SOON: _("Did not enter, because they were inside too short a time ago: %(n)d."),
        Refusal.SAME_OCCASION: _("Did not enter, because they entered for this occasion already: %(n)d."),
        Refusal.FULL: _("Did not enter, because the entry limit is reached: %(n)d."),
    }[reason]


def _some(lines: list[str]) -> str:
    shown = listed(lines[:10])
    return (
        _("%(names)s and %(n)d more") % {"names": shown, "n": len(lines) - 10} if len(lines) > 10 else shown
    )
