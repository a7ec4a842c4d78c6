from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from wagtail_drip.core import actions, clock


@pytest.mark.django_db
def test_the_time_machine_moves_our_clock_but_not_the_databases():
    before, lease_before = clock.now(), clock.lease_now()

    clock.shift_by(timedelta(days=3))

    assert timedelta(days=3) <= clock.now() - before < timedelta(days=3, minutes=1)
    assert clock.lease_now() - lease_before < timedelta(minutes=1)


@pytest.mark.django_db
@override_settings(WAGTAIL_DRIP={"CLOCK_SHIFT": False})
def test_a_real_site_has_no_time_machine():
    with pytest.raises(RuntimeError, match="CLOCK_SHIFT"):
        clock.shift_by(timedelta(days=3))


@pytest.mark.django_db
def test_the_databases_clock_is_aware_and_close_to_ours():
    assert clock.lease_now().tzinfo is not None
    assert abs(clock.lease_now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.django_db
def test_an_installation_keeps_its_identity():
    assert actions.installation().install_id == actions.installation().install_id
