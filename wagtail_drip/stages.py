"""What one pass does, in its order: a stage is a batch of one kind of work, and returns how many rows it did.

Each stage imports its room itself: web processes load this file for the schedule alone, and a room that cannot be
imported stops no other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Stage = Callable[[datetime, str], int]  # now, and the name of the worker's slot


def _callbacks(now: datetime, slot: str) -> int:
    from wagtail_drip.messaging import read_callbacks

    return read_callbacks.read_due(now=now)


def _inbox(now: datetime, slot: str) -> int:
    from wagtail_drip.inbox import receive

    return receive.receive_due(now=now)


def _orders(now: datetime, slot: str) -> int:
    from wagtail_drip.stores import reconcile

    return reconcile.reconcile_due(now=now)


def _notices(now: datetime, slot: str) -> int:
    from wagtail_drip.stores import intake

    return intake.take_in_due(now=now)


def _carts(now: datetime, slot: str) -> int:
    from wagtail_drip.stores import abandonment

    return abandonment.sweep_due(now=now)


def _interests(now: datetime, slot: str) -> int:
    from wagtail_drip.stores import interest_inferring

    return interest_inferring.infer_due(now=now)


def _triggers(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import date_triggers

    return date_triggers.check_due(now=now)


def _once_counts(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import once_count

    return once_count.count_due(now=now)


def _match(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import match_events

    return match_events.match_due(now=now)


def _moves(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import upgrade

    return upgrade.park_due(now=now)


def _advance(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import run_due

    return run_due.run_due(now=now, slot=f"advance:{slot}")


def _outside(now: datetime, slot: str) -> int:
    from wagtail_drip.enrolments import outside

    return outside.call_due(now=now)


def _send(now: datetime, slot: str) -> int:
    from wagtail_drip.messaging import send_due

    return send_due.send_due(now=now)


def _recovery(now: datetime, slot: str) -> int:
    from wagtail_drip.messaging import recovery

    return recovery.recover_due(now=now)


def _erasures(now: datetime, slot: str) -> int:
    from wagtail_drip.privacy import erase

    return erase.erase_due(now=now)


def _imports(now: datetime, slot: str) -> int:
    from wagtail_drip.privacy import importing

    return importing.import_due(now=now)


def _life_stages(now: datetime, slot: str) -> int:
    from wagtail_drip.segments import life_stage_refresh

    return life_stage_refresh.refresh_due(now=now)


def _segments(now: datetime, slot: str) -> int:
    from wagtail_drip.segments import refresh

    return refresh.refresh_due(now=now)


def _rollups(now: datetime, slot: str) -> int:
    from wagtail_drip.reports import rollup

    return rollup.fold_due(now=now)


STAGES: dict[str, Stage] = {
    "callbacks": _callbacks,
    "inbox": _inbox,
    "orders": _orders,
    "notices": _notices,
    "carts": _carts,
    "triggers": _triggers,
    "match": _match,
    "moves": _moves,
    "advance": _advance,
    "outside": _outside,
    "send": _send,
    "recovery": _recovery,
    "erasures": _erasures,
    "imports": _imports,
    "interests": _interests,  # segments ask for these two
    "life_stages": _life_stages,
    "segments": _segments,
    "once_counts": _once_counts,
    "rollups": _rollups,
}
