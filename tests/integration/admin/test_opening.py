from __future__ import annotations

from datetime import datetime

import pytest

from wagtail_drip.admin import opening
from wagtail_drip.messaging import actions as messaging

pytestmark = pytest.mark.django_db


def test_a_stop_is_seen_behind_more_holds_than_a_page_shows(now: datetime) -> None:
    for sequence_id in range(51):
        messaging.hold(scope="sequence", key=str(sequence_id), reason="Paused", now=now)
    assert not opening.is_stopped(now=now)

    messaging.stop_everything(by="Ada", now=now)

    assert opening.is_stopped(now=now)
    assert len(opening.open_holds(now=now)) == 50
