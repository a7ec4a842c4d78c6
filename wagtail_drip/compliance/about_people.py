"""What this room's tables hold about people."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from wagtail_drip.compliance.models import (
    BlackoutDate,
    Complaint,
    Keyword,
    LegalHours,
    OptInWording,
    Registration,
    SensitiveWord,
    SpecialEvent,
    StopReview,
    Suppression,
)
from wagtail_drip.core.personal_data import Erasing, Held, Kind, Person, nothing, of_contact


def _suppressions(person: Person) -> QuerySet[Any]:
    return Suppression.objects.filter(number_hash__in=person.number_hashes)


HELD = (
    Held(
        model=Suppression,
        why="Which numbers are not to be texted, whoever brings them again.",
        rows=_suppressions,
        kept={"number_hash": "a stop outlives erasing: a keyed hash, from which no number can be read"},
        plain="id scope scope_value reason source recorded_at lifted_at",
        erasing=Erasing.KEEP,
    ),
    Held(
        model=Complaint,
        why="Who complained about texts, by which way, and what they said.",
        rows=of_contact(Complaint),
        personal={"reason": Kind.TEXT},
        plain="id contact source inbound_text_id staff_user recorded_at",
    ),
    Held(
        model=StopReview,
        why="What staff decided of a text that asked to stop, or did not.",
        rows=of_contact(StopReview),
        personal={"reason": Kind.TEXT},
        plain="id inbound_text_id contact decision staff_user recorded_at",
    ),
    nothing(
        Keyword,
        "id kind text bare digest language country source note edited_by edited_at",
        why="Which words of the shop's own stop, start and ask for help.",
    ),
    nothing(
        LegalHours,
        "id country subdivision week holidays kind has_marketing_only source url read_on reason edited_by edited_at",
        why="What staff say of a place's legal hours.",
    ),
    nothing(
        OptInWording,
        "id country language group text must_say source url read_on edited_by edited_at",
        why="What staff write beside sign-ups.",
    ),
    nothing(
        Registration,
        "id site country reference registered_on registered_by sender noted_by noted_at taken_back_by taken_back_at",
        why="What staff say of a sender's registration in a country.",
    ),
    nothing(
        SensitiveWord,
        "id site kind word digest country reason instead edited_by edited_at",
        why="What staff say of sensitive words.",
    ),
    nothing(BlackoutDate, "id name begins_on ends_on site purposes sequences", why="Days without texts."),
    nothing(
        SpecialEvent,
        "id site name begins_on ends_on raised_week raised_month ceiling sequences",
        why="Days on which more texts may go.",
    ),
)
