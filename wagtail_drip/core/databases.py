"""What our loops need of the database connection, and the refusal to work without it.

A deferred SQLite transaction beside a writer made 72 of 72 shop pages fail with "database is locked";
MariaDB servers default to REPEATABLE READ, in which a lock shows rows as they were before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, connections

from wagtail_drip.exceptions import WagtailDripError


class UnsafeDatabase(WagtailDripError):
    """The database connection is set up so that workers could lose or lock what they touch."""


@dataclass(frozen=True, kw_only=True)
class DatabaseProblem:
    code: str
    message: str
    hint: str


def problems(alias: str = "default") -> Iterator[DatabaseProblem]:
    """Yield what is dangerous in the settings of database *alias*; opens no connection."""
    database = connections[alias]
    options = database.settings_dict.get("OPTIONS", {})
    if database.vendor == "sqlite":
        if str(options.get("transaction_mode", "")).upper() != "IMMEDIATE":
            yield DatabaseProblem(
                code="immediate",
                message="SQLite opens deferred transactions: shop pages will fail with 'database is locked'.",
                hint=f"Set DATABASES['{alias}']['OPTIONS']['transaction_mode'] = 'IMMEDIATE'.",
            )
        if "journal_mode=wal" not in str(options.get("init_command", "")).lower().replace(" ", ""):
            yield DatabaseProblem(
                code="wal",
                message="SQLite has no write-ahead log: readers and the one writer block each other.",
                hint=f"Set DATABASES['{alias}']['OPTIONS']['init_command'] = "
                "'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;'.",
            )
    elif database.vendor == "mysql":
        if str(options.get("isolation_level", "read committed")).lower() != "read committed":
            yield _isolation(alias, "Remove DATABASES['{alias}']['OPTIONS']['isolation_level'].")
    elif database.vendor == "postgresql":
        level = options.get("isolation_level")
        # psycopg's IsolationLevel.READ_COMMITTED is 2, its predecessor's constant 1 is refused by Django.
        if level is not None and int(level) != 2:
            yield _isolation(alias, "Remove DATABASES['{alias}']['OPTIONS']['isolation_level'].")


def _isolation(alias: str, hint: str) -> DatabaseProblem:
    return DatabaseProblem(
        code="isolation",
        message="Our loops run at READ COMMITTED; this database is set to another isolation level.",
        hint=hint.format(alias=alias),
    )


def refuse_unless_safe() -> None:
    """:raises UnsafeDatabase: if workers must not touch this database; the message says what to set."""
    found = list(problems(connection.alias))
    if found:
        raise UnsafeDatabase(" ".join(f"{problem.message} {problem.hint}" for problem in found))
