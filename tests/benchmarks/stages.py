"""Where the processor time of a message goes: each stage of advance and send, ours and the database server's."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from tests.benchmarks.measured import Row, spend

# What a stage does is what the function does, less what the stages inside it do.
ADVANCE = {
    "claim": "wagtail_drip.core.claims.claim",
    "gather facts": "wagtail_drip.enrolments.gather.facts_for",
    "walk": "wagtail_drip.enrolments.run_due.walk_batch",
    "carry out (outbox)": "wagtail_drip.enrolments.run_due.carry_out",
    "record": "wagtail_drip.enrolments.run_due.record",
}
SEND = {
    "claim": "wagtail_drip.messaging.claiming.lock",
    "lock contacts": "wagtail_drip.messaging.straight.lock_contacts",
    "read facts": "wagtail_drip.messaging.gate.read_facts",
    "decide": "wagtail_drip.messaging.gate.decide",
    "compose": "wagtail_drip.messaging.composing.worded",
    "plan calls": "wagtail_drip.messaging.straight.plan",
    "mark": "wagtail_drip.messaging.gate.mark",
    "write outcomes": "wagtail_drip.messaging.outcomes._committed",
}


def budget(messages: int) -> Iterator[Row]:
    """Advance and send *messages* that are due in this process, and yield what each stage took of each."""
    from wagtail_drip.enrolments.run_due import run_due
    from wagtail_drip.messaging.send_due import send_due

    for name, work, parts in (("advance", run_due, ADVANCE), ("send", send_due, SEND)):
        with _Watch(parts) as watch:
            spent = spend(functools.partial(_until_idle, work))
        for part, seconds in watch.own.items():
            yield Row(f"{name}: {part}", seconds * 1e6 / messages, "µs CPU a message")
        rest = spent.own / 1e6 - sum(watch.own.values())
        yield Row(f"{name}: the rest", rest * 1e6 / messages, "µs CPU a message")
        yield Row(f"{name}: all of ours", spent.own / messages, "µs CPU a message")
        yield Row(f"{name}: the database server", spent.server / messages, "µs CPU a message")


def _until_idle(work: Callable[[], int]) -> None:
    while work():
        pass


class _Watch:
    """Takes the processor time of each stage while it is open."""

    def __init__(self, stages: dict[str, str]) -> None:
        self.own: defaultdict[str, float] = defaultdict(float)
        self._inside: list[float] = []
        self._patches = [mock.patch(path, self._timed(name, path)) for name, path in stages.items()]

    def _timed(self, name: str, path: str) -> Callable[..., Any]:
        from django.utils.module_loading import import_string

        function = import_string(path)

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            self._inside.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                took = time.process_time() - began
                self.own[name] += took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return timed

    def __enter__(self) -> _Watch:
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for patch in self._patches:
            patch.stop()
