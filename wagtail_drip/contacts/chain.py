"""
The chain that ties consent records together: each holds a digest over its own content and the digest before. Pure.

One chain for each contact and site, in the order of recording. Whoever changes, inserts or takes away a record in the
middle breaks every digest after it. Nothing secret goes in, so that anybody can check a download with SHA-256 alone.

What tells who somebody is (their words, their address) goes in only as a digest with a salt of its own. Erasing blanks
the words and the salt; the digest stays, and the chain with it, but nobody can guess their way back from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# Where a chain begins, and what stands in place of a digest for records older than the chain.
NOTHING = ""
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """
    One record as the chain sees it.

    :ivar content: what is sealed in the open: plain JSON values, dates in ISO 8601.
    :ivar wording: personal where somebody wrote it themselves.
    :ivar salt: '' where the personal parts were erased, and for records older than the chain.
    """

    id: int
    content: dict[str, Any]
    wording: str
    ip: str
    salt: str
    personal_digest: str
    previous: str
    digest: str


class Fault(StrEnum):
    """What is wrong with one record of a chain."""

    CHANGED = "changed"  # its own content is not what was recorded
    PERSONAL_CHANGED = "personal_changed"  # the wording or the address is not what was recorded
    BROKEN = "broken"  # the record before it was taken away, or another put between
    UNSEALED = "unsealed"  # it has no digest, though the record before it has


@dataclass(frozen=True, kw_only=True)
class Verified:
    """
    What a look at one chain found.

    :ivar faults: by the record's id; empty where the chain is whole.
    :ivar head: the last digest, to be noted elsewhere: with it nobody can shorten the chain unseen.
    :ivar older: how many records stand before the chain began.
    :ivar erased: of how many the personal parts were erased.
    """

    records: int
    faults: dict[int, Fault]
    head: str
    older: int
    erased: int

    @property
    def is_whole(self) -> bool:
        return not self.faults


def moment(at: datetime) -> str:
    """Return a moment as it is sealed, the same from every database: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def personal_digest(salt: str, *, wording: str, ip: str) -> str:
    return _digest([salt, wording, ip])


def digest(previous: str, content: dict[str, Any], personal: str) -> str:
    """Return the digest of a record whose personal parts have the digest *personal*."""
    return _digest([VERSION, previous, content, personal])


def _digest(parts: list[Any]) -> str:
    # The canonical form that a download is checked by, too: sorted names, no spaces, letters as they are.
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def verify(records: Iterable[Sealed]) -> Verified:
    """Check the records of one contact on one site, in the order of recording."""
    faults: dict[int, Fault] = {}
    head, older, erased, number = NOTHING, 0, 0, 0
    for record in records:
        number += 1
        if not record.digest:
            if head:
                faults[record.id] = Fault.UNSEALED
            else:
                older += 1
            continue
        erased += not record.salt
        fault = _fault(record, head)
        if fault is not None:
            faults[record.id] = fault
        head = record.digest
    return Verified(records=number, faults=faults, head=head, older=older, erased=erased)


def _fault(record: Sealed, head: str) -> Fault | None:
    if not hmac.compare_digest(
        digest(record.previous, record.content, record.personal_digest), record.digest
    ):
        return Fault.CHANGED
    if record.previous != head:
        return Fault.BROKEN
    if record.salt:
        found = personal_digest(record.salt, wording=record.wording, ip=record.ip)
        if found != record.personal_digest:
            return Fault.PERSONAL_CHANGED
    elif record.wording or record.ip:
        # Erased parts are blank: what stands there now was never recorded.
        return Fault.PERSONAL_CHANGED
    return None
