"""The versions of a sequence, each with who is in it and what it did to those who were inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.models import Revision

from wagtail_drip.admin.read_only import OwnPermissions
from wagtail_drip.admin.sequences import publishing
from wagtail_drip.admin.sequences.switching import PUBLISH
from wagtail_drip.enrolments.models import Enrolment, VersionMove
from wagtail_drip.enrolments.states import EnrolmentState
from wagtail_drip.sequences.choices import Choice
from wagtail_drip.sequences.models import Sequence, SequenceVersion

MOST = 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    :ivar moved: people it moved here from an earlier version, and not back.
    :ivar by: who wrote the revision that was published; '' where nobody is known.
    """

    version: SequenceVersion
    published_at: datetime
    by: str
    steps: int
    inside: int
    completed: int
    exited: int
    moved: int
    stayed: int
    left: int
    undone: int


class VersionsView(OwnPermissions, PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    model = Sequence
    any_permission_required = ["add", "change", "publish", "view"]
    template_name = "wagtail_drip/admin/sequences/versions.html"
    page_title = gettext_lazy("Versions")
    header_icon = "history"

    @cached_property
    def sequence(self) -> Sequence:
        return get_object_or_404(Sequence.objects.select_related("runtime__version"), pk=self.kwargs["pk"])

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
            {"url": "", "label": _("Versions")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runtime = getattr(self.sequence, "runtime", None)
        may_publish = self.request.user.has_perm(PUBLISH)
        return {
            **super().get_context_data(**kwargs),
            "sequence": self.sequence,
            "current_id": runtime.version_id if runtime is not None else None,
            "rows": rows_of(self.sequence.pk),
            "undoable": publishing.undoable(runtime) if may_publish else 0,
        }


def rows_of(sequence_id: int) -> list[Row]:
    """Return the newest versions with their numbers, in a fixed number of queries."""
    versions = list(SequenceVersion.objects.filter(sequence_id=sequence_id).order_by("-number")[:MOST])
    people = _people(sequence_id)
    moves = _moves([version.pk for version in versions])
    writers = dict(
        Revision.objects.filter(pk__in=[version.revision_id for version in versions if version.revision_id])
        .exclude(user=None)
        .values_list("pk", "user__username")
    )
    return [
        Row(
            version=version,
            published_at=version.published_at,
            by=writers.get(version.revision_id or 0, ""),
            steps=len(version.flow["steps"]),
            **people.get(version.pk, dict.fromkeys(("inside", "completed", "exited"), 0)),
            **_with_forgotten(moves.get(version.pk, {}), version.moves_forgotten or {}),
        )
        for version in versions
    ]


def _people(sequence_id: int) -> dict[int, dict[str, int]]:
    rows = (
        Enrolment.objects.filter(sequence_id=sequence_id)
        .order_by()
        .values("version_id")
        .annotate(
            inside=Count("pk", filter=Q(running=1)),
            completed=Count("pk", filter=Q(state=EnrolmentState.COMPLETED)),
            exited=Count("pk", filter=Q(state__in=(EnrolmentState.EXITED, EnrolmentState.FAILED))),
        )
    )
    return _by("version_id", rows)


def _moves(version_ids: list[int]) -> dict[int, dict[str, int]]:
    stands = Q(undone_at=None)
    rows = (
        VersionMove.objects.filter(to_version__in=version_ids)
        .order_by()
        .values("to_version_id")
        .annotate(
            moved=Count("pk", filter=stands & Q(choice__in=(Choice.KEEP, Choice.MOVE, Choice.RECOMPUTE))),
            stayed=Count("pk", filter=stands & Q(choice=Choice.STAY)),
            left=Count("pk", filter=stands & Q(choice=Choice.LEAVE)),
            undone=Count("pk", filter=~stands),
        )
    )
    return _by("to_version_id", rows)


def _with_forgotten(kept: Mapping[str, int], forgotten: Mapping[str, int]) -> dict[str, int]:
    return {
        name: kept.get(name, 0) + forgotten.get(name, 0) for name in ("moved", "stayed", "left", "undone")
    }


def _by(name: str, rows: Iterable[Any]) -> dict[int, dict[str, int]]:
    return {row[name]: {key: n for key, n in row.items() if key != name} for row in rows}
