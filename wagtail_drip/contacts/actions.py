"""The only writers of this room's rows: who people are, what they agreed to, what we know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from wagtail_drip.contacts import (
    attributes,
    cleaning,
    dated,
    finding,
    merging,
    opt_in_actions,
    projection,
    querysets,
    recording,
)
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts.consent import COMPLAINT, PermissionKey, says_new
from wagtail_drip.contacts.models import ConsentRecord, Contact, ContactIdentity, Permission
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.contacts.types import Channel, Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import claims
from wagtail_drip.exceptions import WagtailDripError

_PLAIN_FIELDS = ("first_name", "last_name", "language", "email", "zone")
_CHANGEABLE = frozenset({*_PLAIN_FIELDS, "region", "attributes"})


class UnknownField(WagtailDripError):
    """A contact has no such field that may be changed."""


@transaction.atomic
def identify(identity: Identity, *, now: datetime, region: str = "") -> Contact:
    """
    Return the contact that *identity* means, made if it is new, with what *identity* adds.

    A number is a contact: who comes with a number is the contact of that number, and the shop's keys follow
    to it, so that nobody is texted at a number that they did not give. Without a number the shop's keys
    decide, then the e-mail address, if only one contact has it. Blanks, a number that cannot be read, an
    impossible address or an unknown zone leave what we know as it is.

    :param region: the country for numbers without country code, where *identity* names none.
    """
    wanted = identity.region or region
    number = finding.readable(identity.phone, region=wanted)
    known = finding.known_by_key(identity)
    contact = _of_number(number, known, now=now) if number else known
    if contact is None:
        contact = finding.known_by_email(identity.email, has_number=number is not None)
        if contact is not None and number is not None:
            contact = _give_number(contact, number, now=now)
    if contact is None:
        contact = _new(number, now=now)
    _fill(contact, identity, region="" if number else wanted, now=now)
    _point_keys(identity, contact)
    return contact


def _of_number(number: phones.Phone, known: Contact | None, *, now: datetime) -> Contact | None:
    """Return the contact of *number*: the *known* one if it has none yet; None where nobody has it."""
    owner = Contact.objects.filter(active_phone=number.e164).first()
    if owner is not None:
        # Whoever was merged answers no more; should a row have kept its number, who speaks for it does.
        head = querysets.resolve_merged([owner.pk])[owner.pk]
        return owner if head == owner.pk else Contact.objects.get(pk=head)
    if known is not None and known.active_phone is None:
        return _give_number(known, number, now=now)
    theirs = merging.merged_from(number.e164) if known is not None else []
    if theirs and known is not None and known.pk in querysets.resolve_merged(theirs).values():
        # The very account, with the very number, that staff have said is this person's too.
        return known
    return _new(number, now=now) if known is not None else None


def _give_number(contact: Contact, number: phones.Phone, *, now: datetime) -> Contact:
    """Return *contact* with *number*, or who took the number meanwhile."""
    try:
        with transaction.atomic():
            free = querysets.alive().filter(pk=contact.pk, active_phone=None)
            given = free.update(
                phone=number.e164, active_phone=number.e164, region=number.region, changed_at=now
            )
    except IntegrityError:
        given = 0
    if given:
        contact.refresh_from_db()
        return contact
    return _new(number, now=now)


def _new(number: phones.Phone | None, *, now: datetime) -> Contact:
    """Return a new contact, or the one that another connection has just made for this number."""
    if number is None:
        return Contact.objects.create(created_at=now, changed_at=now)
    claims.insert_new(
        [
            Contact(
                phone=number.e164,
                active_phone=number.e164,
                region=number.region,
                created_at=now,
                changed_at=now,
            )
        ],
        unique=["active_phone"],
    )
    return Contact.objects.get(active_phone=number.e164)


def _fill(contact: Contact, identity: Identity, *, region: str, now: datetime) -> None:
    """Write what *identity* says and we did not know, in one UPDATE; nothing new, no UPDATE."""
    given = cleaning.written({name: getattr(identity, name) for name in _PLAIN_FIELDS})
    if region and not contact.region and len(region) == 2:
        given["region"] = region.upper()
    new = {name: value for name, value in given.items() if value and getattr(contact, name) != value}
    if not new:
        return
    Contact.objects.filter(pk=contact.pk).update(**new, changed_at=now)
    for name, value in new.items():
        setattr(contact, name, value)
    contact.changed_at = now


def _point_keys(identity: Identity, contact: Contact) -> None:
    keys = finding.keys_of(identity)
    if not keys:
        return
    claims.insert_new(
        [
            ContactIdentity(contact=contact, store=identity.store, kind=kind, value=value)
            for kind, value in keys.items()
        ],
        unique=["store", "kind", "value"],
    )
    for kind, value in keys.items():
        ContactIdentity.objects.filter(store=identity.store, kind=kind, value=value).exclude(
            contact=contact
        ).update(contact=contact)


@transaction.atomic
def record_consent(
    *, contact_id: int, site_id: int, consent: Consent, now: datetime, staff_user_id: int | None = None
) -> ConsentRecord:
    """
    Append what somebody agreed to or withdrew, and project it, under the contact's lock.

    A merged contact's answer is recorded for the one that speaks for it.

    :raises Contact.DoesNotExist: if nobody has this id.
    """
    speaker = lock_speakers([contact_id]).get(contact_id)
    if speaker is None:
        raise Contact.DoesNotExist(f"There is no contact {contact_id}.")
    head = speaker.pk
    if not consent.granted:
        opt_in_actions.withdraw(
            contact_ids=[head], site_ids=[site_id], group=consent.group, topic=consent.topic, now=now
        )
    return recording.append([(head, site_id)], consent, now=now, staff_user_id=staff_user_id)[0]


@transaction.atomic
def withdraw_marketing(
    *,
    contact_ids: Collection[int],
    site_ids: Collection[int],
    source: str,
    method: ConsentMethod,
    wording: str = "",
    now: datetime,
    topic: str = "",
    staff_user_id: int | None = None,
) -> int:
    """
    Record that these contacts want no more marketing on these sites, and return how many records that took.

    Without a topic every topic is closed as well. Where it is withdrawn already nothing is recorded, so
    that a second call changes nothing; but for what we had only judged, which anything surer stands instead of.
    What they were asked and have not confirmed is taken back, too. Contacts are locked first, in primary-key order.
    """
    heads = {speaker.pk for speaker in lock_speakers(contact_ids).values()}
    opt_in_actions.withdraw(contact_ids=heads, site_ids=site_ids, topic=topic, now=now)
    pairs = {(contact_id, site_id) for contact_id in heads for site_id in site_ids}
    held = projection.standings_of(pairs)
    key = PermissionKey(PurposeGroup.MARKETING, Channel.SMS, topic)
    consent = Consent(
        group=PurposeGroup.MARKETING,
        granted=False,
        source=source,
        method=method,
        topic=topic,
        wording=wording,
    )
    is_complaint = source.startswith(COMPLAINT)
    new = {pair for pair in pairs if says_new(held.get(pair, {}), key, method, is_complaint=is_complaint)}
    return len(recording.append(new, consent, now=now, staff_user_id=staff_user_id))


@transaction.atomic
def restore_marketing(
    *,
    contact_ids: Collection[int],
    site_ids: Collection[int],
    withdrawn_by: Collection[ConsentMethod],
    source: str,
    method: ConsentMethod = ConsentMethod.KEYWORD,
    wording: str = "",
    complained_at: Mapping[int, datetime] | None = None,
    is_latest: bool = False,
    staff_user_id: int | None = None,
    now: datetime,
) -> int:
    """
    Grant again what a general withdrawal by these methods closed, and return how many records that took.

    What was never granted, was withdrawn in another way, or is a topic that was closed by itself stays closed.

    :param complained_at: when contacts last complained; what was closed before that stays closed.
    :param is_latest: only where nothing else has closed marketing in general since.
    """
    heads = {speaker.pk for speaker in lock_speakers(contact_ids).values()}
    closed = (
        Permission.objects.filter(
            contact_id__in=heads,
            site_id__in=site_ids,
            group=PurposeGroup.MARKETING,
            granted=False,
            record__method__in=withdrawn_by,
            record__granted=False,
            record__topic="",
        )
        .order_by("contact_id", "site_id", "channel", "topic")
        .values_list("contact_id", "site_id", "channel", "topic", "record_id", "record__recorded_at")
    )
    written, complaints, rows = 0, complained_at or {}, list(closed)
    general = {(row[0], row[1], row[2]): row[4] for row in rows if not row[3]}
    for contact_id, site_id, channel, topic, record_id, closed_at in rows:
        if is_latest and general.get((contact_id, site_id, channel)) != record_id:
            continue
        if contact_id in complaints and closed_at <= complaints[contact_id]:
            continue
        before = projection.standings_before(contact_id, site_id, record_id)
        was = before.get(PermissionKey(PurposeGroup.MARKETING, channel, topic))
        if was is None or not was.granted:
            continue
        consent = Consent(
            group=PurposeGroup.MARKETING,
            granted=True,
            source=source,
            method=method,
            channel=Channel(channel),
            topic=topic,
            wording=wording,
        )
        written += len(
            recording.append([(contact_id, site_id)], consent, now=now, staff_user_id=staff_user_id)
        )
    return written


@transaction.atomic
def limit_texts(contact_id: int, *, week: int | None, month: int | None, now: datetime) -> None:
    """
    Note how many texts a contact has asked for at most, of all sites together; None is no wish of their own.

    :param week: in 7 × 24 hours, at least 1.
    :param month: in 30 days, at least 1.
    :raises ValueError: for a number below 1. Whoever wants none withdraws instead.
    """
    if (week is not None and week < 1) or (month is not None and month < 1):
        raise ValueError("A limit is at least 1: for no texts at all, withdraw the permission.")
    # A hand-over that has counted by the old wish commits first.
    speakers = lock_speakers([contact_id])
    Contact.objects.filter(pk__in={speaker.pk for speaker in speakers.values()}).update(
        most_per_week=week, most_per_month=month, changed_at=now
    )


def repair_permissions(contact_ids: Collection[int]) -> int:
    """Make the projection what the records say, under the contacts' locks; return how many rows differed."""
    claims.lock_in_order(Contact.objects.filter(pk__in=contact_ids))
    found = projection.differences(contact_ids)
    for each in found:
        if each.should_be is None:
            projection.row_of(each).delete()
        else:
            recording.project(projection.rows(each.contact_id, each.site_id, {each.key: each.should_be}))
    return len(found)


