"""Writes many people of whom somebody else tells us, set-wise: an import's half of ``contacts.actions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wagtail_drip.contacts import dated, projection, querysets, recording
from wagtail_drip.contacts.consent import PermissionKey, Standing
from wagtail_drip.contacts.matching import Described, Match, match
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.contacts.tags import change_tags
from wagtail_drip.contacts.types import Consent
from wagtail_drip.core import claims
from wagtail_drip.core.upserts import upsert
from wagtail_drip.exceptions import WagtailDripError

_FIELDS = ("email", "first_name", "last_name", "language", "region", "zone")


class ChangedMeanwhile(WagtailDripError):
    """Somebody whom we had found was merged, erased or given another number before we held their lock: try again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class Told:
    """
    What is told of one person; blanks are unknown and never overwrite what we know.

    :param fields: plain fields, cleaned; *attributes* are laid over those we have.
    :param consents: what they answered, with its proof.
    :param is_suppressed: their number has said stop: nothing is agreed to in their name, and who is new stays out.
    """

    described: Described
    fields: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    consents: tuple[Consent, ...] = ()
    is_suppressed: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What became, or would become, of one person.

    :param contact_id: None for who is not among our contacts, or not yet.
    :param is_in: they are among our contacts afterwards.
    :param is_opted_out: they had said no, and that stands: what the file says they agreed to is left out.
    :param agreed: permissions that were opened. *withdrawn*: closed.
    """

    contact_id: int | None = None
    is_in: bool = True
    is_new: bool = False
    is_changed: bool = False
    is_ambiguous: bool = False
    is_opted_out: bool = False
    is_suppressed: bool = False
    agreed: int = 0
    withdrawn: int = 0


def foresee(people: Sequence[Told], *, site_id: int, overwrite: bool) -> list[Outcome]:
    """Return what ``take_in`` would do, changing and locking nothing."""
    found = match([each.described for each in people])
    ids = {one.contact_id for one in found if one.contact_id is not None}
    known = Contact.objects.in_bulk(list(ids))
    held = projection.standings_of({(pk, site_id) for pk in ids}) if ids else {}
    tags = querysets.tags(ids) if ids and any(each.tags for each in people) else {}
    outcomes = []
    for told, one in zip(people, found, strict=True):
        contact = known.get(one.contact_id) if one.contact_id is not None else None
        changed = bool(contact and _changes(contact, told, overwrite=overwrite)) or one.gets_number
        if contact is not None and told.tags - tags.get(contact.pk, frozenset()):
            changed = True
        standing = held.get((one.contact_id or 0, site_id), {})
        outcomes.append(_outcome(told, one, standing, is_changed=changed))
    return outcomes


def take_in(
    people: Sequence[Told],
    *,
    site_id: int,
    overwrite: bool,
    now: datetime,
    staff_user_id: int | None = None,
    mark_suppressed: Callable[[Sequence[Told]], Sequence[Told]] = lambda people: people,
) -> list[Outcome]:
    """
    Make and fill these people's contacts, give tags and record what they agreed to; return what became of each.

    Runs in the caller's transaction. Contacts are locked first, in primary-key order, and what they agreed to is
    read only then: an answer that we import never opens what they closed themselves, whenever they did so.

    :param overwrite: whether the list is right where it differs from what we know, rather than filling gaps.
    :param mark_suppressed: returns the same people, marked; called once the locks are held, which a STOP takes too.
    :raises ChangedMeanwhile: if somebody else changed who is who; roll back and call again.
    """
    claims.require_transaction()
    wanted = [each.described for each in people]
    found = match(wanted)
    contacts = _locked(found)
    if contacts and match(wanted) != found:
        raise ChangedMeanwhile
    people = mark_suppressed(people)
    owners = _make(people, found, contacts, now=now)
    changed: set[int] = set()
    for told, one, contact in zip(people, found, owners, strict=True):
        if contact is None:
            continue
        new = _changes(contact, told, overwrite=overwrite or one.contact_id is None)
        if one.gets_number:
            new["phone"] = new["active_phone"] = told.described.phone
            new["region"] = told.fields.get("region", contact.region)
        for name, value in new.items():
            setattr(contact, name, value)
        if new:
            changed.add(contact.pk)
    _write({pk: row for row in owners if row is not None for pk in [row.pk] if pk in changed}, now=now)
    _point_keys(people, owners)
    tagged = _tag(people, owners, now=now)
    return _record(
        people, found, owners, changed | tagged, site_id=site_id, now=now, staff_user_id=staff_user_id
    )


def _locked(found: Sequence[Match]) -> dict[int, Contact]:
    ids = {one.contact_id for one in found if one.contact_id is not None}
    if not ids:
        return {}
    rows = claims.lock_in_order(querysets.alive().filter(pk__in=ids))
    if len(rows) != len(ids):
        raise ChangedMeanwhile
    return {row.pk: row for row in rows}


def _make(
    people: Sequence[Told], found: Sequence[Match], contacts: Mapping[int, Contact], *, now: datetime
) -> list[Contact | None]:
    """Return each person's contact, made and locked if it is new; None for who stays out."""
    owners: list[Contact | None] = [
        contacts[one.contact_id] if one.contact_id is not None else None for one in found
    ]
    new = [
        place
        for place, (told, one) in enumerate(zip(people, found, strict=True))
        if one.contact_id is None and not one.is_ambiguous and not told.is_suppressed
    ]
    numbers = sorted({people[place].described.phone for place in new} - {""})
    if numbers:
        rows = [
            Contact(phone=number, active_phone=number, created_at=now, changed_at=now) for number in numbers
        ]
        claims.insert_new(rows, unique=["active_phone"])
        made = {
            row.active_phone: row
            for row in claims.lock_in_order(Contact.objects.filter(active_phone__in=numbers))
        }
        for place in new:
            if number := people[place].described.phone:
                if number not in made:
                    raise ChangedMeanwhile
                owners[place] = made[number]
    nameless = [place for place in new if not people[place].described.phone]
    if nameless:
        # Nobody can have found these before we commit: no lock is needed.
        rows = Contact.objects.bulk_create([Contact(created_at=now, changed_at=now) for _ in nameless])
        for place, row in zip(nameless, rows, strict=True):
            owners[place] = row
    return owners


