"""
A value in a JSON column, a contact's attribute or an event's property, as SQL compares it: the same everywhere.

As text a truth is ``true`` or ``false`` and a list is its JSON; as a number only what is
written as a plain one counts, whether the shop sent 5 or "5".
"""

from __future__ import annotations

from typing import Any

from django.db.models import DecimalField, Expression, F, Func, TextField

# At most so long that every database holds it exactly.
PLAIN_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"


class JsonText(Func):
    """What *column* holds under *name*, as text; NULL where there is nothing."""

    output_field = TextField()

    def __init__(self, column: str, name: str) -> None:
        super().__init__(F(column))
        self.name = name

    @property
    def identity(self) -> tuple[Any, ...]:
        return (type(self), *self.source_expressions, self.name)

    @property
    def _path(self) -> str:
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'$."{quoted}"'

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        sql = (
            f"(CASE json_type({column}, %s) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"ELSE CAST(json_extract({column}, %s) AS TEXT) END)"
        )
        return sql, [*parameters, self._path, *parameters, self._path]

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        return f"({column} ->> %s)", [*parameters, self.name]

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        found = f"JSON_EXTRACT({column}, %s)"
        sql = f"(CASE WHEN JSON_TYPE({found}) = 'NULL' THEN NULL ELSE JSON_UNQUOTE({found}) END)"
        return sql, [*parameters, self._path, *parameters, self._path]


class Number(Func):
    """A text as the number that it writes; NULL where it writes none."""

    output_field = DecimalField(max_digits=30, decimal_places=6)

    def __init__(self, text: Expression | F) -> None:
        super().__init__(text)

    def _as(self, compiler: Any, matches: str, kind: str) -> Any:
        text, parameters = compiler.compile(self.source_expressions[0])
        sql = f"(CASE WHEN {text} {matches} %s THEN CAST({text} AS {kind}) END)"
        return sql, [*parameters, PLAIN_NUMBER, *parameters]

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._as(compiler, "REGEXP", "NUMERIC")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._as(compiler, "~", "NUMERIC(30, 6)")

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._as(compiler, "REGEXP", "DECIMAL(30, 6)")


class JsonNumber(Func):
    """
    The same of a value in a JSON column; PostgreSQL, which knows what is a number, is not asked to read it as text.

    That halves what such a rule costs there.
    """

    output_field = DecimalField(max_digits=30, decimal_places=6)

    def __init__(self, column: str, name: str, as_written: Number) -> None:
        super().__init__(F(column), as_written)
        self.name = name

    @property
    def identity(self) -> tuple[Any, ...]:
        return (type(self), *self.source_expressions, self.name)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        return compiler.compile(self.source_expressions[1])

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        column, of_column = compiler.compile(self.source_expressions[0])
        written, of_written = compiler.compile(self.source_expressions[1])
        sql = (
            f"(CASE jsonb_typeof({column} -> %s) WHEN 'number' THEN ({column} -> %s)::numeric "
            f"WHEN 'string' THEN {written} END)"
        )
        return sql, [*of_column, self.name, *of_column, self.name, *of_written]
