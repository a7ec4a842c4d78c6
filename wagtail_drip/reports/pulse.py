"""Does anybody work? Told from the tick's age by the database's clock, so that web processes notice a dead worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.apps import apps
from django.db.models import Max
from django.utils.translation import gettext as _

from wagtail_drip.core import clock
from wagtail_drip.core.models import Lease

# A tick comes every minute; three missed ones mean that no worker lives.
LATEST_TICK = timedelta(minutes=3)
# A cluster looks at its schedules every half a minute.
SCHEDULER_LATE = timedelta(seconds=90)
TICK_LEASE = "tick"
TICK_FUNCTION = "wagtail_drip.tasks.tick"


class Pulse(StrEnum):
    ALIVE = "alive"
    NEVER = "no_worker"
    DEAD = "dead_worker"
    WEDGED = "wedged_cluster"


@dataclass(frozen=True, kw_only=True)
class Workers:
    """
    :param age: how long ago somebody was last known to work; None if nobody ever was.
    """

    pulse: Pulse
    age: timedelta | None = None

    @property
    def are_alive(self) -> bool:
        return self.pulse is Pulse.ALIVE

    @property
    def sentence(self) -> str:
        """Return what is wrong and the remedy; '' while all is well."""
        minutes = int(self.age.total_seconds() // 60) if self.age is not None else 0
        if self.pulse is Pulse.NEVER:
            return _(
                "No worker has run yet: nothing is sent. Start a django-q2 cluster, or drip_run_due --loop."
            )
        if self.pulse is Pulse.WEDGED:
            return _(
                "The django-q2 cluster lives but has run nothing for %(minutes)s minutes: nothing is sent. One of "
                "its workers died and the others wait for it. Stop the whole cluster and start it again; "
                "restarting a single worker does not help."
            ) % {"minutes": minutes}
        if self.pulse is Pulse.DEAD:
            return _("No worker has run for %(minutes)s minutes: nothing is sent. Restart the workers.") % {
                "minutes": minutes
            }
        return ""


def workers() -> Workers:
    """
    Return whether workers live, in two queries; in three where they do not.

    A cluster that goes on enqueueing ticks while none of them runs is wedged: its heart beats, and restarting
    what died is not enough (django-q2's issue #23).
    """
    last = Lease.objects.filter(name=TICK_LEASE).values_list("started_at", flat=True).first()
    if last is None:
        return Workers(pulse=Pulse.NEVER)
    present = clock.lease_now()
    if present - last <= LATEST_TICK:
        return Workers(pulse=Pulse.ALIVE, age=present - last)
    return Workers(pulse=Pulse.WEDGED if _enqueues(present) else Pulse.DEAD, age=present - last)


def _enqueues(present: datetime) -> bool:
    """
    Tell whether a cluster has enqueued a tick within the last minutes, by where it has put the next one.

    Nothing else of a cluster is to be seen by every process: its statistics stand in Django's cache, which on
    many sites each process has for itself.
    """
    if not apps.is_installed("django_q"):
        return False
    from django_q.models import Schedule

    # One that never was enqueued was only just made, by migrate.
    enqueued = Schedule.objects.filter(func=TICK_FUNCTION).exclude(task=None)
    upcoming = enqueued.aggregate(next=Max("next_run"))["next"]
    return upcoming is not None and upcoming > present - SCHEDULER_LATE
