"""Rows that are either new or written over, by the key that tells which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db import connections, router
from django.db.models import Model

# A statement of 500 rows stays far below MariaDB's largest packet (16 MiB by default), whatever their columns.
_ROWS_PER_STATEMENT = 500

M = TypeVar("M", bound=Model)


def upsert(rows: Sequence[M], *, unique: Sequence[str], update: Sequence[str]) -> None:
    """
    Insert *rows* of one model; of those whose key is there already, write only the fields *update*.

    Rows come in the order of their key wherever several workers write the same table: so they never wait for
    each other in a circle. No signals; on MariaDB new rows have no primary keys afterwards.

    :param unique: the fields of the unique constraint by which a row is there already.
    """
    if not rows:
        return
    model = type(rows[0])
    # MariaDB goes by whichever unique key a row breaks, and Django refuses to name it one.
    names_its_key = connections[router.db_for_write(model)].features.supports_update_conflicts_with_target
    model._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=update,
        unique_fields=unique if names_its_key else None,
        batch_size=_ROWS_PER_STATEMENT,
    )
