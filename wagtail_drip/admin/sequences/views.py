"""List, editor and switches of sequences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.ui.tables import (
    Column,
    LiveStatusTagColumn,
    NumberColumn,
    StatusTagColumn,
    UpdatedAtColumn,
)
from wagtail.admin.widgets.button import Button
from wagtail.snippets.views import snippets

from wagtail_drip.admin.preview.panels import PersonPreviewMixin
from wagtail_drip.admin.read_only import OwnStyles
from wagtail_drip.admin.sequences import usage
from wagtail_drip.admin.sequences.switching import DELETE, PUBLISH, switches
from wagtail_drip.admin.sequences.trigger_words import starts_when
from wagtail_drip.admin.word_advice import WarnsOfWords
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import clock
from wagtail_drip.core.listed import listed
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import RUNNING
from wagtail_drip.messaging.states import MessageState
from wagtail_drip.reports.models import StepDay
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import Health, RuntimeState
from wagtail_drip.sequences.triggers import ONCE

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


class SequenceIndexView(OwnStyles, snippets.IndexView):
    def get_base_queryset(self) -> QuerySet[Sequence]:
        rows: QuerySet[Sequence] = super().get_base_queryset()
        rows = rows.exclude(runtime__state=RuntimeState.ARCHIVED)
        return rows.select_related("runtime", "trigger_form", "trigger_segment").annotate(
            people_inside=_inside(),
            sent_lately=_of_step_days(MessageState.SENT),
            delivered_lately=_of_step_days(MessageState.DELIVERED),
        )

    @property
    def header_more_buttons(self) -> list[Button]:
        buttons: list[Button] = list(super().header_more_buttons)
        if self.request.user.has_perm(DELETE):
            url = reverse("wagtail_drip_sequences:archived")
            buttons.append(Button(_("Archive"), url=url, icon_name="bin", priority=90))
        return buttons

    def get_list_more_buttons(self, instance: Sequence) -> list[Button]:
        buttons = [*super().get_list_more_buttons(instance), *switches(self.request, instance, priority=50)]
        runtime = getattr(instance, "runtime", None)
        # Not by its version's flow, which would be a query for each row.
        if runtime is not None and instance.trigger_kind == ONCE and self.request.user.has_perm(PUBLISH):
            url = reverse("wagtail_drip_sequences:once", args=[instance.pk])
            buttons.append(Button(_("Send once"), url=url, icon_name="mail", priority=45))
        return buttons


LIST_DISPLAY = [
    "name",
    Column("trigger_kind", label=gettext_lazy("Starts when"), accessor=starts_when, sort_key="trigger_kind"),
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


class SequenceCreateView(PersonPreviewMixin, WarnsOfWords, snippets.CreateView):
    pass


class SequenceCopyView(PersonPreviewMixin, WarnsOfWords, snippets.CopyView):
    pass


class SequenceUnpublishView(snippets.UnpublishView):
    template_name = "wagtail_drip/admin/sequences/unpublish.html"

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        inside = Enrolment.objects.filter(sequence_id=self.object.pk, running=1).count()
        return {**super().get_context_data(*args, **kwargs), "people_inside": inside}


def refuse_to_delete(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    """
    Send back whoever would delete what is in use, with where; a sequence goes to the archive instead.

    Its results and proofs hang on it, and a slip must be mendable.
    """
    ours = [each for each in instances if isinstance(each, Sequence | MessageTemplate)]
    for each in ours:
        if found := usage.used_in(each):
            messages.error(request, words_of_use(each, found))
            return redirect(_list_of(each))
    kept = [each for each in ours if isinstance(each, Sequence)]
    if not kept:
        return None
    if len(kept) == 1 and len(instances) == 1:
        return redirect("wagtail_drip_sequences:archive", pk=kept[0].pk)
    if request.method != "POST" or not request.user.has_perm(DELETE):
        return None  # Wagtail asks first, or refuses by itself.
    for each in kept:
        sequences.archive(each.pk, now=clock.now(), by=request.user.get_username())
    messages.success(
        request,
        _("In the archive, and to be had back for 30 days: %(names)s.")
        % {"names": listed(each.name for each in kept)},
    )
    return redirect("wagtail_drip_sequences:list")


def _list_of(thing: Sequence | MessageTemplate) -> str:
    is_sequence = isinstance(thing, Sequence)
    return "wagtail_drip_sequences:list" if is_sequence else "wagtail_drip_saved_messages:list"


def words_of_use(thing: Sequence | MessageTemplate, found: list[Sequence]) -> str:
    """Return why *thing* cannot be deleted, naming the sequences that need it."""
    return _("“%(name)s” is used in: %(names)s. Take it out there and publish, then delete it.") % {
        "name": thing.name,
        "names": listed(each.name for each in found),
    }
