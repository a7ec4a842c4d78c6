"""
Calls to gateways, side by side in threads. The threads see neither the database nor each other.

The pool belongs to the process and outlives a pass, so that connections stay open (one ``requests.Session`` per
gateway and thread). A call compares the clock with its deadline just before it posts: a worker that was asleep
while its lease ran out gives its messages back instead of posting what another may post as well.
"""

from __future__ import annotations

import logging
import os
import queue
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse

from wagtail_drip.conf import settings
from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.core import traces
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.types import OutboundSms, Outcome, SendResult
from wagtail_drip.messaging.types import Ready

logger = logging.getLogger(__name__)

# Kept between the latest moment to post and the lease's end, for what neither time-out covers.
_RESERVE_SECONDS = 10.0
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


class Finished(NamedTuple):
    """A call that came back. ``results`` is None if it was never posted."""

    messages: Sequence[Ready]
    results: Sequence[SendResult] | None


class Calls:
    """The calls that one pass has under way."""

    def __init__(self) -> None:
        self.threads = max(1, settings.SEND_THREADS)
        self.number = 0
        self._finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()

    @property
    def free(self) -> int:
        return self.threads - self.number

    @property
    def is_worth_topping_up(self) -> bool:
        """
        Tell whether to open the gate for the threads that are free.

        Its statements cost the same for one call as for all threads', so it is not opened for each; to wait for
        more than a quarter of them was measured to keep more threads idle than it saves (tests/benchmarks over_http).
        """
        return self.free >= max(1, self.threads // 4)

    def start(self, gateway: Gateway, messages: Sequence[Ready], *, deadline: float) -> None:
        """
        Post *messages* as one call.

        :param deadline: by ``time.monotonic``; after it nothing is posted.
        """
        url = callback_url(gateway.alias)
        call = [outbound(each, url) for each in messages]
        # Counted only once it runs: whoever waits for the last of them would wait for ever for one that does not.
        try:
            _pool(self.threads).submit(self._post, gateway, messages, call, deadline)
        except RuntimeError:  # the interpreter is shutting down, or no thread can be had: it was never posted
            logger.exception("A call to gateway %s could not be started.", gateway.alias)
            self._finished.put(Finished(messages, None))
        self.number += 1

    def finished(self, *, timeout: float) -> Iterator[Finished]:
        """Yield what has come back, waiting at most so many seconds for the first of it."""
        wait = timeout if self.number else 0
        while True:
            try:
                done = self._finished.get(block=wait > 0, timeout=wait or None)
            except queue.Empty:
                return
            self.number -= 1
            wait = 0
            yield done

    def last(self) -> Iterator[Finished]:
        """Yield everything that is still under way, as it comes back."""
        while self.number:
            yield from self.finished(timeout=1.0)

    def _post(
        self, gateway: Gateway, messages: Sequence[Ready], call: list[OutboundSms], deadline: float
    ) -> None:
        results: list[SendResult] | None = None
        try:
            if time.monotonic() < deadline:
                results = gateway.send(call)
                if len(results) != len(call):
                    raise ValueError("A gateway must return one result per message.")
        except Exception as error:  # noqa: BLE001 -- a gateway never raises; one that does may have posted
            logger.error("Gateway %s raised.\n%s", gateway.alias, traces.trace_of(error))
            results = [
                SendResult(
                    reference=message.reference, outcome=Outcome.AMBIGUOUS, detail=type(error).__name__
                )
                for message in call
            ]
        self._finished.put(Finished(messages, results))


def plan(gateway: Gateway, ready: Sequence[Ready]) -> list[list[Ready]]:
    """Return *ready* in the calls that the gateway would make of them."""
    by_reference = {each.message.posted_reference: each for each in ready}
    url = callback_url(gateway.alias)
    calls = gateway.plan([outbound(each, url) for each in ready])
    return [[by_reference[message.reference] for message in call] for call in calls]


def outbound(ready: Ready, url: str) -> OutboundSms:
    """Return what the gateway is given of a message; *url* is where its receipts go."""
    message = ready.message
    return OutboundSms(
        reference=message.posted_reference,
        to=ready.number,
        sender=message.sender,
        text=ready.body,
        callback_url=url,
        ttl_seconds=_ttl(ready),
        marketing=group_of(message.purpose) is PurposeGroup.MARKETING,
    )


def callback_url(alias: str) -> str:
    """Return the public address of the gateway's webhook; '' where the site has none."""
    return _callback_url(settings.PUBLIC_BASE_URL, alias)


@lru_cache(maxsize=64)
def _callback_url(base: str, alias: str) -> str:
    if not base:
        return ""
    try:
        path = reverse("wagtail_drip:webhook", args=[alias])
    except NoReverseMatch:  # a site may leave the webhooks out of its urls
        return ""
    return f"{base.rstrip('/')}{path}"


def lasts_at_most(gateway: Gateway) -> float:
    """Return how many seconds a call may take: the gateway's time-outs."""
    connect = float(getattr(gateway, "connect_timeout_seconds", 5.0))
    read = float(getattr(gateway, "read_timeout_seconds", 20.0))
    return connect + read


def deadline(gateway: Gateway, *, leased_at: float) -> float:
    """
    Return the last moment, by ``time.monotonic``, at which a message leased at *leased_at* may be posted.

    :param leased_at: read before the lease was written, so that the lease ends later than we think.
    """
    return leased_at + settings.MESSAGE_LEASE_SECONDS - lasts_at_most(gateway) - _RESERVE_SECONDS


def _ttl(ready: Ready) -> int | None:
    message = ready.message
    if message.expires_at is None or message.handed_over_at is None:
        return None
    return max(60, int((message.expires_at - message.handed_over_at).total_seconds()))


def _pool(threads: int) -> ThreadPoolExecutor:
    # By process too: a forked worker inherits the pool but not its threads.
    key = (os.getpid(), threads)
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="drip-send")
    return _pools[key]
