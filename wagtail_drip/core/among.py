"""
Is a column among these values? One parameter, however many there are.

Django's ``__in`` prepares each value by its field and writes a placeholder for each, which costs a pass more
than the query itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, F, Func


class Marked(tuple[int | str, ...]):
    """What stands for the values in a statement that is made once, and is no array yet: see ``prepared``."""


class Among(Func):
    """
    A condition: ``rows.filter(Among("contact_id", contact_ids))``.

    :param name: a column of the row itself, not of another by a join.
    :param values: all whole numbers or all texts.
    """

    output_field = BooleanField()
    arity = 1

    def __init__(self, name: str, values: Collection[int] | Collection[str]) -> None:
        super().__init__(F(name))
        self.values: tuple[int | str, ...] = values if isinstance(values, tuple) else tuple(values)

    @property
    def identity(self) -> tuple[Any, ...]:
        return (type(self), *self.source_expressions, self.values)

    def as_sql(  # type: ignore[override] # the stubs of Func and of its parent differ
        self, compiler: Any, connection: Any, **extra: Any
    ) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        if not self.values:
            return "1 = 0", []
        places = ", ".join(["%s"] * len(self.values))
        return f"{column} IN ({places})", [*parameters, *self.values]

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        if not self.values:
            return self.as_sql(compiler, connection, **extra)
        column, parameters = compiler.compile(self.source_expressions[0])
        kind = "text" if isinstance(self.values[0], str) else "bigint"
        values = self.values if isinstance(self.values, Marked) else array(self.values)
        return f"{column} = ANY(%s::{kind}[])", [*parameters, values]

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        # The column is ours; the values are one parameter.
        inside = "(SELECT value FROM json_each(%s))"
        return f"{column} IN {inside}", [*parameters, json.dumps(self.values)]


def array(values: tuple[int | str, ...]) -> Any:
    """Return the array as PostgreSQL reads it, where nothing in it needs escaping: a quarter of the driver's cost."""
    if isinstance(values[0], int):
        return f"{{{','.join(map(str, values))}}}"
    if "".join(map(str, values)).isalnum():  # hashes and tokens; quoted, for the word null would be none
        return '{"' + '","'.join(map(str, values)) + '"}'
    return list(values)
