"""Many rows into one table, in the way each database is fastest at: the one small interface for it.

``bulk_create`` prepares every value of every row through its field and, on SQLite, sends 22 messages at a
time; this costs a fifth of that (tests/benchmarks). No signals, no primary keys on the rows afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from django.db import connections, models, router
from django.db.models import Field, Model

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]

# MariaDB refuses packets over max_allowed_packet (16 MiB by default); a message is under 4 KiB.
_ROWS_PER_STATEMENT = 2000


class _Plan(NamedTuple):
    columns: tuple[str, ...]
    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    converts: tuple[tuple[int, Convert], ...]
    types: tuple[str, ...]


def insert(rows: Sequence[Model], *, ignore_repeats: bool = False) -> None:
    """
    Insert unsaved *rows* of one model.

    :param ignore_repeats: leave out rows that any unique constraint says are there already; nothing else
        is ignored, a missing value or too long a text still raises.
    """
    if not rows:
        return
    model = type(rows[0])
    plan = _plan(model, _alias(model))
    read = attrgetter(*plan.names)
    _write(model, plan, [list(read(row)) for row in rows], ignore_repeats=ignore_repeats)


def insert_values(model: type[Model], rows: Iterable[Values], *, ignore_repeats: bool = False) -> None:
    """
    Insert rows given as attribute names (``contact_id``) to values; what is left out has the field's default.

    The way for wide tables: making a model instance of 40 fields costs more than writing it.
    """
    plan = _plan(model, _alias(model))
    made = []
    for row in rows:
        values = [row.get(name, default) for name, default in zip(plan.names, plan.defaults, strict=True)]
        made.append([value() if callable(value) else value for value in values])
    if made:
        _write(model, plan, made, ignore_repeats=ignore_repeats)


def _write(model: type[Model], plan: _Plan, rows: list[list[Any]], *, ignore_repeats: bool) -> None:
    for place, convert in plan.converts:
        for row in rows:
            if row[place] is not None:
                row[place] = convert(row[place])
    connection = connections[_alias(model)]
    sql = _statement(model, connection.alias, ignore_repeats)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            some = rows[start : start + _ROWS_PER_STATEMENT]
            if connection.vendor == "postgresql":
                cursor.execute(sql, [list(map(itemgetter(place), some)) for place in range(len(plan.names))])
            elif len(some) == 1:
                cursor.execute(sql, some[0])
            else:
                cursor.executemany(sql, some)


def _alias(model: type[Model]) -> str:
    return str(router.db_for_write(model))


@lru_cache(maxsize=128)
def _statement(model: type[Model], alias: str, ignore_repeats: bool) -> str:
    plan = _plan(model, alias)
    connection = connections[alias]
    vendor = connection.vendor
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, plan.columns))})"
    if vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for kind in plan.types)
        source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 -- types of our own columns
    else:
        source = f"VALUES ({', '.join(['%s'] * len(plan.columns))})"
    if not ignore_repeats:
        return f"{into} {source}"
    if vendor == "mysql":
        # Never INSERT IGNORE: it also truncates and drops silently.
        key = quote(str(model._meta.pk.column))
        return f"{into} {source} ON DUPLICATE KEY UPDATE {key} = {key}"
    return f"{into} {source} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=128)
def _plan(model: type[Model], alias: str) -> _Plan:
    vendor = connections[alias].vendor
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    converts = []
    for place, field in enumerate(fields):
        convert = _convert(field, alias)
        if convert is not None:
            converts.append((place, convert))
    return _Plan(
        columns=tuple(str(field.column) for field in fields),
        names=tuple(field.attname for field in fields),
        defaults=tuple(_default(field) for field in fields),
        converts=tuple(converts),
        types=tuple(_array_type(field, alias) for field in fields) if vendor == "postgresql" else (),
    )


def _default(field: Field[Any, Any]) -> Any:
    """Return the field's default; a callable is called for each row, so that no two rows share a dict."""
    if field.has_default():
        return field.default
    return None if field.null or not field.empty_strings_allowed else ""


def _array_type(field: Field[Any, Any], alias: str) -> str:
    # The arrays carry no lengths: a cast to varchar(16) would cut a long text off, where inserting it raises.
    connection = connections[alias]
    kind = str(field.cast_db_type(connection) or field.db_type(connection))
    return "text" if kind.startswith("varchar") else kind


def _convert(field: Field[Any, Any], alias: str) -> Convert | None:
    """Return what turns an attribute's value into what the driver takes; None where it takes it as it is."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(target, models.JSONField):
        return _to_json
    if connections[alias].vendor == "postgresql":
        return None
    ops = connections[alias].ops
    if isinstance(target, models.DateTimeField):
        return ops.adapt_datetimefield_value
    if isinstance(target, models.DateField):
        return ops.adapt_datefield_value
    if isinstance(target, models.DecimalField):
        most, places = target.max_digits, target.decimal_places
        return lambda value: ops.adapt_decimalfield_value(value, most, places)
    return None


def _to_json(value: Any) -> str:
    return json.dumps(value)
