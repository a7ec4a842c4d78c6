"""What site code hands to ``api``, checked before anything is done with it: an error names the argument at fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from wagtail.models import Site

from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts.types import Consent, Identity
from wagtail_drip.core import actions as core
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.stores import envelopes

Who = Identity | Mapping[str, Any]
Where: TypeAlias = "Site | int | None"
Choice = TypeVar("Choice", bound=StrEnum)

_IDENTITY = frozenset(each.name for each in fields(Identity))
# Names of the events contract in facts that others publish, for the same things.
_CONSENT_ALIASES = {"text": "wording", "kind": "group"}


class BadInput(WagtailDripError):
    """An argument is missing, too long, or of a kind that cannot be stored; the message names it."""


def short(name: str, value: object, length: int) -> str:
    if not isinstance(value, str) or not value:
        raise BadInput(f"{name!r} should be a text that is not empty.")
    if len(value) > length:
        raise BadInput(f"{name!r} is longer than {length} characters.")
    return value


def plain(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return *value* as JSON holds it: decimals and moments as texts."""
    if not isinstance(value, Mapping):
        raise BadInput(f"{name!r} should be a mapping.")
    try:
        found: dict[str, Any] = json.loads(json.dumps(dict(value), cls=DjangoJSONEncoder, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name!r} holds something that JSON cannot: {type(error).__name__}.") from None
    return found


def names_of(contact: Who, *, name: str = "contact") -> dict[str, Any]:
    if isinstance(contact, Identity):
        given = {each.name: getattr(contact, each.name) for each in fields(Identity)}
    elif isinstance(contact, Mapping):
        given = dict(contact)
    else:
        raise BadInput(f"{name!r} should be a mapping or an Identity.")
    unknown = sorted(str(key) for key in set(given) - _IDENTITY)
    if unknown:
        raise BadInput(f"{name!r} has names that we do not know: {', '.join(unknown)}.")
    return {key: value for key, value in given.items() if value not in (None, "")}


def check_number(names: Mapping[str, Any], site: Where) -> None:
    """:raises BadInput: if there is a number and it cannot be read, in the words for people and without it."""
    number, region = str(names.get("phone", "")), str(names.get("region", ""))
    if not number:
        return
    if not region and not number.lstrip().startswith("+"):
        # Only a number without its country code asks the database; in a savepoint, as the caller may be selling.
        with transaction.atomic():
            region = core.site_settings(here(site)).region
    try:
        phones.parse(number, region=region)
    except phones.InvalidPhone as error:
        raise BadInput(f"'phone' cannot be read: {error}") from None


def answer(consent: Consent | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if consent is None:
        return None
    if isinstance(consent, Consent):
        given = {each.name: getattr(consent, each.name) for each in fields(Consent)}
    elif isinstance(consent, Mapping):
        given = {_CONSENT_ALIASES.get(name, name): value for name, value in consent.items()}
    else:
        raise BadInput("'consent' should be a mapping or a Consent.")
    told = plain("consent", given)
    envelopes.consent_from(told)
    return told


def one_of(name: str, choices: type[Choice], value: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(choices)
        raise BadInput(f"{name!r} should be one of {known}.") from None


def site_id(site: Where) -> int | None:
    return int(site.pk) if isinstance(site, Site) else site


def here(site: Where) -> int:
    """:raises BadInput: if no site is given and none is the default."""
    found = site_id(site) or Site.objects.filter(is_default_site=True).values_list("pk", flat=True).first()
    if found is None:
        raise BadInput("'site' is needed: no Wagtail site is the default site.")
    return found
