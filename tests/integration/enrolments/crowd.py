"""Many people at the start of a sequence, made in bulk."""

from __future__ import annotations

from dataclasses import replace

from wagtail.models import Site

from wagtail_drip.contacts.models import ConsentRecord, Contact, Permission
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.sequences import flow_cache
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion


def crowd(size: int, *, site: Site | None = None) -> list[Contact]:
    """Return *size* contacts with a number of their own who agreed to marketing."""
    now = clock.now()
    where = site or Site.objects.get(is_default_site=True)
    first = (Contact.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 100_000
    numbers = [f"+447400{first + n:06d}" for n in range(size)]
    Contact.objects.bulk_create(
        Contact(
            phone=number,
            active_phone=number,
            region="GB",
            first_name=f"Person {number[-6:]}",
            created_at=now,
            changed_at=now,
        )
        for number in numbers
    )
    people = list(Contact.objects.filter(active_phone__in=numbers).order_by("pk"))
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            contact=person,
            site=where,
            purpose_group=PurposeGroup.MARKETING,
            granted=True,
            source="test",
            method=ConsentMethod.WEB_FORM,
            at=now,
            recorded_at=now,
        )
        for person in people
    )
    records = dict(ConsentRecord.objects.filter(contact__in=people).values_list("contact_id", "pk"))
    Permission.objects.bulk_create(
        Permission(
            contact=person,
            site=where,
            group=PurposeGroup.MARKETING,
            granted=True,
            since=now,
            record_id=records[person.pk],
        )
        for person in people
    )
    return people


def stand_at_the_start(sequence: Sequence, people: list[Contact]) -> list[Enrolment]:
    """Put *people* at the first step of *sequence*, due now."""
    now = clock.now()
    runtime = SequenceRuntime.objects.select_related("version").get(sequence=sequence)
    assert runtime.version is not None
    where = Site.objects.get(is_default_site=True)
    Enrolment.objects.bulk_create(
        Enrolment(
            sequence=sequence,
            version=runtime.version,
            contact=person,
            site=where,
            step_id=runtime.version.flow["start"] or "",
            due_at=now,
            entered_at=now,
            since=now,
        )
        for person in people
    )
    return list(Enrolment.objects.filter(sequence=sequence, contact__in=people).order_by("pk"))


def with_first_step(sequence: Sequence, kind: str) -> None:
    """Make the first step of the published version one of the test's own kind."""
    version = SequenceVersion.objects.get(sequence=sequence)
    flow = flow_cache.keep(version.pk, version.flow)
    first = replace(flow.steps[flow.start or ""], kind=kind, settings={})
    version.flow = replace(flow, steps={**flow.steps, first.id: first}).to_json()
    version.save()
    flow_cache.keep(version.pk, version.flow)
