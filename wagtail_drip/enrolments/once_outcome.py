"""What became of those who were let in by a start, counted: of the first part exactly, of everybody from the sums."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.merging import CARRIED
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.contacts.releasing import SOURCE as RELEASED
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments import targets
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import Outcome
from wagtail_drip.events.models import EventTally
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import COUNTED_AS_SENT, PENDING, MessageState
from wagtail_drip.sequences import querysets as sequences

S = MessageState
_WITHHELD = (S.SKIPPED, S.CANCELLED, S.EXPIRED, S.GHOST)


def of_first(run: OnceRun) -> Outcome:
    """
    Return what became of the first part: at most a thousand people, whose rows are counted as they are.

    Whoever was merged with one of them since is the same person, and what the merge carried over nobody has said.
    """
    rows = list(
        Enrolment.objects.filter(
            sequence_id=run.sequence_id, entered_at__gte=run.started_at, dedupe_key__startswith="once:"
        ).only("contact_id", "site_id", "version_id", "step_id", "entered_step_at", "running")
    )
    if not rows:
        return Outcome()
    heads = contacts.resolve_merged({row.contact_id for row in rows})
    people = heads | contacts.speakers(heads.values())
    theirs, since = Among("contact_id", people), run.started_at
    messages = Message.objects.filter(theirs, sequence_id=run.sequence_id, created_at__gte=since)
    refusals = _refusals({row.site_id for row in rows}, since=since).filter(theirs)
    complaints = Complaint.objects.filter(theirs, recorded_at__gte=since)
    counted = messages.aggregate(**_STATES)
    coming = {people[row.contact_id] for row in _before_a_text(rows)} - _who(messages, people)
    return Outcome(
        people=len(set(heads.values())),
        waiting=counted["waiting"] + len(coming),
        went=counted["went"],
        delivered=counted["delivered"],
        undelivered=counted["undelivered"],
        failed=counted["failed"],
        withheld=counted["withheld"],
        opted_out=len(_who(refusals, people)),
        complained=len(_who(complaints, people)),
    )


_STATES = {
    "waiting": Count("pk", filter=Q(state__in=PENDING)),
    "went": Count("pk", filter=Q(state__in=COUNTED_AS_SENT)),
    "delivered": Count("pk", filter=Q(state=S.DELIVERED)),
    "undelivered": Count("pk", filter=Q(state=S.UNDELIVERED)),
    "failed": Count("pk", filter=Q(state=S.FAILED)),
    "withheld": Count("pk", filter=Q(state__in=_WITHHELD)),
}


def _who(rows: QuerySet[Any], people: Mapping[int, int]) -> set[int]:
    """Return whom *rows* are about, each person once."""
    return {people[pk] for pk in rows.order_by().values_list("contact_id", flat=True).distinct()}


def _before_a_text(rows: Sequence[Enrolment]) -> list[Enrolment]:
    """Return the runs that may still come to a text from where they stand."""
    inside = [row for row in rows if row.running]
    flows = sequences.flows({row.version_id for row in inside})
    texts: dict[tuple[int, str, bool], bool] = {}
    for row in inside:
        place = row.version_id, row.step_id, row.entered_step_at is None
        if place not in texts:
            flow = flows[row.version_id]
            coming = targets.ahead(flow, row.step_id, itself=place[-1])
            texts[place] = any(flow.steps[step_id].kind == "send_message" for step_id in coming)
    return [row for row in inside if texts[row.version_id, row.step_id, row.entered_step_at is None]]


def _refusals(site_ids: Collection[int], *, since: datetime) -> QuerySet[ConsentRecord]:
    """Return who said no to marketing themselves; a step of a sequence that ends a topic is none."""
    records = ConsentRecord.objects.filter(
        site_id__in=site_ids,
        purpose_group=PurposeGroup.MARKETING,
        granted=False,
        recorded_at__gte=since,
    )
    return records.exclude(method=ConsentMethod.SEQUENCE).exclude(CARRIED).exclude(source=RELEASED)


def left(run: OnceRun) -> tuple[int, int]:
    """
    Return how many of all who were let in have opted out, and how many complained, since the start.

    Asked from the side of those who did, of whom there are few.
    """
    entered = Enrolment.objects.filter(sequence_id=run.sequence_id, entered_at__gte=run.started_at)
    theirs = entered.filter(contact_id=OuterRef("contact_id"))
    inside = Exists(theirs) | Exists(entered.filter(contact__merged_into=OuterRef("contact_id")))
    gone = EventTally.objects.filter(inside, name="opted_out", last_at__gte=run.started_at)
    complaints = Complaint.objects.filter(inside, recorded_at__gte=run.started_at)
    return (
        gone.count(),
        complaints.order_by().values("contact_id").distinct().count(),
    )
