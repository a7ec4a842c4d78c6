"""Many rows into one table, in the way each database is fastest at: the one small interface for it.

``bulk_create`` prepares every value of every row through its field and, on SQLite, sends 22 messages at a
time; this costs a fifth of that (tests/benchmarks). No signals, no primary keys on the rows afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from django.db import DatabaseError, connections, models, router, transaction
from django.db.models import Field, Model

from wagtail_drip.core import json_text, postgres

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]

_IN_ERROR = 3  # as libpq counts a transaction's states
# MariaDB refuses packets over max_allowed_packet (16 MiB by default); a message is under 4 KiB.
_ROWS_PER_STATEMENT = 2000


class _Plan(NamedTuple):
    """How to write some of a table's columns from each row, and the others with what all rows share."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    converts: tuple[tuple[int, Convert], ...]
    types: tuple[str, ...]
    shared: tuple[Any, ...]  # the defaults of the last columns, as the driver takes them


def insert(rows: Sequence[Model], *, ignore_repeats: bool = False) -> None:
    """
    Insert unsaved *rows* of one model.

    :param ignore_repeats: leave out rows that any unique constraint says are there already; nothing else
        is ignored, a missing value or too long a text still raises.
    """
    if not rows:
        return
    model = type(rows[0])
    plan = _plan(model, _alias(model), _names(model))
    read = attrgetter(*plan.names)
    _write(model, plan, [list(read(row)) for row in rows], ignore_repeats=ignore_repeats)


def insert_apart(row: Model) -> None:
    """
    Insert one unsaved row, unless it is there already; a failure undoes only itself, in whatever transaction.

    Made for a shop's own transaction, which must not wait for us: PostgreSQL gets the savepoint, the row and its
    release in one message instead of three, and SQLite needs none.
    """
    connection = connections[_alias(type(row))]
    if connection.get_autocommit():  # a statement by itself is a transaction
        insert([row], ignore_repeats=True)
    elif connection.vendor == "postgresql" and not connection.settings_dict["OPTIONS"].get(
        "server_side_binding"
    ):
        _insert_in_one_message(row, connection)
    elif connection.vendor == "sqlite":
        _insert_by_itself(row, connection)
    else:
        with transaction.atomic(using=connection.alias):
            insert([row], ignore_repeats=True)


def _insert_by_itself(row: Model, connection: Any) -> None:
    """A statement that fails undoes itself alone on SQLite: a savepoint would cost more than the row."""
    try:
        insert([row], ignore_repeats=True)
    except DatabaseError:
        # But for a full disk and its like, which end the transaction: the caller must not commit the rest of it.
        if connection.in_atomic_block and not connection.connection.in_transaction:
            transaction.set_rollback(True, using=connection.alias)
        raise


def _insert_in_one_message(row: Model, connection: Any) -> None:
    model = type(row)
    plan = _plan(model, connection.alias, _names(model))
    values = list(attrgetter(*plan.names)(row))
    for place, convert in plan.converts:
        if values[place] is not None:
            values[place] = convert(values[place])
    sql = _statement(model, connection.alias, plan.names, True, None)
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                f"SAVEPOINT drip_apart; {sql}; RELEASE SAVEPOINT drip_apart", [*values, *plan.shared]
            )
        except DatabaseError:
            # What the driver refused by itself (a NUL, for one) never reached the server: there is no savepoint.
            if connection.connection.info.transaction_status == _IN_ERROR:
                cursor.execute("ROLLBACK TO SAVEPOINT drip_apart; RELEASE SAVEPOINT drip_apart")
            raise


def insert_values(model: type[Model], rows: Iterable[Values], *, ignore_repeats: bool = False) -> int | None:
    """
    Insert rows given as attribute names (``contact_id``) to values; what is left out has the field's default.

    The way for wide tables: making a model instance of 40 fields costs more than writing it.

    :return: how many rows were new; None where the database does not tell (MariaDB counts repeats as well).
    :raises KeyError: if a row names an attribute that there is not.
    """
    values = list(rows)
    if not values:
        return 0
    names = tuple(values[0])
    if len(names) < 2 or any(row.keys() != values[0].keys() for row in values):
        names = _names(model)
        values = [{**_defaults(model, names), **row} for row in values]
    plan = _plan(model, _alias(model), names)
    read = itemgetter(*names)
    return _write(model, plan, [list(read(row)) for row in values], ignore_repeats=ignore_repeats)


def _write(model: type[Model], plan: _Plan, rows: list[list[Any]], *, ignore_repeats: bool) -> int | None:
    for place, convert in plan.converts:
        for row in rows:
            if row[place] is not None:
                row[place] = convert(row[place])
    connection = connections[_alias(model)]
    # Arrays of one would cost a shop's request more than the row itself.
    if connection.vendor == "postgresql" and len(rows) > 1:
        return sum(
            _write_arrays(model, plan, some, ignore_repeats=ignore_repeats, using=connection.alias)
            for some in _parts(rows)
        )
    sql = _statement(model, connection.alias, plan.names, ignore_repeats, None)
    written = 0
    with connection.cursor() as cursor:
        for some in _parts(rows):
            if len(some) == 1:
                cursor.execute(sql, [*some[0], *plan.shared])
            else:
                cursor.executemany(sql, [[*row, *plan.shared] for row in some] if plan.shared else some)
            written += cursor.rowcount
    return None if connection.vendor == "mysql" else written


