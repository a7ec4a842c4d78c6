from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView, View
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.log_actions import log

from wagtail_drip.admin import redaction, safe_cells
from wagtail_drip.admin.contacts.screens import CHANGE_CONSENT
from wagtail_drip.admin.imports import import_words as words
from wagtail_drip.admin.imports.forms import ColumnForm, LayoutForm, PlanForm, UploadForm, initial_plan
from wagtail_drip.admin.site_screen import menu_item_for
from wagtail_drip.core import clock
from wagtail_drip.privacy import import_actions, import_files, import_plan, import_reasons
from wagtail_drip.privacy.import_files import Layout, UnreadableFile
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_states import AT_WORK, OVER, ImportState

MAY = "wagtail_drip.import_contact"
LOGGED = "wagtail_drip.import_contacts"
TAKEN_BACK = "wagtail_drip.take_list_back"
SHOWN = 50
SAMPLES = 4


class ForImporters:
    """Only who may import sees lists: what stands in one is shown while its columns are named."""

    request: HttpRequest
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc] # a view's
        return response

    @cached_property
    def row(self) -> ContactImport:
        return get_object_or_404(ContactImport, pk=self.kwargs["pk"])


class ImportScreen(ForImporters, WagtailAdminTemplateMixin, TemplateView):
    header_icon = "upload"
    page_title = gettext_lazy("Import contacts")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        own = [{"url": "", "label": str(self.row)}] if "pk" in self.kwargs else []
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_imports:index") if own else "", "label": _("Import contacts")},
            *own,
        ]


class ImportsView(ImportScreen):
    """Every import, and a form for the next."""

    template_name = "wagtail_drip/admin/imports/index.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                row = import_actions.upload(
                    form.cleaned_data["file"],
                    name=form.cleaned_data["file"].name,
                    site_id=form.cleaned_data["site"].pk,
                    by=request.user,
                    now=clock.now(),
                    layout=form.layout,
                )
            except UnreadableFile as error:
                form.add_error("file", import_reasons.FILES[error.code])
            else:
                return redirect("wagtail_drip_imports:columns", row.pk)
        messages.error(request, _("Nothing was uploaded: please correct the errors below."))
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = ContactImport.objects.select_related("site").order_by("-created_at", "-pk")[:SHOWN]
        return {
            "form": UploadForm(),
            **super().get_context_data(**kwargs),
            "rows": [(row, words.STATES[row.state]) for row in rows],
        }


class ColumnsView(ImportScreen):
    """What each column is, and what these people agreed to."""

    template_name = "wagtail_drip/admin/imports/columns.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.has_perm(MAY) and self.row.state not in (ImportState.MAPPING, ImportState.CHECKED):
            return redirect("wagtail_drip_imports:import", self.row.pk)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "read":
            return self._read_again(request)
        columns = self._column_forms(request.POST)
        form = PlanForm(request.POST, site_id=self.row.site_id)
        # Every form is asked, so that all errors are shown at once.
        if all([form.is_valid(), *(each.is_valid() for each in columns)]):
            plan = form.plan([column for each in columns if (column := each.column()) is not None])
            found = import_plan.problems(plan, today=clock.now().date().isoformat())
            if not found:
                import_actions.check(self.row, plan, now=clock.now())
                return redirect("wagtail_drip_imports:import", self.row.pk)
            for name, code in found.items():
                form.add_error(name if name in form.fields else None, import_reasons.PROBLEMS[code])
        messages.error(request, _("Nothing was checked: please correct the errors below."))
        return self.render_to_response(self.get_context_data(columns=columns, form=form))

    def _read_again(self, request: HttpRequest) -> HttpResponse:
        form = LayoutForm(request.POST)
        if form.is_valid():
            try:
                import_actions.read_as(self.row, **form.cleaned_data)
            except UnreadableFile as error:
                messages.error(request, import_reasons.FILES[error.code])
        return redirect("wagtail_drip_imports:columns", self.row.pk)

    def _column_forms(self, data: Any = None) -> list[ColumnForm]:
        begun, _rest = initial_plan(self.row)
        samples = self._samples()
        return [
            ColumnForm(
                data,
                header=header,
                place=place,
                samples=[cells[place][:60] for cells in samples if place < len(cells) and cells[place]],
                initial=begun.get(place),
            )
            for place, header in enumerate(self.row.columns)
        ]

    def _samples(self) -> list[Any]:
        if not redaction.sees(self.request):
            return []
        try:
            with self.row.file.open("rb") as file:
                found = import_files.records(file, Layout(**self.row.layout))
                rows = [each.cells for each in itertools.islice(found, 1, SAMPLES + 1)]
                found.close()
        except (UnreadableFile, OSError, ValueError):
            return []
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        _columns, rest = initial_plan(self.row)
        layout = LayoutForm(initial=self.row.layout) if self.row.layout.get("kind") == "csv" else None
        return {
            "columns": kwargs.get("columns") or self._column_forms(),
            "form": kwargs.get("form") or PlanForm(site_id=self.row.site_id, initial=rest),
            **super().get_context_data(**kwargs),
            "layout": layout,
            "row": self.row,
        }


