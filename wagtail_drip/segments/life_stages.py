"""
Where somebody stands in their life as a customer, by what their orders come to. Pure.

These are the glossary's stages. ``wagtail_drip.stages`` is something else: the batches of work of one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAD, NEW, ACTIVE, LOYAL = "lead", "new", "active", "loyal"
AT_RISK, DORMANT, LOST = "at_risk", "dormant", "lost"

# A rhythm needs two gaps.
LEAST_ORDERS = 3
# Orders on one day, or in one week, are no rhythm to be late against.
SHORTEST_WAIT = timedelta(days=14)
# So many of their own usual gaps without an order, for those who have a rhythm.
LATE, SILENT, GONE = 2, 3, 4


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    What an owner may set.

    :ivar new_days: since the first order, for so long somebody is new.
    :ivar loyal_orders: with so many somebody is loyal.
    :ivar at_risk_days: without an order, for those who have no rhythm yet.
    """

    new_days: int = 30
    loyal_orders: int = 4
    at_risk_days: int = 90
    dormant_days: int = 180
    lost_days: int = 365


def stage_of(
    *, orders: int, first_at: datetime | None, last_at: datetime | None, limits: Limits, now: datetime
) -> str:
    """
    Return somebody's stage; the first that holds of lead, lost, dormant, at risk, loyal, new, active.

    Whoever orders once a year is late only after their own year, not after everybody's half.
    """
    if not orders or first_at is None or last_at is None:
        return LEAD
    waited = now - last_at
    usual = (last_at - first_at) / (orders - 1) if orders >= LEAST_ORDERS else None
    lost, dormant = timedelta(days=limits.lost_days), timedelta(days=limits.dormant_days)
    at_risk = timedelta(days=limits.at_risk_days)
    if usual is not None:
        lost, dormant = max(lost, usual * GONE), max(dormant, usual * SILENT)
        at_risk = max(SHORTEST_WAIT, usual * LATE)
    for stage, limit in ((LOST, lost), (DORMANT, dormant), (AT_RISK, at_risk)):
        if waited >= limit:
            return stage
    if orders >= limits.loyal_orders:
        return LOYAL
    return NEW if now - first_at < timedelta(days=limits.new_days) else ACTIVE
