"""The helpers of this package as pytest fixtures: ``pytest_plugins = ["wagtail_drip.test.fixtures"]``.

Django's models are imported inside: pytest may load plugins before Django is set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wagtail_drip.contacts.models import Contact
    from wagtail_drip.gateways.types import OutboundSms
    from wagtail_drip.sequences.models import Sequence


@pytest.fixture
def drip_outbox(db: None) -> Iterator[list[OutboundSms]]:
    """What reached telephones. The site is open, it is noon on a weekday, and the clock goes back afterwards."""
    from wagtail_drip.core import clock
    from wagtail_drip.gateways import memory
    from wagtail_drip.test import outbox, time_travel

    memory.reset()
    outbox.open_site()
    time_travel.advance_to_noon()
    yield outbox.outbox
    memory.reset()
    clock.shift_by(-clock.shift())


@pytest.fixture
def drip_contact(db: None) -> Callable[..., Contact]:
    """Return ``reachable_contact``."""
    from wagtail_drip.test import people

    return people.reachable_contact


@pytest.fixture
def drip_sequence(db: None) -> Callable[..., Sequence]:
    """Return ``live_sequence``."""
    from wagtail_drip.test import sequences

    return sequences.live_sequence


@pytest.fixture
def drip_advance(drip_outbox: Any) -> Callable[..., None]:
    """Return ``advance``."""
    from wagtail_drip.test import time_travel

    return time_travel.advance