class ImportView(ImportScreen):
    """One import: how far it is, what is foreseen or came of it, and what can be done."""

    template_name = "wagtail_drip/admin/imports/import.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.state == ImportState.MAPPING:
            return redirect("wagtail_drip_imports:columns", self.row.pk)
        if "part" in request.GET:
            return render(request, "wagtail_drip/admin/imports/progress.html", self._about())
        return self.render_to_response(self.get_context_data(**kwargs))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **self._about()}

    def _about(self) -> dict[str, Any]:
        row = self.row
        counts = row.foreseen if row.state in (ImportState.CHECKING, ImportState.CHECKED) else row.done
        plan = import_plan.read(row.plan) if row.plan else None
        meant = plan.meant if plan is not None else import_plan.PEOPLE
        is_closed = meant == import_plan.NEVER_TEXT and row.state in OVER and bool(row.position)
        opened = row.done.get("opened")
        return {
            "opened": opened,
            # How many so far, of a list that is half taken back.
            "opening": row.done.get("opening"),
            "may_take_back": is_closed and opened is None and self.request.user.has_perm(CHANGE_CONSENT),
            "row": row,
            "plan": plan,
            "state": words.STATES[row.state],
            "is_at_work": row.state in AT_WORK,
            "is_over": row.state in OVER,
            "is_foreseen": row.state in (ImportState.CHECKING, ImportState.CHECKED),
            "figures": words.figures(counts, meant=meant),
            "starts": words.STARTS[meant],
            "reasons": words.reasons(counts),
            "error": import_reasons.FILES.get(row.error, "") if row.error else "",
        }


class StepView(ForImporters, View):
    """Starts, pauses, resumes or stops an import; a second press of the same button changes nothing."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *, pk: int, step: str) -> HttpResponse:
        now, row = clock.now(), self.row
        if step == "start":
            done = import_actions.start(row, now=now)
            if done:
                log(instance=row, action=LOGGED, user=request.user, data={"lines": row.total})
        elif step == "pause":
            done = import_actions.pause(row)
        elif step == "resume":
            done = import_actions.resume(row, now=now)
        else:
            done = import_actions.stop(row, now=now)
        if not done:
            messages.warning(request, _("Nothing was done: it stands elsewhere by now, as you see."))
        return redirect("wagtail_drip_imports:import", pk)


class TakeBackView(ImportScreen):
    """Asks before the numbers of a list may be texted again, and says afterwards how many there were."""

    template_name = "wagtail_drip/admin/confirm.html"
    page_title = gettext_lazy("Take this list back")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(CHANGE_CONSENT):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if import_actions.take_back(self.row, now=clock.now()):
            self.row.refresh_from_db()
            opened = self.row.done["opened"]
            log(instance=self.row, action=TAKEN_BACK, user=request.user, data={"numbers": opened})
            messages.success(request, _("The list was taken back."))
        else:
            messages.warning(request, _("Nothing was done: it stands elsewhere by now, as you see."))
        return redirect("wagtail_drip_imports:import", self.row.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        consequence = _(
            "Numbers that only “%(name)s” closed may be texted again then, wherever their people have "
            "agreed. Who said stop, or stands on another list, stays out of reach."
        ) % {"name": self.row.name}
        so_far = self.row.done.get("opening")
        if so_far is not None:
            rest = ngettext(
                "%(number)s number of it was taken back already; this goes on with the rest.",
                "%(number)s numbers of it were taken back already; this goes on with the rest.",
                so_far,
            ) % {"number": so_far}
            consequence = f"{rest} {consequence}"
        return {
            **super().get_context_data(**kwargs),
            "consequence": consequence,
            "does": self.page_title,
            "keep_url": reverse("wagtail_drip_imports:import", args=[self.row.pk]),
        }


class RefusedView(ForImporters, View):
    """Every refused line as a CSV file, in the reader's language."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, *, pk: int) -> StreamingHttpResponse:
        response = StreamingHttpResponse(
            safe_cells.csv_lines(self._rows()), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="refused-{self.row.pk}.csv"'
        return response

    def _rows(self) -> Iterator[list[Any]]:
        yield [_("Line"), _("Column"), _("Why"), _("What to do")]
        for each in self.row.refused.order_by("line").iterator(chunk_size=2000):
            yield [each.line, each.column, *import_reasons.reason(each.reason, each.other_line, each.told)]


class ImportsViewSet(ViewSet):
    name = "wagtail_drip_imports"
    url_prefix = "text-messages/imports"
    icon = "upload"
    menu_label = gettext_lazy("Import contacts")
    menu_order = 310

    def get_urlpatterns(self) -> list[URLPattern]:
        steps = [
            path(f"<int:pk>/{step}/", StepView.as_view(), {"step": step}, name=step)
            for step in ("start", "pause", "resume", "stop")
        ]
        return [
            path("", ImportsView.as_view(), name="index"),
            path("<int:pk>/", ImportView.as_view(), name="import"),
            path("<int:pk>/columns/", ColumnsView.as_view(), name="columns"),
            path("<int:pk>/take-back/", TakeBackView.as_view(), name="take_back"),
            path("<int:pk>/refused.csv", RefusedView.as_view(), name="refused"),
            *steps,
        ]

    @cached_property
    def menu_item_class(self) -> type[MenuItem]:
        return menu_item_for(MAY)
