"""What became of those who were let in by a start, counted: of the first part exactly, of everybody from the sums."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from wagtail_drip.compliance.models import Complaint
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup
from wagtail_drip.core.among import Among
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import Outcome
from wagtail_drip.events.models import EventTally
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import COUNTED_AS_SENT, PENDING, MessageState

S = MessageState
_WITHHELD = (S.SKIPPED, S.CANCELLED, S.EXPIRED, S.GHOST)


def of_first(run: OnceRun) -> Outcome:
    """Return what became of the first part: at most a thousand people, whose rows are counted as they are."""
    inside = Enrolment.objects.filter(
        sequence_id=run.sequence_id, entered_at__gte=run.started_at, dedupe_key__startswith="once:"
    )
    rows = list(inside.order_by("pk").values_list("contact_id", "visit", "running", "site_id"))
    people = [contact_id for contact_id, *_rest in rows]
    if not people:
        return Outcome()
    counted = _messages(run.sequence_id, people, since=run.started_at)
    not_begun = sum(1 for _contact, visit, running, _site in rows if not visit and running)
    return Outcome(
        people=len(people),
        waiting=counted["waiting"] + not_begun,
        went=counted["went"],
        delivered=counted["delivered"],
        undelivered=counted["undelivered"],
        failed=counted["failed"],
        withheld=counted["withheld"],
        opted_out=_opted_out(people, {site_id for *_rest, site_id in rows}, since=run.started_at),
        complained=_complained(people, since=run.started_at),
    )


def _messages(sequence_id: int, people: list[int], *, since: datetime) -> dict[str, int]:
    rows = Message.objects.filter(Among("contact_id", people), sequence_id=sequence_id, created_at__gte=since)
    found: dict[str, int] = rows.aggregate(
        waiting=Count("pk", filter=Q(state__in=PENDING)),
        went=Count("pk", filter=Q(state__in=COUNTED_AS_SENT)),
        delivered=Count("pk", filter=Q(state=S.DELIVERED)),
        undelivered=Count("pk", filter=Q(state=S.UNDELIVERED)),
        failed=Count("pk", filter=Q(state=S.FAILED)),
        withheld=Count("pk", filter=Q(state__in=_WITHHELD)),
    )
    return found


def _opted_out(people: list[int], site_ids: set[int], *, since: datetime) -> int:
    """Count who said no to marketing themselves; a step of a sequence that ends a topic is no opt-out."""
    records = ConsentRecord.objects.filter(
        Among("contact_id", people),
        site_id__in=site_ids,
        purpose_group=PurposeGroup.MARKETING,
        granted=False,
        recorded_at__gte=since,
    ).exclude(method=ConsentMethod.SEQUENCE)
    return records.values("contact_id").distinct().count()


def _complained(people: list[int], *, since: datetime) -> int:
    rows = Complaint.objects.filter(Among("contact_id", people), recorded_at__gte=since)
    return rows.values("contact_id").distinct().count()


def left(run: OnceRun) -> tuple[int, int]:
    """
    Return how many of all who were let in have opted out, and how many complained, since the start.

    Asked from the side of those who did, of whom there are few.
    """
    inside = Exists(
        Enrolment.objects.filter(
            sequence_id=run.sequence_id, contact_id=OuterRef("contact_id"), entered_at__gte=run.started_at
        )
    )
    gone = EventTally.objects.filter(inside, name="opted_out", last_at__gte=run.started_at)
    complaints = Complaint.objects.filter(inside, recorded_at__gte=run.started_at)
    return (
        gone.count(),
        complaints.order_by().values("contact_id").distinct().count(),
    )
