"""What a check foresees of a list, and what came of it, as numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from wagtail_drip.contacts.taking_in import Outcome
from wagtail_drip.privacy import import_plan

# As they are shown, in this order: of a list of people, of numbers that are never to be texted, and of numbers that
# somebody else has by now.
NUMBERS = ("new", "changed", "known", "agreed", "withdrawn", "opted_out", "suppressed", "refused")
NEVER_TEXTED = ("closed", "closed_before", "contacts", "refused")
CHANGED_HANDS = ("let_go", "still_theirs", "unknown", "refused")
_ALL = tuple(dict.fromkeys((*NUMBERS, *NEVER_TEXTED, *CHANGED_HANDS)))


def shown(meant: str) -> tuple[str, ...]:
    """Return which numbers say what a list does that is of this, ``import_plan.Plan.meant``."""
    return {import_plan.NEVER_TEXT: NEVER_TEXTED, import_plan.CHANGED_HANDS: CHANGED_HANDS}.get(
        meant, NUMBERS
    )


def of(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Return the numbers of people who were, or would be, taken in."""
    found: Counter[str] = Counter()
    for each in outcomes:
        if not each.is_in:
            continue
        found["new" if each.is_new else "changed" if each.is_changed else "known"] += 1
        found["agreed"] += bool(each.agreed)
        found["withdrawn"] += bool(each.withdrawn)
        found["opted_out"] += each.is_opted_out
        found["suppressed"] += each.is_suppressed
    return found


def add(
    before: Mapping[str, Any], counted: Mapping[str, int], refusals: Iterable[str]
) -> dict[str, int | dict[str, int]]:
    """Return the numbers of *before* with those of one more chunk."""
    found = Counter({name: before.get(name, 0) for name in _ALL})
    found.update(counted)
    reasons = Counter(before.get("reasons", {}))
    for reason in refusals:
        found["refused"] += 1
        found["suppressed"] += reason == "suppressed"
        reasons[reason] += 1
    return {**found, "reasons": dict(reasons)}
