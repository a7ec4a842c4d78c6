"""
What a segment's rules are as data. Pure.

Rules are ``{"match": "all" | "any" | "none", "rules": [rule, …]}``; a rule is a dict with its ``kind``, or such a
group itself with the kind ``group``, two deep at most.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

ALL, ANY, NONE = "all", "any", "none"
GROUP = "group"

Rule = Mapping[str, Any]

# Shares are drawn from so many lots: a percentage has one decimal.
LOTS = 1000
FACTOR, RING = 48_271, 65_537


def leaves(rules: Rule) -> Iterator[Rule]:
    """Yield every rule that is no group."""
    for rule in rules.get("rules") or ():
        if rule.get("kind") == GROUP:
            yield from leaves(rule)
        else:
            yield rule


def segments_in(rules: Rule) -> set[int]:
    """Return the ids of the segments that these rules ask for."""
    return {int(rule["segment"]) for rule in leaves(rules) if rule.get("kind") == "segment"}


def names_others(rules: Rule) -> bool:
    """Tell whether a rule speaks of something by its id: a segment, a site, an interest."""
    return any(rule.get(each) for rule in leaves(rules) for each in ("segment", "site", "interest"))


def interests_in(rules: Rule) -> set[int]:
    """Return the ids of the interests that these rules ask for."""
    return {int(rule["interest"]) for rule in leaves(rules) if rule.get("kind") == "interest"}


def salt_of(text: str) -> int:
    """Return what makes one random share independent of another."""
    return zlib.crc32(text.encode()) % RING


def lot_of(contact_id: int, salt: int) -> int:
    """Return which of the LOTS somebody drew; ``matching`` says the same in SQL."""
    return ((contact_id % 1_000_003) * FACTOR + salt) % RING % LOTS
