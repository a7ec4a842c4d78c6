"""What site code calls: tell us what happened and who agreed, let people in and out, add steps of your own.

``contact`` is whom it is about: a mapping with any of the names of ``contacts.types.Identity`` (``phone``,
``region``, ``email``, ``user_id``, ``external_id``, ``anonymous_id``, ``first_name``, ``last_name``,
``language``, ``zone``), or an ``Identity``. ``site`` is a Wagtail ``Site`` or its id; the default site if None.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from wagtail_drip import arguments
from wagtail_drip.arguments import BadInput as BadInput
from wagtail_drip.arguments import Where, Who
from wagtail_drip.conf import settings
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import finding, merging, querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments.steps import base as steps
from wagtail_drip.events import actions as events
from wagtail_drip.events import catalogue
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.privacy import merge as merges
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.stores import interest_actions

logger = logging.getLogger(__name__)


def emit(
    name: str,
    *,
    key: str,
    contact: Who | None = None,
    properties: Mapping[str, Any] | None = None,
    consent: Consent | Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    store: str = "site",
    site: Where = None,
) -> bool:
    """
    Tell that something happened. Writes one small row in your own transaction, and never raises.

    :param contact: a number that cannot be read is an error; leave out what is no number.
    :param key: unique in *store*: the same key again is the same event, and is ignored.
    :param consent: what the person answered, if they were asked; None is "was not asked", never "yes".
    :param occurred_at: aware; now if None. For display: before and after go by when we were told.
    :return: False if it was not stored; the log says which argument was at fault, never with its value.
    """
    try:
        if not settings.ENABLED:
            return False
        events.write_notice(
            store=arguments.short("store", store, 64),
            kind=arguments.short("name", name, 64),
            key=arguments.short("key", key, 191),
            envelope=_envelope(name, contact, properties, consent, occurred_at, store, site),
            now=clock.now(),
        )
    except WagtailDripError as error:
        logger.warning("emit(%r) was not stored: %s", name, error)
        return False
    except Exception as error:  # noqa: BLE001 -- a sale is never harmed, whatever is wrong with us
        # The words of a database error may hold a number: its kind must do.
        logger.error("emit(%r) was not stored: %s.", name, type(error).__qualname__)
        return False
    return True


def _envelope(
    name: str,
    contact: Who | None,
    properties: Mapping[str, Any] | None,
    consent: Consent | Mapping[str, Any] | None,
    occurred_at: datetime | None,
    store: str,
    site: Where,
) -> dict[str, Any]:
    if occurred_at is not None and not (isinstance(occurred_at, datetime) and occurred_at.tzinfo):
        raise BadInput("'occurred_at' should be an aware datetime: give it a time zone.")
    plain = arguments.plain("properties", properties or {})
    catalogue.validate(name, plain)
    answer = arguments.answer(consent)
    names = arguments.plain("contact", arguments.names_of(contact)) if contact is not None else None
    if names is not None:
        arguments.check_number(names, site)
    return {
        "event": name,
        "contact": names,
        "consent": answer,
        "properties": plain,
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
        "site_id": arguments.site_id(site),
    }


def identify(contact: Who, *, store: str = "site", site: Where = None) -> Contact:
    """
    Return the contact that this means, made if it is new, with what you say of them written down.

    Blanks leave what we know as it is.

    :param store: whose ``external_id``, ``user_id`` and ``anonymous_id`` these are.
    :raises BadInput: naming the argument.
    """
    names = arguments.names_of(contact)
    arguments.check_number(names, site)
    identity = Identity(**{name: str(value) for name, value in names.items()})
    return contacts.identify(
        identity if identity.store else replace(identity, store=store),
        now=clock.now(),
        region=core.site_settings(arguments.here(site)).region,
    )


def subscribe(
    contact: Who,
    *,
    source: str,
    wording: str = "",
    wording_version: str = "",
    group: PurposeGroup | str = PurposeGroup.MARKETING,
    topic: str = "",
    method: ConsentMethod | str = ConsentMethod.WEB_FORM,
    ip: str | None = None,
    store: str = "site",
    site: Where = None,
) -> Contact:
    """
    Record that somebody agreed, with the proof, and return the contact.

    :param source: where they were asked: ``checkout``, ``/newsletter/``.
    :param wording: the words beside the box they ticked.
    :param group: ``marketing``, or ``transactional`` for texts about their own orders and bookings.
    :raises BadInput: naming the argument.
    """
    consent = Consent(
        group=arguments.one_of("group", PurposeGroup, group),
        granted=True,
        source=source,
        method=arguments.one_of("method", ConsentMethod, method),
        topic=topic,
        wording=wording,
        wording_version=wording_version,
        ip=ip,
    )
    person = identify(contact, store=store, site=site)
    contacts.record_consent(
        contact_id=person.pk, site_id=arguments.here(site), consent=consent, now=clock.now()
    )
    return person


def unsubscribe(
    contact: Who,
    *,
    source: str,
    wording: str = "",
    topic: str = "",
    method: ConsentMethod | str = ConsentMethod.WEB_FORM,
    store: str = "site",
    site: Where = None,
) -> Contact:
    """
    Record that somebody wants no more marketing, at once: what waits in the outbox does not go.

    :param topic: only this topic; '' for all of it.
    :raises BadInput: naming the argument.
    """
    how = arguments.one_of("method", ConsentMethod, method)
    person = identify(contact, store=store, site=site)
    contacts.withdraw_marketing(
        contact_ids=[person.pk],
        site_ids=[arguments.here(site)],
        source=source,
        method=how,
        wording=wording,
        now=clock.now(),
        topic=topic,
    )
    return person


def state_interests(
    contact: Who,
    interests: Mapping[str, bool] | Collection[str],
    *,
    source: str = "api",
    store: str = "site",
    site: Where = None,
) -> Contact:
    """
    Note what somebody says they care about, as in a form of yours, and return the contact.

    :param interests: names of interests, whatever their capitals; a mapping tells of each whether it is theirs, and
        what is not named stays as it is.
    :raises BadInput: naming the argument, or the interests that nobody has named in the admin.
    """
    if isinstance(interests, str) or not isinstance(interests, Mapping | Collection):
        raise BadInput("'interests' should be a list of names, or a mapping of names to true or false.")
    wanted = dict(interests) if isinstance(interests, Mapping) else dict.fromkeys(interests, True)
    if not all(isinstance(name, str) for name in wanted):
        raise BadInput("'interests' should have texts for names.")
    try:
        ids = interest_actions.ids_of(list(wanted))
    except interest_actions.UnknownInterest as error:
        raise BadInput(f"'interests': {error}") from error
    person = identify(contact, store=store, site=site)
    interest_actions.state(
        person.pk,
        {ids[name]: bool(is_one) for name, is_one in wanted.items()},
        site_id=arguments.here(site),
        source=arguments.short("source", source, 64),
        now=clock.now(),
    )
    return person


def merge(
    contact: Contact | Who,
    into: Contact | Who,
    *,
    by: AbstractBaseUser | str = "api",
    store: str = "site",
    site: Where = None,
) -> Contact:
    """
    Make a contact one person with another one, and return who stays, speaks for both and is texted.

    What one number agreed to never counts for the other; every no of either does. Staff can undo it for
    ``KEEP_MERGE_DAYS`` days. Two who are one person already stay so. Nobody is made who is not known.

    :param contact: who is merged; *into*: who stays. A ``Contact`` is as good as names.
    :param by: who decided it, for the log: a user, or a name.
    :raises BadInput: naming the argument; nothing has changed.
    """
    who = {"by": arguments.short("by", by, 150)} if isinstance(by, str) else {"user": by}
    merged, stays = _known("contact", contact, store, site), _known("into", into, store, site)
    heads = querysets.resolve_merged([merged.pk, stays.pk])
    if merged.pk != stays.pk and heads[merged.pk] == heads[stays.pk]:
        return Contact.objects.get(pk=heads[stays.pk])
    try:
        merges.merge(heads[merged.pk], into=heads[stays.pk], now=clock.now(), **who)
    except merging.CannotMerge as error:
        raise BadInput(f"'into': {error}") from error
    return Contact.objects.get(pk=heads[stays.pk])


def _known(name: str, contact: Contact | Who, store: str, site: Where) -> Contact:
    """:raises BadInput: if it is nobody whom we know; nobody is made."""
    if isinstance(contact, Contact):
        return contact
    names = arguments.names_of(contact, name=name)
    try:
        arguments.check_number(names, site)
    except BadInput as error:
        raise BadInput(f"{name!r}: {error}") from None
    identity = Identity(**{key: str(value) for key, value in names.items()})
    region = core.site_settings(arguments.here(site)).region
    found = finding.find(identity if identity.store else replace(identity, store=store), region=region)
    if found is None:
        raise BadInput(
            f"{name!r} is nobody whom we know: give a number, a key or an address of theirs alone."
        )
    return found


@dataclass(frozen=True, kw_only=True)
class EntryAnswer:
    """
    Whether somebody entered; true where they did.

    :ivar is_waiting: they entered, and wait at the first step until the sequence's entry limit has room.
    :ivar refusal: why they did not: ``not_live`` or one of ``enrolments.entry.Refusal``; '' where they did.
    """

    entered: bool
    is_waiting: bool = False
    refusal: str = ""

    def __bool__(self) -> bool:
        return self.entered


def enrol(
    contact: Who, sequence: Sequence | int, *, key: str = "", store: str = "site", site: Where = None
) -> EntryAnswer:
    """
    Let somebody into a live sequence, whatever starts it otherwise, by its own rules of coming again.

    :param key: what asked for it; the same key again lets in nobody twice.
    :return: true where they entered, else with the reason: ``if not api.enrol(…)`` works as one would think.
    :raises BadInput: naming the argument.
    """
    if len(key) > 64:
        raise BadInput("'key' is longer than 64 characters.")
    person = identify(contact, store=store, site=site)
    admission = enrolments.enrol(
        contact_ids=[person.pk],
        sequence_id=sequence.pk if isinstance(sequence, Sequence) else sequence,
        site_id=arguments.here(site),
        now=clock.now(),
        key=key,
    )
    return EntryAnswer(
        entered=bool(admission and admission.entered),
        is_waiting=bool(admission and admission.waiting),
        refusal="not_live" if admission is None else next(iter(admission.refused.values()), ""),
    )


def exit(
    contact: Who, sequence: Sequence | int | None = None, *, store: str = "site", site: Where = None
) -> int:
    """
    Take somebody out of a sequence, or of all of them, and take back their texts that have not left.

    :return: how many runs ended.
    :raises BadInput: naming the argument.
    """
    person = identify(contact, store=store, site=site)
    sequence_id = sequence.pk if isinstance(sequence, Sequence) else sequence
    return enrolments.exit(contact_id=person.pk, sequence_id=sequence_id, now=clock.now())


def register_step(block: type[blocks.StepBlock], kind: type[steps.StepKind]) -> None:
    """
    Add a kind of step of your own; call it in an ``AppConfig.ready``.

    :param block: how an editor writes it; its ``kind`` is the name of both.
    :param kind: what it decides.
    """
    blocks.register(block)
    steps.register(block.kind, kind)
