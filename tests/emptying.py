"""
Empties the database after a test that committed: what it filled, and no more.

Django truncates every table and has every app write its content types and permissions anew: 190 tables and 400
queries for each of 240 tests, which on PostgreSQL took longer than the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.sites.models import Site
from django.db import connection, transaction
from django.test import TransactionTestCase

# What post_migrate writes, and no test of ours changes; if one does, Django's own way mends it.
KEPT = ("auth_permission", "django_content_type")
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]

_at_first: Rows = {}
_kept: list[int] = []
_plant: list[Callable[[], None]] = []
_by_django = TransactionTestCase._fixture_teardown


def remember() -> None:
    """Keep in mind what stands in the database that was only just made and planted."""
    _at_first.clear()
    with connection.cursor() as cursor:
        for table in _full(cursor):
            if table not in KEPT:
                cursor.execute(f"SELECT * FROM {_quoted(table)}")
                _at_first[table] = ([column[0] for column in cursor.description], cursor.fetchall())
        _kept[:] = _counts(cursor)


def install(*, plant: Callable[[], None]) -> None:
    """
    Empty from now on in this way.

    :param plant: makes again what stands in the database at first, where Django emptied every table.
    """
    _plant[:] = [plant]
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[method-assign]


def _empty(self: TransactionTestCase) -> None:
    with connection.cursor() as cursor:
        is_usual = bool(_kept) and _counts(cursor) == _kept
    if self.available_apps is not None or self.reset_sequences or not is_usual:
        _by_django(self)
        Site.objects.clear_cache()
        _plant[0]()
        remember()
        return
    # Elsewhere Django's foreign keys are looked at when the transaction ends.
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for table in _full(cursor):
            if table not in KEPT:
                cursor.execute(f"DELETE FROM {_quoted(table)}")
        for table, (columns, rows) in _at_first.items():
            names = ", ".join(_quoted(column) for column in columns)
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({places})", rows)
    Site.objects.clear_cache()


def _full(cursor: Any) -> list[str]:
    """Return the tables in which there is anything, in one query."""
    asked = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {_quoted(table)})" for table in _tables()]
    cursor.execute(" UNION ALL ".join(asked))
    return [table for (table,) in cursor.fetchall()]


def _tables() -> Iterable[str]:
    return connection.introspection.django_table_names(only_existing=True, include_views=False)


def _counts(cursor: Any) -> list[int]:
    cursor.execute(
        ", ".join(f"(SELECT COUNT(*) FROM {_quoted(table)})" for table in KEPT).join(["SELECT ", ""])
    )
    return list(cursor.fetchone())


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