def _changes(contact: Contact, told: Told, *, overwrite: bool) -> dict[str, Any]:
    new: dict[str, Any] = {}
    for name in _FIELDS:
        value, held = told.fields.get(name, ""), getattr(contact, name)
        if value and value != held and (overwrite or not held):
            new[name] = value
    if "zone" in new:
        new["zone_source"] = "profile"
    attributes = {
        name: value
        for name, value in told.attributes.items()
        if contact.attributes.get(name) != value and (overwrite or contact.attributes.get(name) is None)
    }
    if attributes:
        new["attributes"] = {**contact.attributes, **attributes}
    return new


def _write(contacts: Mapping[int, Contact], *, now: datetime) -> None:
    """Write these rows as they now are, at once: their locks are held, so nothing is written over."""
    if not contacts:
        return
    rows = [contacts[pk] for pk in sorted(contacts)]
    for row in rows:
        row.changed_at = now
    upsert(
        rows,
        unique=["id"],
        update=["phone", "active_phone", *_FIELDS, "zone_source", "attributes", "changed_at"],
    )
    dated.write_dates([row for row in rows if row.attributes])


def _point_keys(people: Sequence[Told], owners: Sequence[Contact | None]) -> None:
    """Let the other system's keys name these contacts: of a person who took a new number, the key follows."""
    keys = {
        (told.described.store, told.described.external_id): contact.pk
        for told, contact in zip(people, owners, strict=True)
        if contact is not None and told.described.external_id and told.described.store
    }
    upsert(
        [
            ContactIdentity(contact_id=pk, store=store, kind="external_id", value=value)
            for (store, value), pk in sorted(keys.items())
        ],
        unique=["store", "kind", "value"],
        update=["contact"],
    )


def _tag(people: Sequence[Told], owners: Sequence[Contact | None], *, now: datetime) -> set[int]:
    """Give the tags that somebody has not, and return who got any."""
    wanted = {
        (contact.pk, tag)
        for told, contact in zip(people, owners, strict=True)
        if contact is not None
        for tag in told.tags
    }
    if not wanted:
        return set()
    held = querysets.tags({pk for pk, _ in wanted})
    new = {(pk, tag) for pk, tag in wanted if tag not in held.get(pk, frozenset())}
    if new:
        change_tags(add=sorted(new), now=now)
    return {pk for pk, _ in new}


def _record(
    people: Sequence[Told],
    found: Sequence[Match],
    owners: Sequence[Contact | None],
    changed: set[int],
    *,
    site_id: int,
    now: datetime,
    staff_user_id: int | None,
) -> list[Outcome]:
    pairs = {(contact.pk, site_id) for contact in owners if contact is not None}
    held = projection.standings_of(pairs) if pairs and any(told.consents for told in people) else {}
    answers: list[tuple[int, int, Consent]] = []
    outcomes = []
    for told, one, contact in zip(people, found, owners, strict=True):
        standing = held.get((contact.pk, site_id), {}) if contact is not None else {}
        is_changed = contact is not None and contact.pk in changed and one.contact_id is not None
        outcome = _outcome(told, one, standing, is_changed=is_changed)
        outcomes.append(replace(outcome, contact_id=contact.pk) if contact is not None else outcome)
        if contact is not None:
            answers += [(contact.pk, site_id, each) for each in _said(told, standing)]
    if answers:
        recording.append_each(sorted(answers, key=_by_contact), now=now, staff_user_id=staff_user_id)
    return outcomes


def _by_contact(answer: tuple[int, int, Consent]) -> int:
    return answer[0]


def _said(told: Told, standing: Mapping[PermissionKey, Standing]) -> list[Consent]:
    """Return the answers that are to be recorded: none that is known already, none against a no that stands."""
    if told.is_suppressed:
        return [each for each in told.consents if not each.granted and _is_news(each, standing)]
    return [each for each in told.consents if _is_news(each, standing)]


def _is_news(consent: Consent, standing: Mapping[PermissionKey, Standing]) -> bool:
    now = standing.get(PermissionKey(consent.group, consent.channel, consent.topic))
    # A list is no word of the person's own: it may close, and open what nobody has answered yet.
    return now is None or (now.granted and not consent.granted)


def _outcome(
    told: Told, one: Match, standing: Mapping[PermissionKey, Standing], *, is_changed: bool
) -> Outcome:
    if one.is_ambiguous:
        return Outcome(is_in=False, is_ambiguous=True)
    is_new = one.contact_id is None
    if is_new and told.is_suppressed:
        return Outcome(is_in=False, is_suppressed=True)
    said = _said(told, standing)
    refused = [
        each
        for each in told.consents
        if each.granted
        and (now := standing.get(PermissionKey(each.group, each.channel, each.topic))) is not None
        and not now.granted
    ]
    return Outcome(
        contact_id=one.contact_id,
        is_new=is_new,
        is_changed=is_changed,
        is_opted_out=bool(refused),
        is_suppressed=told.is_suppressed,
        agreed=sum(each.granted for each in said),
        withdrawn=sum(not each.granted for each in said),
    )
