"""The flows this process has read. A version never changes, so nothing expires; the oldest make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from wagtail_drip.sequences import flow
from wagtail_drip.sequences.flow import Flow

MOST = 500

_flows: OrderedDict[int, Flow] = OrderedDict()
_lock = threading.Lock()


def known(version_ids: Iterable[int]) -> dict[int, Flow]:
    """Return those of the flows that were read before."""
    with _lock:
        found = {pk: _flows[pk] for pk in version_ids if pk in _flows}
        for pk in found:
            _flows.move_to_end(pk)
    return found


def keep(version_id: int, raw: Mapping[str, Any]) -> Flow:
    """Read a version's JSON and remember the flow."""
    read = flow.from_json(raw)
    with _lock:
        _flows[version_id] = read
        while len(_flows) > MOST:
            _flows.popitem(last=False)
    return read


def forget(version_id: int) -> None:
    """
    Drop a flow whose row is being written.

    SQLite gives a rolled-back row's number to the next one: without this, tests that roll back, and a
    publish that did, would leave another version's flow under the number.
    """
    with _lock:
        _flows.pop(version_id, None)
