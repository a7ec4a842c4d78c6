"""The simulated telephone's gateway, which also tells its provider which process called."""

from __future__ import annotations

import os
from collections.abc import Sequence

import requests

from wagtail_drip.gateways.simulator import SimulatorGateway
from wagtail_drip.gateways.types import OutboundSms


class WorkerGateway(SimulatorGateway):
    def write(self, call: Sequence[OutboundSms]) -> requests.Request:
        request = super().write(call)
        request.headers["X-Worker"] = str(os.getpid())
        return request
