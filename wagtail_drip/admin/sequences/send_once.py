"""Before something goes out once: whom it reaches, why not the others, what it costs, how it looks; and the button."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_drip.admin import word_advice
from wagtail_drip.admin.preview import people
from wagtail_drip.admin.sequences import once_words
from wagtail_drip.admin.sequences.once_examples import examples
from wagtail_drip.admin.sequences.once_form import StartForm, first_values, in_audience, is_old
from wagtail_drip.admin.sequences.switching import PUBLISH, EndView
from wagtail_drip.admin.sequences.trigger_words import limits, starts_when
from wagtail_drip.admin.zones import guessed_among
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments import audience, once, once_count
from wagtail_drip.enrolments.once_count import Counts
from wagtail_drip.enrolments.once_models import OnceCount, OnceRun
from wagtail_drip.enrolments.once_states import UNDER_WAY, OnceState
from wagtail_drip.reports import metrics
from wagtail_drip.reports import once as reports
from wagtail_drip.segments.models import Segment
from wagtail_drip.sequences import actions as sequences
from wagtail_drip.sequences import querysets as of_sequences
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.sequences.types import Running

LOGGED = "wagtail_drip.send_once"
# So long the figures may be behind what has gone out.
SETTLING = timedelta(minutes=5)


class SendOnceView(WagtailAdminTemplateMixin, TemplateView):
    """Looks, and acts on POST: count again, start, let the rest go, pause, resume."""

    template_name = "wagtail_drip/admin/sequences/once.html"
    header_icon = "mail"
    page_title = gettext_lazy("Send once")
    runtime: SequenceRuntime
    flow: Flow

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        self.sequence = get_object_or_404(
            Sequence.objects.select_related("runtime__version"), pk=kwargs["pk"]
        )
        self.now = clock.now()
        runtime: SequenceRuntime | None = getattr(self.sequence, "runtime", None)
        if runtime is None or runtime.version_id is None:
            messages.info(request, _("Publish it first; then look here at whom it reaches, and start it."))
            return redirect(self.edit_url)
        self.runtime = runtime
        self.flow = of_sequences.flows([runtime.version_id])[runtime.version_id]
        if not self.flow.is_sent_once:
            messages.info(request, _("“%(name)s” does not go out once.") % {"name": self.sequence.name})
            return redirect(self.edit_url)
        return super().dispatch(request, *args, **kwargs)

    @property
    def edit_url(self) -> str:
        return reverse("wagtail_drip_sequences:edit", args=[self.sequence.pk])

    @cached_property
    def running(self) -> Running:
        """Return what people would enter, whether or not it runs just now."""
        return Running(
            sequence_id=self.sequence.pk,
            version_id=self.runtime.version_id or 0,
            site_id=self.sequence.site_id,
            flow=self.flow,
        )

    @cached_property
    def run(self) -> OnceRun | None:
        return once.run_of(self.running)

    @property
    def is_live(self) -> bool:
        return self.runtime.state == RuntimeState.LIVE

    @property
    def is_started(self) -> bool:
        return self.run is not None and (self.run.state in UNDER_WAY or self.run.state == OnceState.DONE)

    @cached_property
    def site(self) -> SiteSettings:
        return core.site_settings(audience.place_of(self.running).site_id)

    @cached_property
    def count(self) -> OnceCount | None:
        """Return what was counted of what is published now; asked for here where nobody has yet."""
        row = OnceCount.objects.filter(sequence=self.sequence).first()
        if self.is_live and not self.is_started and not once_count.same(row, self.running):
            once_count.ask(self.running, now=self.now)
            # A small shop need not wait for a worker.
            once_count.count_a_batch(self.sequence.pk, now=self.now)
            row = OnceCount.objects.filter(sequence=self.sequence).first()
        return row if once_count.same(row, self.running) else None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "part" in request.GET:
            return render(request, "wagtail_drip/admin/sequences/once_part.html", self._about())
        return self.render_to_response(self.get_context_data(**kwargs))

    def get_page_subtitle(self) -> str:
        return self.sequence.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_sequences:list"), "label": _("Sequences")},
            {"url": self.edit_url, "label": self.sequence.name},
            {"url": "", "label": str(self.page_title)},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **self._about(form=kwargs.get("form"))}

    def _about(self, form: StartForm | None = None) -> dict[str, Any]:
        timed = self.flow.timed
        starts_at = timed.starts_at if timed is not None else None
        about: dict[str, Any] = {
            "request": self.request,
            "sequence": self.sequence,
            "when": starts_when(self.sequence),
            "limits": limits(self.sequence),
            "is_live": self.is_live,
            "is_paused": self.runtime.state == RuntimeState.PAUSED,
            "run": self.run,
            "back_url": self.edit_url,
            "results_url": reverse("wagtail_drip_sequences:results", args=[self.sequence.pk]),
        }
        if self.run is not None:
            about |= self._progress(self.run, starts_at)
        if not self.is_started:
            about |= self._check(starts_at, form)
        about["is_at_work"] = bool(about.get("is_counting")) or self._moves(about.get("progress"))
        return about

    def _moves(self, progress: reports.Progress | None) -> bool:
        """Tell whether the figures still change by themselves: texts go on after the last has entered."""
        run = self.run
        if run is None or progress is None or not self.is_live:
            return False
        is_settling = run.ended_at is not None and self.now - run.ended_at < SETTLING
        return run.state in UNDER_WAY or (
            run.state == OnceState.DONE and (is_settling or bool(progress.waiting))
        )

    def _progress(self, run: OnceRun, starts_at: datetime | None) -> dict[str, Any]:
        is_paused = self.runtime.state == RuntimeState.PAUSED
        return {
            "progress": reports.progress(run, site=self.site),
            "how_far": once_words.how_far(run, is_paused=is_paused, starts_at=starts_at, now=self.now),
            "why_held": once_words.why_held(run) if run.state == OnceState.HELD else "",
            "is_under_way": run.state in UNDER_WAY,
            "may_go_on": run.state in (OnceState.HELD, OnceState.WATCHING) and self.is_live,
        }

    def _check(self, starts_at: datetime | None, form: StartForm | None) -> dict[str, Any]:
        row = self.count
        if row is None:
            return {"count": None}
        counts, is_counted = once_count.counts_of(row), row.counted_at is not None
        there = in_audience(row, counts)
        form = form or StartForm(initial=first_values(there))
        first = form["first"].value() or 0
        return {
            "count": row,
            "counts": counts,
            "is_counting": row.due_at is not None,
            "is_old": is_old(row, self.now),
            "not_texted": row.position - counts.texted,
            "never": once_words.lines(counts.never),
            "later": once_words.lines(counts.later),
            "later_people": sum(counts.later.values()),
            "clashes": self._clashes(counts),
            "cost": metrics.cost(counts.segments, self.site.price_per_segment),
            "currency": self.site.currency,
            "texts": sum(1 for step in self.flow.steps.values() if step.kind == "send_message"),
            "segments_counted": self._segments(),
            "form": form,
            "does": once_words.what_it_does(
                people=counts.texted,
                first=int(first) if str(first).isdigit() else 0,
                starts_at=starts_at,
                now=self.now,
            ),
            "may_start": self.is_live and is_counted and bool(counts.texted) and not is_old(row, self.now),
            "is_again": self.run is not None,
            "examples": examples(self.request, self.running, of=there, now=self.now) if is_counted else [],
            "may_see_contacts": people.may_see_contacts(self.request),
            "guessed": self._guessed() if is_counted else None,
            "word_advice": word_advice.of(self.sequence) if is_counted else [],
        }

    def _clashes(self, counts: Counts) -> list[dict[str, Any]]:
        ids = {int(pk): n for pk, n in counts.clashes.items()}
        names = dict(Sequence.objects.filter(pk__in=ids).values_list("pk", "name"))
        ranked = sorted(ids.items(), key=lambda pair: (-pair[1], pair[0]))
        return [
            {
                "n": n,
                "name": names.get(pk, f"#{pk}"),
                "url": reverse("wagtail_drip_sequences:edit", args=[pk]) if pk in names else "",
            }
            for pk, n in ranked
        ]

    def _segments(self) -> list[Segment]:
        asked = self.flow.timed.segments if self.flow.timed is not None else frozenset()
        return list(Segment.objects.filter(pk__in=asked).order_by("name")) if asked else []

    def _guessed(self) -> Any:
        place = audience.place_of(self.running)
        return guessed_among(audience.audience(self.flow, place), site_id=place.site_id, now=self.now)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        action = {
            "count": self._count_again,
            "start": self._start,
            "go_on": self._go_on,
            "pause": self._pause,
            "resume": self._resume,
        }.get(request.POST.get("action", ""))
        answer = action() if action is not None else None
        return answer or redirect(request.path)

    def _count_again(self) -> None:
        if self.is_live and not self.is_started:
            once_count.ask(self.running, now=self.now)
            once_count.count_a_batch(self.sequence.pk, now=self.now)

    def _start(self) -> HttpResponse | None:
        form = StartForm(self.request.POST)
        row = self.count
        if self.is_started:
            messages.info(self.request, _("It was started already, and is not started twice."))
            return None
        if row is None or self.request.POST.get("version") != str(row.version_id) or row.counted_at is None:
            messages.warning(
                self.request,
                _("It was published anew meanwhile, or is not counted yet. Look again, then start it."),
            )
            return None
        if is_old(row, self.now):
            messages.warning(self.request, _("This was counted long ago. Count again, then start it."))
            return None
        counts = once_count.counts_of(row)
        if not counts.texted:
            messages.warning(self.request, _("Nobody would be texted, so there is nothing to start."))
            return None
        if not form.is_valid():
            messages.error(self.request, _("Nothing was started: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        found = once.start(
            self.sequence.pk,
            version_id=row.version_id,
            first=form.first_part(),
            people=in_audience(row, counts),
            by=self.request.user.get_username(),
            now=self.now,
        )
        if found is None:
            messages.info(self.request, _("It was started already, and is not started twice."))
            return None
        self._log("start", people=counts.texted, first=found.first)
        messages.success(self.request, _("“%(name)s” is started.") % {"name": self.sequence.name})
        return None

    def _go_on(self) -> None:
        run_id = self.request.POST.get("run", "")
        done = run_id.isdecimal() and once.go_on(
            self.sequence.pk, run_id=int(run_id), by=self.request.user.get_username(), now=self.now
        )
        self._told(done, "go_on", _("The rest goes now."))

    def _pause(self) -> None:
        done = sequences.pause(self.sequence.pk, now=self.now, by=self.request.user.get_username())
        self._told(done, "pause", _("“%(name)s” is paused.") % {"name": self.sequence.name})

    def _resume(self) -> None:
        done = sequences.resume(self.sequence.pk, now=self.now, by=self.request.user.get_username())
        self._told(done, "resume", _("“%(name)s” runs again.") % {"name": self.sequence.name})

    def _told(self, done: bool, what: str, words: str) -> None:
        if done:
            self._log(what)
            messages.success(self.request, words)
        else:
            messages.warning(self.request, _("Nothing was done: it stands elsewhere by now, as you see."))

    def _log(self, what: str, **data: Any) -> None:
        log(instance=self.sequence, action=LOGGED, user=self.request.user, data={"what": what, **data})


class StopOnceView(EndView):
    switch = "stop_once"
    button = gettext_lazy("Stop…")
    question = gettext_lazy("Stop “%(name)s”?")
    explanation = gettext_lazy(
        "Nobody else gets it, and what waits in the outbox is not sent. Who has had it keeps it. You can publish "
        "and start it again for those who have not."
    )
    done = gettext_lazy("“%(name)s” is stopped.")
    act = once.stop

    def get_success_url(self) -> str:
        return reverse("wagtail_drip_sequences:once", args=[self.sequence.pk])


def goes_out_once(sequence: Sequence) -> bool:
    """Tell whether what is published of it does, whatever its draft says."""
    version = sequence.runtime.version
    return version is not None and of_sequences.flows([version.pk])[version.pk].is_sent_once


def is_to_start(sequence_id: int) -> bool:
    """Tell whether it runs, goes out once, and waits for somebody to start it."""
    running = of_sequences.live([sequence_id]).get(sequence_id)
    if running is None or not running.flow.is_sent_once:
        return False
    run = once.run_of(running)
    return run is None or run.state == OnceState.STOPPED
