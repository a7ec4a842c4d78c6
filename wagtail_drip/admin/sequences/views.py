"""List, editor and switches of sequences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.ui.tables import (
    Column,
    LiveStatusTagColumn,
    NumberColumn,
    StatusTagColumn,
    UpdatedAtColumn,
)
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button
from wagtail.snippets.views import snippets

from wagtail_drip.admin.preview.panels import PersonPreviewMixin
from wagtail_drip.admin.read_only import OwnStyles
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import RUNNING
from wagtail_drip.events import catalogue
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.reports.models import StepDay
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import TRANSITIONS, Health, RuntimeState

PUBLISH = "wagtail_drip.publish_sequence"
DAYS = 30


def _of_step_days(reached: MessageState) -> Coalesce:
    """
    Count the messages that reached a state lately, whatever became of them then.

    From the rollup, not from messages: the list stays as quick with a million of them.
    """
    since = clock.now().date() - timedelta(days=DAYS)
    days = (
        StepDay.objects.filter(sequence_id=OuterRef("pk"), measure=f"message:{reached.value}", day__gte=since)
        .order_by()
        .values("sequence_id")
        .annotate(total=Sum("n"))
        .values("total")
    )
    return Coalesce(Subquery(days, output_field=IntegerField()), Value(0))


def _inside() -> Coalesce:
    people = (
        Enrolment.objects.filter(sequence_id=OuterRef("pk"), state__in=[state.value for state in RUNNING])
        .order_by()
        .values("sequence_id")
        .annotate(total=Count("pk"))
        .values("total")
    )
    return Coalesce(Subquery(people, output_field=IntegerField()), Value(0))


def running_words(sequence: Sequence) -> tuple[str, bool]:
    """Return what a sequence is doing, in words, and whether that is as it should be."""
    runtime: SequenceRuntime | None = getattr(sequence, "runtime", None)
    if runtime is None:
        return _("Not started"), False
    if runtime.health == Health.FAILING:
        return _("Publishing failed"), False
    if runtime.health == Health.AUTO_PAUSED:
        return _("Paused by itself"), False
    if runtime.health == Health.SILENT and runtime.state == RuntimeState.LIVE:
        return _("Running, but silent"), False
    words = {
        RuntimeState.LIVE: _("Running"),
        RuntimeState.PAUSED: _("Paused"),
        RuntimeState.DRAINING: _("Finishing"),
        RuntimeState.ENDED: _("Ended"),
        RuntimeState.ARCHIVED: _("Archived"),
    }
    return words[RuntimeState(runtime.state)], runtime.state == RuntimeState.LIVE


def starts_when(sequence: Sequence) -> str:
    found = catalogue.find(sequence.trigger_event) if sequence.trigger_event else None
    return str(found.sentence) if found else sequence.trigger_event or _("Nothing by itself")


class SequenceIndexView(OwnStyles, snippets.IndexView):
    def get_base_queryset(self) -> QuerySet[Sequence]:
        rows: QuerySet[Sequence] = super().get_base_queryset()
        return rows.select_related("runtime").annotate(
            people_inside=_inside(),
            sent_lately=_of_step_days(MessageState.SENT),
            delivered_lately=_of_step_days(MessageState.DELIVERED),
        )

    def get_list_more_buttons(self, instance: Sequence) -> list[Button]:
        return [*super().get_list_more_buttons(instance), *switches(self.request, instance, priority=50)]


LIST_DISPLAY = [
    "name",
    Column(
        "trigger_event", label=gettext_lazy("Starts when"), accessor=starts_when, sort_key="trigger_event"
    ),
    StatusTagColumn(
        "running",
        label=pgettext_lazy("heading of a list", "Running"),
        accessor=lambda sequence: running_words(sequence)[0],
        primary=lambda sequence: running_words(sequence)[1],
    ),
    NumberColumn("people_inside", label=gettext_lazy("People inside"), sort_key="people_inside"),
    NumberColumn("sent_lately", label=gettext_lazy("Sent in 30 days"), sort_key="sent_lately"),
    NumberColumn("delivered_lately", label=gettext_lazy("Delivered"), sort_key="delivered_lately"),
    # Wagtail's own labels would be those of the language in which the server started.
    LiveStatusTagColumn(label=gettext_lazy("Status")),
    UpdatedAtColumn(label=gettext_lazy("Updated")),
]


def switches(request: HttpRequest, sequence: Sequence, *, priority: int) -> list[Button]:
    """Return the buttons that this person may press on this sequence as it stands."""
    runtime: SequenceRuntime | None = getattr(sequence, "runtime", None)
    if runtime is None or not request.user.has_perm(PUBLISH):
        return []
    return [
        Button(
            view.button,
            url=reverse(f"wagtail_drip_sequences:{view.switch}", args=[sequence.pk]),
            icon_name=view.icon,
            priority=priority + place,
        )
        for place, view in enumerate((PauseView, ResumeView, EndView))
        if view.is_possible(runtime)
    ]


class SequenceCreateView(PersonPreviewMixin, snippets.CreateView):
    pass


class SequenceCopyView(PersonPreviewMixin, snippets.CopyView):
    pass


class SequenceUnpublishView(snippets.UnpublishView):
    template_name = "wagtail_drip/admin/sequences/unpublish.html"


def refuse_to_delete(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    """Send back whoever would delete a sequence that was ever published: its results and proofs hang on it."""
    wanted = [instance.pk for instance in instances if isinstance(instance, Sequence)]
    kept = Sequence.objects.filter(pk__in=wanted, runtime__isnull=False).values_list("name", flat=True)
    if not kept:
        return None
    messages.error(
        request,
        _(
            "What was published cannot be deleted, for its results hang on it: %(names)s. Unpublish or end it instead."
        )
        % {"names": ", ".join(kept)},
    )
    return redirect("wagtail_drip_sequences:list")


class SwitchView(WagtailAdminTemplateMixin, TemplateView):
    """
    Asks before it switches a sequence, and does so on POST.

    :cvar switch: the name in the address.
    :cvar to: what becomes of the runtime; only offered where the table of states allows it.
    """

    template_name = "wagtail_drip/admin/sequences/switch.html"
    header_icon = "mobile-alt"
    switch: ClassVar[str]
    button: ClassVar[Any]
    question: ClassVar[Any]
    explanation: ClassVar[Any]
    done: ClassVar[Any]
    icon: ClassVar[str]
    to: ClassVar[RuntimeState]
    act: ClassVar[Callable[..., bool]]
    is_serious: ClassVar[bool] = False

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return cls.to in TRANSITIONS[RuntimeState(runtime.state)]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        self.sequence = get_object_or_404(Sequence.objects.select_related("runtime"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return str(self.button)

    def get_page_subtitle(self) -> str:
        return self.sequence.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {"url": self._edit_url, "label": self.sequence.name},
            {"url": "", "label": str(self.button)},
        ]

    @property
    def _edit_url(self) -> str:
        return reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        inside = Enrolment.objects.filter(
            sequence_id=self.sequence.pk, state__in=[state.value for state in RUNNING]
        ).count()
        return {
            **super().get_context_data(**kwargs),
            "sequence": self.sequence,
            "question": str(self.question) % {"name": self.sequence.name},
            "explanation": self.explanation,
            "button": self.button,
            "is_serious": self.is_serious,
            "back_url": self._edit_url,
            "people_inside": inside,
            "details": self.details(),
        }

    def details(self) -> list[str]:
        """Return what else is to be known before it is done, a sentence each."""
        return []

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        changed = type(self).act(self.sequence.pk, now=clock.now(), by=request.user.get_username())
        if changed:
            messages.success(request, str(self.done) % {"name": self.sequence.name})
        else:
            messages.warning(
                request,
                _("Nothing changed: “%(name)s” was not in a state for it. Look again.")
                % {"name": self.sequence.name},
            )
        return redirect(self._edit_url)


class PauseView(SwitchView):
    switch = "pause"
    button = gettext_lazy("Pause")
    question = gettext_lazy("Pause “%(name)s”?")
    explanation = gettext_lazy(
        "Nobody enters and nobody is texted until you resume. People inside stay where they are."
    )
    done = gettext_lazy("“%(name)s” is paused.")
    icon = "no-view"
    to = RuntimeState.PAUSED
    act = sequences.pause


class ResumeView(SwitchView):
    switch = "resume"
    button = gettext_lazy("Resume")
    question = gettext_lazy("Resume “%(name)s”?")
    explanation = gettext_lazy(
        "People enter again, and those inside go on. Whose wait ended meanwhile goes on at once, within your "
        "sending times."
    )
    done = gettext_lazy("“%(name)s” runs again.")
    icon = "resubmit"
    to = RuntimeState.LIVE
    act = sequences.resume

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return runtime.state == RuntimeState.PAUSED


class EndView(SwitchView):
    switch = "end"
    button = gettext_lazy("End now")
    question = gettext_lazy("End “%(name)s” now?")
    explanation = gettext_lazy(
        "Nobody enters any more, nothing more is sent, and everybody inside is taken out. They do not come back "
        "when you publish again. To let them finish, unpublish it instead."
    )
    done = gettext_lazy("“%(name)s” has ended.")
    icon = "logout"
    to = RuntimeState.ENDED
    act = sequences.end
    is_serious = True

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return runtime.state in (RuntimeState.LIVE, RuntimeState.PAUSED, RuntimeState.DRAINING)