def _parts(rows: list[list[Any]]) -> Iterator[list[list[Any]]]:
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        yield rows[start : start + _ROWS_PER_STATEMENT]


def _alias(model: type[Model]) -> str:
    return str(router.db_for_write(model))


def _write_arrays(
    model: type[Model], plan: _Plan, rows: list[list[Any]], *, ignore_repeats: bool, using: str
) -> int:
    """Write *rows*, each column as an array, or as one value where all of them are the same."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    # The values are as the driver takes them: texts, where they were lists or dictionaries, and 1 is no True.
    is_one = [column.count(column[0]) == len(column) for column in columns]
    if all(is_one):  # something has to say how many rows there are
        is_one[0] = False
    sql = _statement(model, using, plan.names, ignore_repeats, tuple(is_one))
    ones = [column[0] for column, one in zip(columns, is_one, strict=True) if one]
    arrays = [column for column, one in zip(columns, is_one, strict=True) if not one]
    return postgres.execute(sql, [*ones, *plan.shared, *arrays], using=using)


@lru_cache(maxsize=1024)
def _statement(
    model: type[Model],
    alias: str,
    names: tuple[str, ...],
    ignore_repeats: bool,
    is_one: tuple[bool, ...] | None,
) -> str:
    plan = _plan(model, alias, names)
    connection = connections[alias]
    vendor = connection.vendor
    quote = connection.ops.quote_name
    columns = list(plan.columns)
    if is_one is None:
        source = f"VALUES ({', '.join(['%s'] * len(columns))})"
    else:
        order = sorted(range(len(names)), key=lambda place: not is_one[place])
        rest = range(len(names), len(columns))
        number = sum(is_one)
        order = [*order[:number], *rest, *order[number:]]
        columns = [columns[place] for place in order]
        source = _from_arrays([plan.types[place] for place in order], len(names) - number)
    into = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, columns))})"
    if not ignore_repeats:
        return f"{into} {source}"
    if vendor == "mysql":
        # Never INSERT IGNORE: it also truncates and drops silently.
        key = quote(str(model._meta.pk.column))
        return f"{into} {source} ON DUPLICATE KEY UPDATE {key} = {key}"
    return f"{into} {source} ON CONFLICT DO NOTHING"


def _from_arrays(types: Sequence[str], arrays: int) -> str:
    """Return what selects rows of columns of *types*, of which the last *arrays* come as arrays."""
    ones, own = types[: len(types) - arrays], types[len(types) - arrays :]
    # JSON travels as text: an array of jsonb has no binary form that the driver would make of our texts.
    unnested = ", ".join(f"%b::{'text' if kind == 'jsonb' else kind}[]" for kind in own)
    names = [f"c{place}" for place in range(arrays)]
    values = [f"%s::{kind}" for kind in ones]
    values += [
        f"v.{name}::jsonb" if kind == "jsonb" else f"v.{name}" for name, kind in zip(names, own, strict=True)
    ]
    return f"SELECT {', '.join(values)} FROM unnest({unnested}) AS v({', '.join(names)})"  # noqa: S608 -- our columns' types


@lru_cache(maxsize=256)
def _plan(model: type[Model], alias: str, names: tuple[str, ...]) -> _Plan:
    """
    Return how rows that give *names* are written.

    :raises KeyError: if the model has no such attribute.
    """
    by_name = {field.attname: field for field in _fields(model)}
    given = [by_name[name] for name in names]
    rest = [field for name, field in by_name.items() if name not in set(names)]
    fields = [*given, *rest]
    converts = [_convert(field, alias) for field in fields]
    shared = []
    for field, convert in zip(rest, converts[len(given) :], strict=True):
        value = _default(field)
        shared.append(value if convert is None or value is None else convert(value))
    is_postgresql = connections[alias].vendor == "postgresql"
    return _Plan(
        columns=tuple(str(field.column) for field in fields),
        names=names,
        converts=tuple(
            (place, convert) for place, convert in enumerate(converts[: len(given)]) if convert is not None
        ),
        types=tuple(_array_type(field, alias) for field in fields) if is_postgresql else (),
        shared=tuple(shared),
    )


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]


@lru_cache(maxsize=128)
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in _fields(model))


def _defaults(model: type[Model], names: Iterable[str]) -> dict[str, Any]:
    wanted = set(names)
    return {field.attname: _default(field) for field in _fields(model) if field.attname in wanted}


def _default(field: Field[Any, Any]) -> Any:
    """
    Return what a row has that does not say.

    :raises TypeError: if that might differ from call to call, for it is asked once for many rows.
    """
    if field.has_default():
        if callable(field.default) and field.default not in (dict, list):
            raise TypeError(f"{field} has a default to be called: give it a value in each row.")
        return field.default() if callable(field.default) else field.default
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
        return json_text.dumps
    if connections[alias].vendor == "postgresql":
        return None
    ops = connections[alias].ops
    if isinstance(target, models.DateTimeField):
        # Half of a batch's moments are one and the same. Equal ones are the same only in UTC: in a zone whose
        # clocks go back, an hour comes twice.
        remembered = lru_cache(maxsize=1024)(ops.adapt_datetimefield_value)
        return lambda value: (
            remembered(value) if value.tzinfo is UTC else ops.adapt_datetimefield_value(value)
        )
    if isinstance(target, models.DateField):
        return ops.adapt_datefield_value
    if isinstance(target, models.DecimalField):
        most, places = target.max_digits, target.decimal_places
        return lambda value: ops.adapt_decimalfield_value(value, most, places)
    return None
