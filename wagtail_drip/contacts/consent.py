"""From what somebody agreed to and withdrew to what is allowed now, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from wagtail_drip.contacts.types import ConsentMethod

# How the source of a withdrawal begins that a complaint is the cause of.
COMPLAINT = "complaint:"


class PermissionKey(NamedTuple):
    """What one permission of one contact on one site is for. The empty topic is marketing in general."""

    group: str
    channel: str
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One consent record. ``id`` rises in the order of recording, which the contact's lock keeps."""

    id: int
    key: PermissionKey
    granted: bool
    at: datetime
    recorded_at: datetime
    method: str = ""
    is_complaint: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What holds for one key, and which record says so, by which way."""

    granted: bool
    record_id: int
    since: datetime
    at: datetime
    method: str = ""
    is_complaint: bool = False


def standings(records: Iterable[Recorded]) -> dict[PermissionKey, Standing]:
    """Return what holds after all *records* of one contact on one site, in the order of recording."""
    found: dict[PermissionKey, Standing] = {}
    for record in sorted(records, key=lambda each: each.id):
        found.update(changes(record, found))
    return found


def changes(record: Recorded, before: Mapping[PermissionKey, Standing]) -> dict[PermissionKey, Standing]:
    """
    Return what *record* changes in what held *before*; empty where it changes nothing.

    A withdrawal always counts, and without a topic it closes every topic of its group and channel. A grant
    counts unless it was given before the withdrawal that stands: a tick in a checkout that reaches us late,
    or an old list, does not undo a later stop. After a complaint only a double opt-in counts.
    """
    standing = Standing(
        granted=record.granted,
        record_id=record.id,
        since=record.recorded_at,
        at=record.at,
        method=record.method,
        is_complaint=record.is_complaint,
    )
    if record.granted:
        now = before.get(record.key)
        if record.method != ConsentMethod.DOUBLE_OPT_IN and is_complained_of(record.key, before):
            return {}
        if now is not None and not now.granted and record.at < now.at:
            return {}
        return {record.key: standing}
    closed = {record.key: standing}
    if not record.key.topic:
        for key, held in before.items():
            if held.granted and key.group == record.key.group and key.channel == record.key.channel:
                closed[key] = standing
    return closed


def is_complained_of(key: PermissionKey, before: Mapping[PermissionKey, Standing]) -> bool:
    """Tell whether a complaint holds *key* closed, or would if anybody had decided on it."""
    standing = before.get(key) or before.get(PermissionKey(key.group, key.channel))
    return standing is not None and not standing.granted and standing.is_complaint


def says_new(
    held: Mapping[PermissionKey, Standing], key: PermissionKey, method: str, *, is_complaint: bool = False
) -> bool:
    """Tell whether a withdrawal of *key* by this method would say something new."""
    standing = held.get(key)
    if standing is None or standing.granted or (is_complaint and not standing.is_complaint):
        return True
    if standing.method == ConsentMethod.PHRASE and method != ConsentMethod.PHRASE:
        return True
    # The general withdrawal stands, but a topic was agreed to again since.
    return not key.topic and any(
        other.granted and each.group == key.group and each.channel == key.channel
        for each, other in held.items()
    )


def allows(granted: Mapping[PermissionKey, bool], key: PermissionKey) -> bool:
    """Tell whether *key* is allowed: by its own topic where somebody decided on it, else by the general one."""
    if key in granted:
        return granted[key]
    return granted.get(PermissionKey(key.group, key.channel), False)


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """
    What one contact's records of one site come to, with and without what sequences wrote.

    :param held: what holds now.
    :param agreed: what would hold by the person's own answers alone.
    """

    held: Mapping[PermissionKey, bool] = field(default_factory=dict)
    agreed: Mapping[PermissionKey, bool] = field(default_factory=dict)

    def outcome_of(self, key: PermissionKey, granted: bool) -> str:
        """
        Return what comes of a step that closes *key* or opens it: ``changed``, ``as_it_was`` or ``refused``.

        A sequence can close anything. It can open only what another step closed: where the person's own
        answers do not allow it, because they never agreed or said no since, it is refused.
        """
        if not granted:
            return "changed" if self._is_open(key) else "as_it_was"
        if not allows(self.agreed, key):
            return "refused"
        return "as_it_was" if allows(self.held, key) else "changed"

    def after(self, key: PermissionKey, granted: bool) -> Subscriptions:
        """Return what will hold once a step has closed *key* or opened it."""
        closed = {
            each: False
            for each in self.held
            if not granted and not key.topic and each.group == key.group and each.channel == key.channel
        }
        return Subscriptions(held={**self.held, **closed, key: granted}, agreed=self.agreed)

    def _is_open(self, key: PermissionKey) -> bool:
        if allows(self.held, key):
            return True
        # The general answer is no, but a topic was agreed to by itself.
        return not key.topic and any(
            granted and each.group == key.group and each.channel == key.channel
            for each, granted in self.held.items()
        )


NOTHING_AGREED = Subscriptions()
