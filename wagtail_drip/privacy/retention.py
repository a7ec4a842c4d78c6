"""
Forgets what has grown old, kind by kind, by the settings ``KEEP_…_DAYS``.

In chunks, each its own short transaction: nobody waits, and whatever ends a run leaves only less to do. Counts,
sums and the fact that something happened stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from wagtail_drip import conf
from wagtail_drip.core import claims
from wagtail_drip.core.personal_data import Age, Held, blanks
from wagtail_drip.privacy import inventory

CHUNK = 500
# A day's share is looked for once a day, and gone on with every minute until it is done.
LEASE, EVERY_SECONDS, AT_ONCE_SECONDS = "retention", 86_400, 15.0


@dataclass(frozen=True, kw_only=True)
class Old:
    """One kind of data that has an age."""

    held: Held
    age: Age
    days: int
    before: datetime

    def rows(self) -> QuerySet[Any]:
        """Return what is too old and not forgotten yet, as it was made."""
        empty = blanks(self.held.model, self.age.blanks)
        filled = Q()
        for name, value in empty.items():
            filled |= Q(**{f"{name}__isnull": False}) if value is None else ~Q(**{name: value})
        old: QuerySet[Any] = self.held.model._base_manager.filter(
            filled, self.age.where, **{f"{self.age.since}__lt": self.before}
        )
        return old.order_by("pk")


def kinds(*, now: datetime) -> Iterator[Old]:
    """Yield what has an age that is set."""
    for each in inventory.held():
        for age in each.ages:
            days = getattr(conf.settings, age.setting)
            if days > 0:
                yield Old(held=each, age=age, days=days, before=now - timedelta(days=days))


def count(*, now: datetime) -> list[tuple[Old, int]]:
    """Return how many rows of each kind would be forgotten now; changes nothing."""
    return [(old, old.rows().count()) for old in kinds(now=now)]


def forget(*, now: datetime, seconds: float | None = None) -> tuple[dict[str, int], bool]:
    """
    Forget what is too old.

    :param seconds: stop after so long; None goes on to the end.
    :return: how many rows of each table, and whether that was all.
    """
    began = time.monotonic()
    done: dict[str, int] = {}
    for old in kinds(now=now):
        last = 0
        while pks := list(old.rows().filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
            gone = claims.retried(partial(_forget, old, pks))
            done[old.held.name] = done.get(old.held.name, 0) + gone
            last = pks[-1]
            if seconds is not None and time.monotonic() - began > seconds:
                return done, False
    return done, True


def forget_daily(*, now: datetime) -> Mapping[str, int]:
    """Forget a part of what is too old, once a day; what is left over, a minute later."""
    token = claims.take_lease(LEASE, seconds=EVERY_SECONDS)
    if token is None:
        return {}
    is_all = False
    try:
        done, is_all = forget(now=now, seconds=AT_ONCE_SECONDS)
    finally:
        if not is_all:
            claims.release_lease(LEASE, token)
    return done


def _forget(old: Old, pks: list[int]) -> int:
    # Asked again with the rows: what was read a moment ago may have been taken up again since.
    rows = old.held.model._base_manager.filter(old.age.where, pk__in=pks)
    if not old.age.blanks:
        return rows.delete()[1].get(old.held.model._meta.label, 0)
    return rows.update(**blanks(old.held.model, old.age.blanks))
