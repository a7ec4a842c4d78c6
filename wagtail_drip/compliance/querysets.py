"""Reading suppressions, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from wagtail_drip.compliance.models import Suppression
from wagtail_drip.core.among import Among

from .types import Destination


def suppressed(asked: Collection[Destination]) -> set[Destination]:
    """Return those of *asked* to which nothing may go, in one query."""
    if not asked:
        return set()
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    rows = Suppression.objects.filter(
        Among("number_hash", {number_hash for each in asked for number_hash in each.number_hashes}),
        lifted_at=None,
    )
    for number_hash, scope, value in rows.values_list("number_hash", "scope", "scope_value"):
        found[number_hash].add((scope, value))
    if not found:
        return set()
    return {
        each
        for each in asked
        for number_hash in each.number_hashes
        if number_hash in found
        and not found[number_hash].isdisjoint(
            {("all", ""), ("sender", each.sender), ("site", str(each.site_id))}
        )
    }