@transaction.atomic
def update_contacts(all_changes: Mapping[int, Mapping[str, Any]], *, now: datetime) -> None:
    """
    Write fields and attributes of many contacts, set-wise, locked in primary-key order.

    Each contact's changes name plain fields, and under ``attributes`` a dict that is laid over the one we
    have; an attribute of None is taken away. Erased contacts stay blank.

    :raises InvalidAttribute: for a declared attribute whose value is not of its type; nothing is written.
    :raises UnknownField: if a change names what may not be changed so.
    """
    unknown = {name for each in all_changes.values() for name in each} - _CHANGEABLE
    if unknown:
        raise UnknownField(f"These fields of a contact cannot be changed: {', '.join(sorted(unknown))}.")
    speakers = lock_speakers(all_changes)
    mine: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for contact_id in sorted(speakers):
        head = speakers[contact_id].pk
        for name, value in all_changes[contact_id].items():
            if name == "attributes":
                value = {each: attributes.clean(each, given) for each, given in value.items()}
                mine[head][name] = {**mine[head].get(name, {}), **value}
            else:
                mine[head][name] = value
    groups: defaultdict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    with_attributes: list[Contact] = []
    for contact in sorted(set(speakers.values()), key=lambda each: each.pk):
        if contact.erased_at is not None:
            continue
        wanted = mine[contact.pk]
        plain = cleaning.written({name: value for name, value in wanted.items() if name != "attributes"})
        if plain:
            groups[tuple(sorted(plain.items()))].append(contact.pk)
        if "attributes" in wanted:
            merged = {**contact.attributes, **wanted["attributes"]}
            contact.attributes = {name: value for name, value in merged.items() if value is not None}
            contact.changed_at = now
            with_attributes.append(contact)
    for fields, contact_ids in groups.items():
        Contact.objects.filter(pk__in=contact_ids).update(**dict(fields), changed_at=now)
    if with_attributes:
        # Each contact's attributes differ as a whole, so there is nothing to group by.
        Contact.objects.bulk_update(with_attributes, ["attributes", "changed_at"], batch_size=200)
        dated.write_dates(with_attributes)
