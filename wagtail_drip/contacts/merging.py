"""
Makes two contacts one person, and undoes it: this room's half of ``privacy.merge``.

What was agreed to is never carried from one number to another; what was refused is. What hangs on the merged contact
stays where it is and is read through ``merged_into``, so that undoing has only little to put back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from wagtail_drip.conf import settings
from wagtail_drip.contacts import dated, opt_in_actions, own_data_actions, projection, recording
from wagtail_drip.contacts.consent import COMPLAINT, PermissionKey, says_new
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactTag, Permission
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, PurposeGroup
from wagtail_drip.core import claims
from wagtail_drip.exceptions import WagtailDripError

# Filled where the one who stays has nothing there.
_FILLED = ("email", "first_name", "last_name", "language", "user_id")


class CannotMerge(WagtailDripError):
    """
    These two contacts cannot be made one.

    :ivar reason: ``same``, ``gone`` (merged or erased meanwhile) or ``number`` (only the other one has a number).
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            {
                "same": _("A contact cannot be merged with itself: choose another one."),
                "gone": _("One of the two was merged or erased meanwhile. Nothing was changed."),
                "number": _("The contact with the phone number has to stay. Nothing was changed."),
            }[reason]
        )


class CannotUndo(WagtailDripError):
    """
    This merge cannot be undone.

    :ivar reason: ``undone`` already, ``old``, ``erased``, or ``later``: another merge has to be undone first.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            {
                "undone": _("This merge was undone already."),
                "old": _("This merge is too old to be undone."),
                "erased": _("The person was erased: there is nothing to put back."),
                "later": _("They were merged again since: undo the later merge first."),
            }[reason]
        )


_MERGE = "merge:"
# Records that a merge, or undoing one, made of what somebody had said before.
CARRIED = Q(source__startswith=_MERGE) | Q(source__startswith=f"{COMPLAINT}{_MERGE}")


def source_of(merge: ContactMerge) -> str:
    """Return how consent records and suppressions name the merge that carried them over."""
    return f"{_MERGE}{merge.pk}"


def lock_two(contact_id: int, into: int) -> tuple[Contact, Contact]:
    """
    Lock two contacts that are to be one, as the gate does, and return them.

    :raises CannotMerge: if they are the same, or either does not speak for itself any more.
    """
    if contact_id == into:
        raise CannotMerge("same")
    speakers = lock_speakers([contact_id, into])
    merged, stays = speakers.get(contact_id), speakers.get(into)
    if merged is None or stays is None or (merged.pk, stays.pk) != (contact_id, into):
        raise CannotMerge("gone")
    if merged.erased_at is not None or stays.erased_at is not None:
        raise CannotMerge("gone")
    if merged.active_phone and not stays.active_phone:
        raise CannotMerge("number")
    return merged, stays


def merge(
    merged: Contact,
    stays: Contact,
    *,
    complained_at: datetime | None,
    joined: Collection[int],
    now: datetime,
    staff_user_id: int | None = None,
) -> ContactMerge:
    """
    Merge one contact into the other; both were returned by ``lock_two`` in this transaction.

    :param joined: the segments that are new to who stays: kept, to be left again when it is undone.
    :param complained_at: when the merged one complained last: no START of theirs opens what was closed before.
    """
    claims.require_transaction()
    done = ContactMerge.objects.create(
        merged=merged, into=stays, number=merged.active_phone or "", at=now, by_id=staff_user_id
    )
    fields = {**_filled(merged, stays), **_stricter(merged, stays)}
    changes: dict[str, Any] = {
        "fields": {name: [_plain(getattr(stays, name)), _plain(value)] for name, value in fields.items()},
        "attributes": {
            name: value for name, value in merged.attributes.items() if stays.attributes.get(name) is None
        },
        "tags": _join_tags(merged, stays, now=now),
        "segments": sorted(joined),
        "merged": list(Contact.objects.filter(merged_into=merged).values_list("pk", flat=True)),
    }
    for name, value in fields.items():
        setattr(stays, name, value)
    if changes["attributes"]:
        stays.attributes = {**stays.attributes, **changes["attributes"]}
    stays.changed_at = now
    stays.save(update_fields=[*_columns(fields), "attributes", "changed_at"])
    if changes["attributes"]:
        dated.write_dates([stays])
    records = carry_refusals(
        merged,
        stays,
        source=source_of(done),
        complained_at=complained_at,
        now=now,
        staff_user_id=staff_user_id,
    )
    changes["records"] = [record.pk for record in records]
    opt_in_actions.withdraw(contact_ids=[merged.pk], site_ids=None, now=now)
    own_data_actions.close_all([merged.pk, stays.pk])
    # Nobody is two merges away from who speaks for them: many a reader follows one.
    Contact.objects.filter(merged_into=merged).update(merged_into=stays)
    Contact.objects.filter(pk=merged.pk).update(merged_into=stays, active_phone=None, changed_at=now)
    merged.merged_into, merged.active_phone = stays, None
    done.changes = changes
    done.save(update_fields=["changes"])
    return done


def _filled(merged: Contact, stays: Contact) -> dict[str, Any]:
    found = {
        name: getattr(merged, name) for name in _FILLED if not getattr(stays, name) and getattr(merged, name)
    }
    if merged.zone and not stays.zone:
        found |= {"zone": merged.zone, "zone_source": merged.zone_source}
    if merged.created_at < stays.created_at:
        found["created_at"] = merged.created_at
    return found


def _stricter(merged: Contact, stays: Contact) -> dict[str, Any]:
    """Return what the merged one has asked for and the other one has not, or less strictly."""
    wanted = {
        name: _of_both(strictest, getattr(merged, name), getattr(stays, name))
        for name, strictest in (
            ("most_per_week", min),
            ("most_per_month", min),
            ("paused_until", max),
            ("restricted_at", min),
            ("objected_at", min),
            ("not_before_hour", max),
            ("not_after_hour", min),
        )
    }
    begins, ends = wanted["not_before_hour"], wanted["not_after_hour"]
    if begins is not None and ends is not None and begins >= ends:
        # No hour suits both wishes: those of whoever has the number stand.
        del wanted["not_before_hour"], wanted["not_after_hour"]
    return {name: value for name, value in wanted.items() if value != getattr(stays, name)}


def _of_both(strictest: Callable[[Iterable[Any]], Any], *values: Any) -> Any:
    given = [value for value in values if value is not None]
    return strictest(given) if given else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    """Return what ``_plain`` wrote, as the column holds it."""
    column: Any = Contact._meta.get_field(name)
    return column.to_python(value)


def _columns(fields: Iterable[str]) -> list[str]:
    return [Contact._meta.get_field(name).name for name in fields]


def _join_tags(merged: Contact, stays: Contact, *, now: datetime) -> list[str]:
    has = set(ContactTag.objects.filter(contact=stays).values_list("tag", flat=True))
    new = sorted(set(ContactTag.objects.filter(contact=merged).values_list("tag", flat=True)) - has)
    claims.insert_new([ContactTag(contact=stays, tag=tag, at=now) for tag in new], unique=["contact", "tag"])
    return new


def carry_refusals(
    whose: Contact,
    to: Contact,
    *,
    source: str,
    now: datetime,
    complained_at: datetime | None = None,
    since: datetime | None = None,
    staff_user_id: int | None = None,
) -> list[ConsentRecord]:
    """
    Close for one contact what the other one has refused, and return the records that took; both are locked.

    :param since: only what was refused from then on.
    """
    refused = Permission.objects.filter(contact=whose, granted=False).select_related("record")
    if since is not None:
        refused = refused.filter(record__recorded_at__gte=since)
    rows = list(refused.order_by("site_id", "group", "channel", "topic"))
    held = projection.standings_of({(to.pk, row.site_id) for row in rows}) if rows else {}
    answers = []
    for row in rows:
        is_complaint = row.group == PurposeGroup.MARKETING and (
            row.record.source.startswith(COMPLAINT)
            or (complained_at is not None and row.record.recorded_at <= complained_at)
        )
        method = ConsentMethod.STAFF if is_complaint else ConsentMethod(row.record.method)
        key = PermissionKey(row.group, row.channel, row.topic)
        # Also where it is closed, but by a judgement of ours: that may be overturned, and this may not.
        if not says_new(held.get((to.pk, row.site_id), {}), key, method, is_complaint=is_complaint):
            continue
        consent = Consent(
            group=PurposeGroup(row.group),
            granted=False,
            source=f"{COMPLAINT}{source}" if is_complaint else source,
            method=method,
            channel=Channel(row.channel),
            topic=row.topic,
            wording=row.record.wording,
        )
        answers.append((to.pk, row.site_id, consent))
    return recording.append_each(answers, now=now, staff_user_id=staff_user_id) if answers else []


def lock_to_undo(merge_id: int, *, now: datetime) -> tuple[ContactMerge, Contact, Contact]:
    """
    Lock both contacts of a merge that is to be undone, and return it with them: the merged one, and who stayed.

    :raises CannotUndo: with the reason.
    """
    done = ContactMerge.objects.get(pk=merge_id)
    lock_speakers([done.merged_id, done.into_id])
    done = ContactMerge.objects.select_related("merged", "into").get(pk=merge_id)
    reason = why_not_undo(done, now=now)
    if reason:
        raise CannotUndo(reason)
    return done, done.merged, done.into


def why_not_undo(done: ContactMerge, *, now: datetime) -> str:
    """Return why a merge cannot be undone, as ``CannotUndo`` says it; '' if it can."""
    if done.undone_at is not None:
        return "undone"
    if done.merged.erased_at is not None or done.into.erased_at is not None:
        return "erased"
    if done.merged.merged_into_id != done.into_id or done.into.merged_into_id is not None:
        return "later"
    days = settings.KEEP_MERGE_DAYS
    if not done.changes or (days and done.at < now - timedelta(days=days)):
        return "old"
    return ""


def undo(
    done: ContactMerge,
    merged: Contact,
    stays: Contact,
    *,
    is_complained_of: bool,
    now: datetime,
    staff_user_id: int | None = None,
) -> bool:
    """
    Undo a merge that ``lock_to_undo`` returned in this transaction; return whether the number is theirs again.

    What was changed since stays as it is. A refusal since the merge counts for both, for nobody can tell whose it was.

    :param is_complained_of: somebody complained since: nothing is opened again.
    """
    claims.require_transaction()
    changes = done.changes
    fields = {
        name: before
        for name, (before, after) in changes["fields"].items()
        if getattr(stays, name) == _read(name, after)
    }
    for name, before in fields.items():
        setattr(stays, name, _read(name, before))
    stays.attributes = {
        name: value
        for name, value in stays.attributes.items()
        if name not in changes["attributes"] or changes["attributes"][name] != value
    }
    stays.changed_at = now
    stays.save(update_fields=[*_columns(fields), "attributes", "changed_at"])
    dated.write_dates([stays])
    ContactTag.objects.filter(contact=stays, tag__in=changes["tags"], at=done.at).delete()
    source = f"{source_of(done)}:undone"
    carry_refusals(stays, merged, source=source, since=done.at, now=now, staff_user_id=staff_user_id)
    if not is_complained_of:
        _open_again(stays, changes["records"], source=source, now=now, staff_user_id=staff_user_id)
    own_data_actions.close_all([merged.pk, stays.pk])
    Contact.objects.filter(pk__in=changes["merged"], merged_into=stays).update(merged_into=merged)
    Contact.objects.filter(pk=merged.pk).update(merged_into=None, changed_at=now)
    ContactMerge.objects.filter(pk=done.pk).update(
        undone_at=now, undone_by_id=staff_user_id, changes={}, number=""
    )
    return _give_back(merged, done.number)


def _open_again(
    stays: Contact, record_ids: Iterable[int], *, source: str, now: datetime, staff_user_id: int | None
) -> None:
    """
    Grant what only this merge closed: its record is still the last word, and before it the answer was yes.

    Not after a complaint: only they themselves agree again.
    """
    answers = []
    closed = Permission.objects.filter(contact=stays, granted=False, record__in=list(record_ids)).exclude(
        record__source__startswith=COMPLAINT
    )
    for row in closed.order_by("site_id", "group", "channel", "topic"):
        key = PermissionKey(row.group, row.channel, row.topic)
        before = projection.standings_before(stays.pk, row.site_id, row.record_id, with_judged=True)
        was = before.get(key)
        if was is not None and was.granted:
            consent = Consent(
                group=PurposeGroup(row.group),
                granted=True,
                source=source,
                method=ConsentMethod.STAFF,
                channel=Channel(row.channel),
                topic=row.topic,
            )
            answers.append((stays.pk, row.site_id, consent))
    if answers:
        recording.append_each(answers, now=now, staff_user_id=staff_user_id)


def _give_back(merged: Contact, number: str) -> bool:
    if not number:
        return True
    try:
        with transaction.atomic():
            return bool(Contact.objects.filter(pk=merged.pk, active_phone=None).update(active_phone=number))
    except IntegrityError:
        # It came again meanwhile, and is a contact of its own.
        return False


def merged_from(number: str) -> list[int]:
    """Return who were merged away from *number* (E.164), which has been theirs and is texted no more."""
    rows = (
        ContactMerge.objects.filter(number=number, undone_at=None) if number else ContactMerge.objects.none()
    )
    return list(rows.order_by("pk").values_list("merged_id", flat=True))
