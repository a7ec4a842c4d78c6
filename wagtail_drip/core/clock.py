"""Our two clocks. Doors and ``*_due`` loops call ``now()``; everything else takes ``now``.

``lease_now()`` is the database's clock: leases, ticks, budgets and health use it, so that hosts whose
clocks differ agree, and so that the time machine cannot shift it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from wagtail_drip.conf import settings

UTC = UTC


def now() -> datetime:
    """Return the present moment in UTC, moved by the time machine where CLOCK_SHIFT allows one."""
    present = timezone.now()
    return present + shift() if settings.CLOCK_SHIFT else present


def shift() -> timedelta:
    """Return how far the time machine has moved the clock."""
    from wagtail_drip.core.models import Installation

    # A pass asks some twenty times, and Django takes ten times as long to write this question as it takes to answer.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT clock_shift_seconds FROM {Installation._meta.db_table} WHERE id = 1")  # noqa: S608 -- our own table
        row = cursor.fetchone()
    return timedelta(seconds=row[0] if row else 0)


def shift_by(distance: timedelta) -> None:
    """
    Move the clock forward (or, with a negative distance, back) for every process of this installation.

    :raises RuntimeError: where CLOCK_SHIFT does not allow a time machine.
    """
    if not settings.CLOCK_SHIFT:
        raise RuntimeError("WAGTAIL_DRIP['CLOCK_SHIFT'] is off: this site's clock cannot be moved.")
    from django.db.models import F

    from wagtail_drip.core import keys
    from wagtail_drip.core.models import Installation

    # As core.actions makes the row, which itself asks this clock and so cannot be called from here.
    Installation.objects.get_or_create(
        pk=1, defaults={"install_id": keys.new_token(), "created_at": lease_now()}
    )
    Installation.objects.filter(pk=1).update(
        clock_shift_seconds=F("clock_shift_seconds") + int(distance.total_seconds())
    )


def lease_now() -> datetime:
    """Return the database's own clock, in UTC, which nothing of ours can shift."""
    statements = {
        "postgresql": "SELECT clock_timestamp()",
        "mysql": "SELECT UTC_TIMESTAMP(6)",
        "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
    }
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor])
        value = cursor.fetchone()[0]
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    moment: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
