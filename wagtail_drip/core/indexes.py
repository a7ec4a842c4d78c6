"""Indexes that cost a hot table little, where the database knows them, and ordinary ones where it does not."""

from __future__ import annotations

from typing import Any

from django.db import models


class SomeRows(models.Index):
    """
    As ``models.Index`` with a condition, but on MariaDB, which knows no partial index, an index all the same.

    Rows that leave a loop's sight leave the index: a sent message costs the queue's index nothing.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.features.supports_partial_indexes:
            return super().create_sql(model, schema_editor, using=using, **kwargs)
        whole = models.Index(*self.expressions, fields=self._fields_in_order(), name=self.name)
        return whole.create_sql(model, schema_editor, using=using, **kwargs)

    def _fields_in_order(self) -> list[str]:
        return [f"-{name}" if order else name for name, order in self.fields_orders]


class ByTime(models.Index):
    """
    An index by a moment that rows get in the order in which they are written: a BRIN on PostgreSQL.

    It finds a stretch of time, not an order. It costs a row's writes next to nothing.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor == "postgresql":
            using = "USING brin"
        return super().create_sql(model, schema_editor, using=using, **kwargs)
