"""Goes through everybody's consent: is the projection what the records say, and is each chain whole?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wagtail_drip.contacts import chain, projection, sealing
from wagtail_drip.contacts.models import Contact

# Contacts looked at together: memory does not grow with their number.
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What was found among one chunk of contacts; both are empty where all is well."""

    contacts: int
    differences: list[projection.Difference]
    broken: list[tuple[sealing.Pair, chain.Verified]]


def everybody() -> Iterator[Audited]:
    """Yield what is found, a chunk of contacts at a time in four queries, changing nothing."""
    last = 0
    while chunk := list(
        Contact.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        yield Audited(
            contacts=len(chunk),
            differences=projection.differences(chunk),
            broken=list(sealing.faults(chunk)),
        )
        last = chunk[-1]
