"""
Queries whose statement is made once.

Django makes a statement anew each time it is asked, a third of a millisecond, more than the database takes for most;
where one message goes in a call that is a third of all that a worker does. A *prepared* query is made once, with
markers in the place of its values, and from then on only takes values. So on PostgreSQL; elsewhere it is made each
time, for values travel differently there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import update_wrapper
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable

from wagtail_drip.core import among, postgres
from wagtail_drip.core import rows as reading

_Kinds = tuple[Any, ...]


class _Kind(IntEnum):
    MOMENT, DAY, NUMBER, TEXT, NUMBERS, TEXTS, EMPTY = range(7)


class _Statement(NamedTuple):
    """
    What a query has become.

    :ivar parameters: all of them, with anything in the place of those that are given anew each time.
    :ivar places: for each of these, where it stands and which argument it is.
    :ivar made: makes an instance of each row, where the query is of instances.
    """

    using: str
    sql: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]
    made: Callable[[tuple[Any, ...]], Any] | None


class Prepared:
    """
    A function that returns a query, as one that returns its rows: ``@prepared``.

    The query is of plain columns (see ``rows.read``) or of instances, and uses each argument as it is: a moment, a
    day, a whole number, a text, or in ``Among`` a collection of either. ``None`` and truth values may change its form.
    """

    def __init__(self, query: Callable[..., QuerySet[Any]]) -> None:
        update_wrapper(self, query)
        self.query = query
        self._statements: dict[_Kinds, _Statement | None] = {}

    def __call__(self, *values: Any) -> list[Any]:
        """
        Return the rows.

        :raises TypeError: if the query changes an argument or has no use for it.
        """
        if connection.vendor != "postgresql" or postgres.driver() is None:
            return self._unprepared(values)
        kinds = tuple(map(_kind, values))
        if _Kind.EMPTY in kinds:  # of whatever was not in it
            return self._unprepared(values)
        try:
            statement = self._statements[kinds]
        except KeyError:
            statement = self._statements[kinds] = self._prepare(kinds)
        if statement is None:
            return self._unprepared(values)
        parameters = list(statement.parameters)
        for place, position in statement.places:
            value = values[position]
            is_many = kinds[position] in (_Kind.NUMBERS, _Kind.TEXTS)
            parameters[place] = among.array(tuple(value)) if is_many else value
        found = postgres.fetch(statement.sql, parameters, using=statement.using)
        return list(map(statement.made, found)) if statement.made else found

    def _unprepared(self, values: Sequence[Any]) -> list[Any]:
        return reading.read(self.query(*values))

    def _prepare(self, kinds: _Kinds) -> _Statement | None:
        """Return the statement, None if its rows are nothing that can be read as it comes."""
        # Twice, with other markers: a parameter that happens to look like one does not change with them.
        markers, others = _markers(kinds, 0), _markers(kinds, 1)
        rows, made = _columns(self.query(*markers))
        again, _ = _columns(self.query(*others))
        if not reading.is_plain(rows):
            return None
        try:
            (sql, parameters), (_, changed) = reading.statement(rows), reading.statement(again)
        except EmptyResultSet:
            return None
        places = []
        for place, (before, after) in enumerate(zip(parameters, changed, strict=True)):
            if before != after:
                position = next((n for n, marker in enumerate(markers) if marker == before), None)
                if position is None or others[position] != after:
                    raise TypeError(f"{self.query.__qualname__} changes an argument before the query has it.")
                places.append((place, position))
        used = {position for _, position in places}
        for position, kind in enumerate(kinds):
            if isinstance(kind, int) and position not in used:
                raise TypeError(f"{self.query.__qualname__} has no use for its argument {position + 1}.")
        return _Statement(rows.db, sql, tuple(parameters), tuple(places), made)


prepared = Prepared


def _kind(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return (value,)  # each by itself
    if isinstance(value, int):
        return _Kind.NUMBER
    if isinstance(value, str):
        return _Kind.TEXT
    if isinstance(value, datetime):
        return _Kind.MOMENT
    if isinstance(value, date):
        return _Kind.DAY
    for first in value:
        return _Kind.TEXTS if isinstance(first, str) else _Kind.NUMBERS
    return _Kind.EMPTY


def _markers(kinds: _Kinds, times: int) -> list[Any]:
    """Return a value of each kind that is none of the others, nor of those made at another of *times*."""
    return [_marker(kind, 100 * times + position) for position, kind in enumerate(kinds)]


def _marker(kind: Any, number: int) -> Any:
    match kind:
        case (value,):
            return value
        case _Kind.MOMENT:
            return datetime(1000 + number, 1, 1, tzinfo=UTC)
        case _Kind.DAY:
            return date(1000 + number, 1, 1)
        case _Kind.NUMBER:
            return 30_000 + number  # in the range of the smallest column
        case _Kind.TEXT:
            return f"marker {number}"
        case _Kind.TEXTS:
            return among.Marked([f"marker {number}"])
        case _:
            return among.Marked([number])


def _columns(rows: QuerySet[Any]) -> tuple[QuerySet[Any], Callable[[tuple[Any, ...]], Any] | None]:
    """Return a query of instances as one of their columns, and what makes an instance of a row."""
    if rows._iterable_class is not ModelIterable:
        return rows, None
    model, using = rows.model, rows.db
    names = [field.attname for field in model._meta.concrete_fields]
    further = list(rows.query.annotation_select)
    number = len(names)

    def made(row: tuple[Any, ...]) -> Any:
        instance = model.from_db(using, names, row[:number])
        for name, value in zip(further, row[number:], strict=True):
            setattr(instance, name, value)
        return instance

    return rows.values_list(*names, *further), made
