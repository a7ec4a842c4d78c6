"""The simulator's gateway as it ships, with short time-outs; and one that cannot recognise repeats."""

from __future__ import annotations

from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.types import Capabilities


class KeyedGateway(SimulatorGateway):
    connect_timeout_seconds = 1.0
    read_timeout_seconds = 1.0


class PlainGateway(KeyedGateway):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(lookup="none", idempotency_seconds=0, default_segments_per_second=1000)
