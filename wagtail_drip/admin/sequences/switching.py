"""The switches of a sequence: each says what it means and whom it concerns, asks, and acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button

from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.states import RUNNING, EnrolmentState
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import TRANSITIONS, RuntimeState

PUBLISH = "wagtail_drip.publish_sequence"
DELETE = "wagtail_drip.delete_sequence"


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
    permission: ClassVar[str] = PUBLISH

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return cls.to in TRANSITIONS[RuntimeState(runtime.state)]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.permission):
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
        return redirect(self.get_success_url())

    def get_success_url(self) -> str:
        return self._edit_url


def waiting_texts(sequence_id: int) -> int:
    """Return how many texts of a sequence wait in the outbox."""
    return Message.objects.filter(sequence_id=sequence_id, state__in=PENDING).count()


def texts_not_sent(sequence_id: int) -> list[str]:
    count = waiting_texts(sequence_id)
    return [
        ngettext(
            "%(n)d text that waits in the outbox is not sent.",
            "%(n)d texts that wait in the outbox are not sent.",
            count,
        )
        % {"n": count}
    ]


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

    def details(self) -> list[str]:
        count = waiting_texts(self.sequence.pk)
        return [
            ngettext(
                "%(n)d text waits in the outbox; it is kept and goes when you resume, unless its moment has passed.",
                "%(n)d texts wait in the outbox; they are kept and go when you resume, unless their moment has "
                "passed.",
                count,
            )
            % {"n": count}
        ]


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

    def details(self) -> list[str]:
        over = Enrolment.objects.filter(
            sequence_id=self.sequence.pk, state=EnrolmentState.PAUSED, parked_due_at__lte=clock.now()
        ).count()
        texts = waiting_texts(self.sequence.pk)
        found = [
            ngettext("%(n)d person goes on at once.", "%(n)d people go on at once.", over) % {"n": over},
            ngettext(
                "%(n)d text that waits in the outbox goes first.",
                "%(n)d texts that wait in the outbox go first.",
                texts,
            )
            % {"n": texts},
        ]
        if not self.sequence.live:
            found.append(
                _("It was unpublished meanwhile: nobody enters, and people inside go on to the end.")
            )
        return found

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

    def details(self) -> list[str]:
        return texts_not_sent(self.sequence.pk)

    @classmethod
    def is_possible(cls, runtime: SequenceRuntime) -> bool:
        return runtime.state in (RuntimeState.LIVE, RuntimeState.PAUSED, RuntimeState.DRAINING)
