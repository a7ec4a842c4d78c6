"""
What a table holds about people: declared by each room in its ``about_people.py``, beside the tables.

One declaration is read by all who need it: the export of a person, their erasing, the forgetting of what is old,
and the record of processing in the docs. A test refuses a column that stands in none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Model, Q, QuerySet

from wagtail_drip.core import keys


class Kind(StrEnum):
    """What a personal column is about, in the words of the record of processing."""

    NUMBER = "phone number"
    NUMBER_HASH = "keyed hash of a phone number"
    NAME = "name"
    EMAIL = "e-mail address"
    TEXT = "text written to or by the person"
    ADDRESS = "network address or its keyed hash"
    DEVICE = "browser or device"
    KEY = "another system's name for the person"
    PROFILE = "what is known of the person"
    VALUES = "values that may be anything"
    TRACE = "trace of a fault, which may quote values"


class Erasing(StrEnum):
    """What becomes of a row when its person is erased."""

    BLANK = "the row stays, its personal columns are emptied"
    DELETE = "the row is deleted"
    KEEP = "the row stays as it is"


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    Under what somebody is found in every table.

    :ivar contact_ids: the contact and everybody who was merged into it.
    :ivar until: what came with one of the *numbers* later than this is somebody's new beginning.
    :ivar identities: what other systems call them, as (store, kind, value).
    """

    contact_ids: tuple[int, ...]
    numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    identities: tuple[tuple[str, str, str], ...] = ()
    until: datetime

    @property
    def number_hashes(self) -> list[str]:
        return [each for number in self.numbers for each in keys.number_hashes(number)]

    def is_named_in(self, text: str) -> bool:
        """Tell whether a text of the machine's (a key, a request) names them by number or address."""
        folded = text.casefold()
        return any(each.casefold() in folded for each in self.names)

    @property
    def names(self) -> list[str]:
        """Return the digits of their numbers, and their addresses."""
        return [each for each in (*(number.lstrip("+") for number in self.numbers), *self.emails) if each]


@dataclass(frozen=True, kw_only=True)
class Age:
    """
    How old something may grow.

    :ivar setting: how many days, in ``WAGTAIL_DRIP``; 0 keeps it for ever.
    :ivar since: the column that tells its age.
    :ivar blanks: what is emptied then; () deletes the row.
    :ivar where: which rows are over and may go.
    """

    setting: str
    since: str
    blanks: tuple[str, ...] = ()
    where: Q = field(default_factory=Q)


@dataclass(frozen=True, kw_only=True)
class Held:
    """
    What one table holds about people. Each of its columns stands in exactly one of the four groups.

    :ivar why: what the table is for.
    :ivar rows: the rows of a person; None where none is anybody's.
    :ivar personal: columns that erasing empties.
    :ivar kept: columns that tell of the person and stay, each with the reason.
    :ivar scrubbed: columns of the machine's own in which a shop may have written a number or an address:
        they stay unless they name the person.
    :ivar plain: the others, blanks between.
    """

    model: type[Model]
    why: str
    rows: Callable[[Person], QuerySet[Any]] | None = None
    personal: Mapping[str, Kind] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    scrubbed: tuple[str, ...] = ()
    plain: str = ""
    erasing: Erasing = Erasing.BLANK
    ages: tuple[Age, ...] = ()

    @property
    def name(self) -> str:
        return self.model.__name__


def nothing(model: type[Model], plain: str, *, why: str) -> Held:
    """Return the declaration of a table that holds nothing about contacts."""
    return Held(model=model, why=why, plain=plain, erasing=Erasing.KEEP)


def of_contact(model: type[Model], path: str = "contact") -> Callable[[Person], QuerySet[Any]]:
    """Return what finds a person's rows by a foreign key to the contact, direct or over others."""
    return lambda person: model._base_manager.filter(**{f"{path}__in": person.contact_ids})


def blanks(model: type[Model], names: Any) -> dict[str, Any]:
    """Return what empties these columns."""
    return {name: _blank(model._meta.get_field(name)) for name in names}


def _blank(column: Any) -> Any:
    if column.null:
        return None
    if isinstance(column, models.JSONField):
        return column.get_default() if column.has_default() else {}
    return column.get_default() if column.has_default() else ""


def forget(held: Held, pks: list[int], person: Person) -> int:
    """Erase these rows as their room declared, in the caller's transaction, and return how many there were."""
    rows = held.model._base_manager.filter(pk__in=pks)
    if held.erasing is Erasing.DELETE:
        rows.delete()
        return len(pks)
    if held.personal and held.erasing is Erasing.BLANK:
        rows.update(**blanks(held.model, held.personal))
    for name in held.scrubbed:
        for pk, value in rows.values_list("pk", name):
            if value and person.is_named_in(str(value)):
                # No two alike, and never the same again: unique as the old one was.
                most = getattr(held.model._meta.get_field(name), "max_length", None) or 64
                erased = f"erased:{keys.digest(held.name, str(pk))}"[:most]
                held.model._base_manager.filter(pk=pk).update(**{name: erased})
    return len(pks)
