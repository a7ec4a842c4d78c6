"""
Everything that we hold about one person, as one JSON document, written piece by piece.

The tables and columns are those of the inventory, so a new one is in it by itself. The order is always the same:
tables by name, rows as they were made. docs/reference/personal_data.md describes the form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from wagtail_drip.contacts.models import OptInRequest
from wagtail_drip.core.personal_data import Held
from wagtail_drip.privacy import inventory, people
from wagtail_drip.stores import interests
from wagtail_drip.stores.interest_models import Interest

FORMAT = "wagtail_drip.contact"
VERSION = 1
CHUNK = 500
# Ours alone: which worker holds a row.
_INSIDE = frozenset({"lease_token", "lease_until", "token"})


def of_contact(contact_id: int, *, now: datetime) -> Iterator[str]:
    """
    Yield the document of one person, a row at a time: memory does not grow with what they did.

    Each table is read in chunks by its key, so nothing is locked and nobody waits.
    """
    person = people.person(contact_id, until=now)
    names = interests.names()
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now,
        "contact_ids": person.contact_ids,
    }
    yield _json(head)[:-1] + ', "tables": {'
    for position, each in enumerate(inventory.of_people()):
        yield ("," if position else "") + f'\n"{each.name}": ['
        separator = ""
        for row in _rows(each, each.rows(person) if each.rows else None):
            yield f"{separator}\n{_json({**row, **_named(each, row, names)})}"
            separator = ","
        yield "]"
    yield "\n}}\n"


def _rows(each: Held, rows: Any) -> Iterator[dict[str, Any]]:
    columns = [column.attname for column in inventory.columns(each) if column.name not in _INSIDE]
    last = 0
    key = each.model._meta.pk.attname
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values(*columns)[:CHUNK]):
        yield from chunk
        last = chunk[-1][key]


def _named(each: Held, row: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """Return the names of the interests in a row, which would tell nobody anything by their ids alone."""
    found: dict[str, Any] = {
        f"{column.name}_name": names.get(row[column.attname])
        for column in inventory.columns(each)
        if column.related_model is Interest
    }
    if each.model is OptInRequest:
        # What was ticked; the name of an interest that was removed since is not known any more.
        found["interest_names"] = [names.get(pk) for pk in row["interests"] or ()]
    return found


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
