"""Publishing a sequence with people inside: shows what would become of them, asks, publishes; and undoing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.mixins import HookResponseMixin

from wagtail_drip.admin import word_advice
from wagtail_drip.admin.sequences import send_once, standing
from wagtail_drip.admin.sequences.consequences import consequences
from wagtail_drip.admin.sequences.standing import Standing
from wagtail_drip.admin.sequences.switching import PUBLISH, SwitchView
from wagtail_drip.admin.sequences.trigger_words import limits
from wagtail_drip.admin.site_screen import CHANGE
from wagtail_drip.admin.zones import Guessed, guessed_among
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.enrolments import audience, date_triggers, undoing
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.compile import compile_sequence
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.sequences.types import CannotCompile, Running


def asks_first(sequence: Sequence) -> bool:
    """Tell whether publishing this draft would touch people inside, or let people in at once."""
    try:
        flow = compile_sequence(sequence, now=clock.now())
    except CannotCompile:
        return False
    return standing.is_change(sequence.pk, flow) or bool(newcomers(sequence, flow))


def newcomers(sequence: Sequence, flow: Flow) -> int:
    """Return how many people would enter because it is published, and not because something happens to them."""
    return date_triggers.newcomers(_as_if_live(sequence, flow), now=clock.now())


def _as_if_live(sequence: Sequence, flow: Flow) -> Running:
    return Running(sequence_id=sequence.pk, version_id=0, site_id=sequence.site_id, flow=flow)


def guessed_zones(sequence: Sequence, flow: Flow) -> Guessed:
    """Return for how many of those inside the zone is guessed."""
    place = audience.place_of(_as_if_live(sequence, flow))
    inside = Enrolment.objects.filter(sequence_id=sequence.pk, running=1)
    people = Contact.objects.filter(pk__in=inside.values("contact_id"))
    return guessed_among(people, site_id=place.site_id, now=clock.now())


class PublishView(HookResponseMixin, WagtailAdminTemplateMixin, TemplateView):
    """Shows the plan for the draft that was saved last, and publishes it on POST."""

    template_name = "wagtail_drip/admin/sequences/publish.html"
    header_icon = "upload"
    page_title = gettext_lazy("Publish")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        self.sequence = get_object_or_404(
            Sequence.objects.select_related("latest_revision", "runtime"), pk=kwargs["pk"]
        )
        self.draft: Sequence = self.sequence.get_latest_revision_as_object()
        lock = self.draft.get_lock()
        if lock is not None and lock.for_user(request.user):
            messages.error(request, lock.get_message(request.user))
            return redirect(self.edit_url)
        try:
            self.flow: Flow = compile_sequence(self.draft, now=clock.now())
        except CannotCompile as error:
            messages.error(
                request,
                _("This draft cannot run yet. Mend this and publish again: %(reasons)s") % {"reasons": error},
            )
            return redirect(self.edit_url)
        return super().dispatch(request, *args, **kwargs)

    @property
    def edit_url(self) -> str:
        return reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk])

    @cached_property
    def found(self) -> Standing:
        return standing.standing(self.sequence.pk, self.flow)

    def get_page_subtitle(self) -> str:
        return self.draft.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {"url": self.edit_url, "label": self.draft.name},
            {"url": "", "label": _("Publish")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runtime: SequenceRuntime | None = getattr(self.sequence, "runtime", None)
        scheduled = self.draft.go_live_at
        new_people = newcomers(self.draft, self.flow)
        return {
            **super().get_context_data(**kwargs),
            "sequence": self.draft,
            "found": self.found,
            "rows": consequences(self.sequence.pk, self.found.groups, self.flow, now=clock.now()),
            "newcomers": new_people,
            "guessed": guessed_zones(self.draft, self.flow),
            "zone_url": reverse("wagtail_drip_settings:index") if self.request.user.has_perm(CHANGE) else "",
            "word_advice": word_advice.of(self.draft),
            "limits": limits(self.draft),
            "counts_to": date_triggers.MOST_COUNTED,
            "revision_id": self.sequence.latest_revision_id,
            "is_paused": runtime is not None and runtime.state == RuntimeState.PAUSED,
            "scheduled": scheduled if scheduled and scheduled > clock.now() else None,
            "back_url": self.edit_url,
            "chosen": {name: self.request.POST.get(name, "") for name in self.request.POST},
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        revision = self.sequence.latest_revision
        if revision is None or request.POST.get("revision") != str(revision.pk):
            messages.warning(
                request,
                _("Somebody has saved another draft meanwhile. Look at what it would do, then publish."),
            )
            return redirect(request.path)
        # What Wagtail's own button does, with the choices kept before it.
        sequences.plan_moves(
            self.sequence.pk,
            revision_id=revision.pk,
            choices=standing.read_choices(request.POST, self.found),
            now=clock.now(),
        )
        if (answer := self.run_hook("before_publish", request, self.draft)) is not None:
            return answer
        revision.publish(user=request.user, skip_permission_checks=True)
        if (answer := self.run_hook("after_publish", request, self.draft)) is not None:
            return answer
        if self.draft.go_live_at and self.draft.go_live_at > clock.now():
            messages.success(
                request, _("“%(name)s” is scheduled. Your choices hold then.") % {"name": self.draft.name}
            )
        else:
            messages.success(
                request,
                ngettext(
                    "“%(name)s” is published. %(n)d person inside is taken care of in the background.",
                    "“%(name)s” is published. %(n)d people inside are taken care of in the background.",
                    self.found.inside,
                )
                % {"name": self.draft.name, "n": self.found.inside},
            )
        if send_once.is_to_start(self.sequence.pk):
            return redirect("wagtail_drip_sequences:once", pk=self.sequence.pk)
        return redirect(self.edit_url)


class UndoMovesView(SwitchView):
    switch = "undo"
    button = gettext_lazy("Undo the last move of people")
    question = gettext_lazy("Undo what the last publish of “%(name)s” did to people inside?")
    explanation = gettext_lazy(
        "Who has not moved since stands again where they stood before, on their earlier version and with their "
        "wait. Texts that were taken back stay taken back. New people still get the version that is published; "
        "to go back to the old steps, publish them from the history."
    )
    done = gettext_lazy("What the last publish of “%(name)s” did to people inside is being undone.")
    icon = "rotate"
    to = RuntimeState.LIVE

    @staticmethod
    def act(sequence_id: int, *, now: Any, by: str) -> bool:
        return sequences.undo_moves(sequence_id, now=now)

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return bool(undoable(runtime))

    def details(self) -> list[str]:
        count = undoable(getattr(self.sequence, "runtime", None))
        return [
            ngettext(
                "%(n)d person has not moved since and can be put back.",
                "%(n)d people have not moved since and can be put back.",
                count,
            )
            % {"n": count}
        ]


def undoable(runtime: SequenceRuntime | None) -> int:
    """Return for how many people the last publish can be undone."""
    version = runtime.version if runtime is not None else None
    if version is None or version.number < 2 or version.undone_at is not None:
        return 0
    return undoing.can_be_undone(version).count()
