"""When two contacts turn out to be one person: of two runs that are the same, the one that has come further goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from wagtail_drip.core import claims
from wagtail_drip.enrolments import actions
from wagtail_drip.enrolments.models import Enrolment, StepVisit
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.messaging.models import Message


def hold_runs(contact_ids: Collection[int]) -> None:
    """Lock what these contacts run through, in order: an advance under way ends first. Call it before contacts' locks."""
    claims.lock_in_order(Enrolment.objects.filter(contact_id__in=contact_ids, running=1))


def end_doubles(contact_ids: Collection[int], *, head: int, now: datetime) -> int:
    """
    End all but one of the runs that these contacts, one person by now, have of the same sequence; return how many.

    The one that came to most steps stays, of equals the head's own. What the others have sent it passes over.
    The contacts' locks are held by the caller.
    """
    runs: defaultdict[tuple[int, str], list[Enrolment]] = defaultdict(list)
    for row in Enrolment.objects.filter(contact_id__in=contact_ids, running=1).order_by("pk"):
        runs[row.sequence_id, row.dedupe_key].append(row)
    kept: dict[int, Enrolment] = {}
    for same in runs.values():
        stays = max(same, key=lambda row: (row.visit, row.contact_id == head, -row.pk))
        kept.update((row.pk, stays) for row in same if row is not stays)
    if not kept:
        return 0
    ended = [row for same in runs.values() for row in same if row.pk in kept]
    actions.take_out(ended, reason=ExitReason.MERGED, now=now)
    _pass_over(kept)
    return len(ended)


def _pass_over(kept: dict[int, Enrolment]) -> None:
    """Let each run pass over the steps whose text another one, which ended for it, has sent and it has not."""
    sent = Message.objects.filter(enrolment_id__in=kept, handed_over_at__isnull=False).exclude(step_id="")
    had: defaultdict[int, set[str]] = defaultdict(set)
    for enrolment_id, step_id in sent.values_list("enrolment_id", "step_id"):
        had[kept[enrolment_id or 0].pk].add(step_id)
    if not had:
        return
    seen = StepVisit.objects.filter(enrolment_id__in=had).values_list("enrolment_id", "step_id")
    for enrolment_id, step_id in seen:
        had[enrolment_id].discard(step_id)
    runs = {row.pk: row for row in kept.values() if had[row.pk]}
    for row in runs.values():
        row.skips = " ".join(sorted({*row.skips.split(), *had[row.pk]}))
    Enrolment.objects.bulk_update(runs.values(), ["skips"])
