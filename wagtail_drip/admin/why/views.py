"""The pages: which sequences a person might ask of, one of them explained, and who is in a sequence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from wagtail_drip.admin import redaction, sentences, words
from wagtail_drip.admin.sequences.trigger_words import starts_when
from wagtail_drip.admin.why import lines, turn_words
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.reports import why
from wagtail_drip.sequences import querysets as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime

SEE_CONTACTS = "wagtail_drip.view_contact"
PAGE_SIZE = 50


class WhatIfForm(forms.Form):
    at = forms.DateTimeField(
        label=gettext_lazy("What if it were…"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": gettext_lazy("Choose a day and a time.")},
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["at"].widget.attrs["min"] = timezone.localtime(now).strftime("%Y-%m-%dT%H:%M")

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at < self.now:
            raise forms.ValidationError(_("This looks ahead: choose a moment that is still to come."))
        return at


class SeesContacts(WagtailAdminTemplateMixin, TemplateView):
    """A page about people: only for whoever may see who our contacts are."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(SEE_CONTACTS):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def contact(self) -> Contact:
        return get_object_or_404(Contact, pk=self.kwargs["pk"])

    def _crumbs(self, *more: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_contacts:index"), "label": _("Contacts")},
            {
                "url": reverse("wagtail_drip_contacts:inspect", args=[self.contact.pk]),
                "label": str(self.contact),
            },
            *more,
        ]


class WhyIndexView(SeesContacts):
    """Every sequence, with what this person has to do with it."""

    template_name = "wagtail_drip/admin/why/index.html"
    page_title = gettext_lazy("Why, or why not?")
    header_icon = "help"

    def get_page_subtitle(self) -> str:
        return str(self.contact)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return self._crumbs({"url": "", "label": self.page_title, "sublabel": str(self.contact)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newest = Enrolment.objects.filter(contact=self.contact, sequence=OuterRef("pk")).order_by(
            "-entered_at"
        )
        rows = (
            Sequence.objects.select_related("runtime")
            .annotate(
                last_state=Subquery(newest.values("state")[:1]),
                last_entered=Subquery(newest.values("entered_at")[:1]),
            )
            .order_by("name", "pk")
        )
        page = Paginator(rows, PAGE_SIZE).get_page(self.request.GET.get("p"))
        return {
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "page": page,
            "rows": [
                {
                    "sequence": row,
                    "running": _running(row),
                    "state": words.ENROLMENT_STATES.get(row.last_state or "", _("Never entered")),
                    "entered": row.last_entered,
                    "url": reverse("wagtail_drip_contacts:why", args=[self.contact.pk, row.pk]),
                }
                for row in page
            ],
        }


class WhyView(SeesContacts):
    """One person and one sequence, now or at a moment to come."""

    template_name = "wagtail_drip/admin/why/why.html"
    page_title = gettext_lazy("Why, or why not?")
    header_icon = "help"

    @cached_property
    def sequence(self) -> Sequence:
        return get_object_or_404(Sequence, pk=self.kwargs["sequence_id"])

    def get_page_subtitle(self) -> str:
        return f"{self.contact} · {self.sequence.name}"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        every = reverse("wagtail_drip_contacts:why_index", args=[self.contact.pk])
        return self._crumbs(
            {"url": every, "label": self.page_title},
            {"url": "", "label": self.sequence.name, "sublabel": str(self.contact)},
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = clock.now()
        form = WhatIfForm(self.request.GET if "at" in self.request.GET else None, now=now)
        at = form.cleaned_data["at"] if form.is_bound and form.is_valid() else None
        answer = why.explain(self.contact, self.sequence, now=now, at=at)
        steps = lines.Steps({id(run.flow): run.flow for run in answer.runs}.values())
        shown = redaction.sees(self.request)
        runs = [lines.run_lines(run, steps, shows_texts=shown) for run in answer.runs]
        event = sentences.event_name(answer.flow.trigger.event) if answer.flow and answer.flow.trigger else ""
        local = answer.at.astimezone(timezone.get_current_timezone())
        theirs = answer.at.astimezone(ZoneInfo(answer.zone))
        return {
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "sequence": self.sequence,
            "answer": answer,
            "form": form,
            "headline": lines.headline(answer),
            "moment": sentences.moment(answer.at),
            "their_time": theirs.strftime("%H:%M") if theirs.utcoffset() != local.utcoffset() else "",
            "clock": timezone.get_current_timezone_name(),
            "gate": lines.gate_answer(answer.gate) if answer.gate is not None else None,
            "obstacles": lines.obstacles(answer.gate) if answer.gate is not None else [],
            "looser_hours": lines.looser_hours(answer),
            "runs": runs,
            "standing": [(check.holds, sentences.entry_check(check)) for check in answer.standing],
            "event": event,
            "calendar": starts_when(self.sequence) if answer.flow and answer.flow.timed else "",
            "turn": turn_words.turn_of(answer),
            "tried": [lines.tried_lines(each, event) for each in answer.tried],
            "results_url": reverse("wagtail_drip_sequences:results", args=[self.sequence.pk]),
        }


def _running(sequence: Sequence) -> Any:
    runtime: SequenceRuntime | None = getattr(sequence, "runtime", None)
    if runtime is None or runtime.version_id is None:
        return _("The sequence has never been published, so nobody can enter.")
    return sentences.RUNTIME_STATES.get(runtime.state, runtime.state)


class PeopleView(SeesContacts):
    """Who is in a sequence and who was, newest first, each with the way to "Why?"."""

    template_name = "wagtail_drip/admin/why/people.html"
    page_title = gettext_lazy("People")
    header_icon = "group"

    @cached_property
    def sequence(self) -> Sequence:
        return get_object_or_404(Sequence, pk=self.kwargs["sequence_id"])

    def get_page_subtitle(self) -> str:
        return self.sequence.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {
                "url": reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk]),
                "label": self.sequence.name,
            },
            {"url": "", "label": self.page_title, "sublabel": self.sequence.name},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        inside_only = self.request.GET.get("who") == "inside"
        people = Enrolment.objects.filter(sequence=self.sequence).select_related("contact")
        if inside_only:
            people = people.filter(running=1)
        page = Paginator(people.order_by("-entered_at", "-pk"), PAGE_SIZE).get_page(self.request.GET.get("p"))
        rows = list(page)
        flows = sequences.flows({row.version_id for row in rows})
        steps = lines.Steps([])
        return {
            **super().get_context_data(**kwargs),
            "sequence": self.sequence,
            "page": page,
            "inside_only": inside_only,
            "rows": [
                {
                    "row": row,
                    "state": words.ENROLMENT_STATES.get(row.state, row.state),
                    "left": sentences.left_because(row.exit_reason) if row.exit_reason else "",
                    "step": steps.title(flows[row.version_id], row.step_id) if row.running else "",
                    "next": row.due_at if row.running else None,
                    "url": reverse("wagtail_drip_contacts:why", args=[row.contact_id, self.sequence.pk]),
                }
                for row in rows
            ],
        }
