"""Settings of a host in ``two_hosts.py``: those of the tests, with what the trial says about queue and gateway."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES
from tests.settings import WAGTAIL_DRIP as _TESTS

_TRIAL = json.loads(os.environ["DRIP_TRIAL"])
DATABASES["default"]["NAME"] = _TRIAL["database"]
WAGTAIL_DRIP = {**_TESTS, **_TRIAL["drip"]}
Q_CLUSTER = _TRIAL["q_cluster"]
