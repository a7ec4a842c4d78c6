"""What an integrator is told: one finding per cause, with its remedy, and none for a site that is right."""

from __future__ import annotations

import copy
from typing import Any

import phonenumbers
import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from wagtail_drip import checks, tasks


def ids(findings) -> set[str]:
    found = list(findings)
    assert all(finding.hint for finding in found)
    return {finding.id.removeprefix("wagtail_drip.") for finding in found}


def drip(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(settings.WAGTAIL_DRIP), **changes}


GOOD_CLUSTER = {"name": "x", "orm": "default", "workers": 2, "timeout": 120, "retry": 180, "save_limit": -1}


def test_the_tests_own_site_is_right():
    with override_settings(Q_CLUSTER=GOOD_CLUSTER):
        for check in (
            checks.phones,
            checks.our_settings,
            checks.backends,
            checks.host,
            checks.cluster,
            checks.urls,
        ):
            assert ids(check()) == set(), check.__name__


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        pytest.param(
            {"retry": 120, "timeout": 120}, {"W002"}, id="a retry as long as the timeout runs twice"
        ),
        pytest.param({"workers": 1}, {"W007"}, id="one worker is too few"),
        pytest.param({"timeout": 60}, {"W007"}, id="a short timeout cuts drains off"),
        pytest.param({"timeout": None}, set(), id="no timeout is no bound"),
        pytest.param({"save_limit": 250}, {"W008"}, id="keeping tasks costs speed"),
        pytest.param({"orm": "other"}, {"W003"}, id="a queue in another database"),
        pytest.param({"orm": None, "redis": {}}, set(), id="a Redis broker is fine"),
    ],
)
def test_the_cluster(cluster, expected):
    with override_settings(Q_CLUSTER={**GOOD_CLUSTER, **cluster}):
        assert ids(checks.cluster()) == expected


def test_a_cluster_left_at_its_defaults_is_told_of_retry_and_save_limit():
    with override_settings(Q_CLUSTER={"name": "x", "timeout": 90}):
        assert ids(checks.cluster()) == {"W002", "W007", "W008"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"PUBLIC_BASE_URL": ""}, {"W006"}, id="no public address"),
        pytest.param({"DEFAULT_REGION": ""}, {"W001"}, id="no default region"),
        pytest.param({"GATEWAY": {}}, {"E010"}, id="a misspelt setting"),
    ],
)
def test_our_settings(changes, expected):
    with override_settings(WAGTAIL_DRIP=drip(**changes)):
        assert ids(checks.our_settings()) == expected


def test_settings_that_are_no_dict():
    with override_settings(WAGTAIL_DRIP=["GATEWAYS"]):
        assert ids(checks.our_settings()) == {"E010"}


def test_a_gateway_that_cannot_be_imported():
    with override_settings(WAGTAIL_DRIP=drip(GATEWAYS={"default": {"BACKEND": "nowhere.Gateway"}})):
        assert ids(checks.backends()) == {"E002"}


def test_a_shop_whose_adapter_cannot_be_imported():
    stores = {**settings.WAGTAIL_DRIP["STORES"], "shop": {"BACKEND": "nowhere.Adapter"}}
    with override_settings(WAGTAIL_DRIP=drip(STORES=stores)):
        assert ids(checks.backends()) == {"E004"}


def test_a_lease_shorter_than_a_gateways_patience():
    simulator = {
        "BACKEND": "wagtail_drip.gateways.simulator.SimulatorGateway",
        "OPTIONS": {"token": "t", "url": "http://127.0.0.1/"},
    }
    with override_settings(WAGTAIL_DRIP=drip(GATEWAYS={"default": simulator}, MESSAGE_LEASE_SECONDS=60)):
        assert ids(checks.backends()) == {"W011"}
    with override_settings(WAGTAIL_DRIP=drip(GATEWAYS={"default": simulator}, MESSAGE_LEASE_SECONDS=75)):
        assert ids(checks.backends()) == set()


def test_an_installed_shop_that_no_store_names():
    with override_settings(WAGTAIL_DRIP=drip(STORES={})):
        assert ids(checks.backends()) == {"E005"}


def test_a_low_field_limit_would_break_long_sequences():
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=1000):
        assert ids(checks.host()) == {"W004"}


def test_a_site_without_time_zones():
    with override_settings(USE_TZ=False):
        assert ids(checks.host()) == {"E011"}


def test_our_urls_left_out():
    with override_settings(ROOT_URLCONF="wagtail.admin.urls"):
        assert ids(checks.urls()) == {"E006"}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these options are SQLite's")
@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        pytest.param("transaction_mode", "DEFERRED", {"E007"}, id="deferred transactions"),
        pytest.param("init_command", "PRAGMA synchronous=NORMAL;", {"E008"}, id="no write-ahead log"),
    ],
)
def test_a_dangerous_sqlite(monkeypatch, option, value, expected):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], option, value)

    assert ids(checks.host()) == expected


@pytest.mark.skipif(connection.vendor != "mysql", reason="this option is MariaDB's")
def test_a_mariadb_at_repeatable_read(monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "isolation_level", "repeatable read")

    assert ids(checks.host()) == {"E009"}


def test_mixed_phonenumbers_distributions(monkeypatch):
    monkeypatch.delattr(phonenumbers, "parse")

    assert ids(checks.phones()) == {"E001"}


@pytest.mark.django_db
def test_a_missing_tick_schedule():
    from django_q.models import Schedule

    tasks.make_schedule_after_migrate()
    assert ids(checks.schedule(databases=["default"])) == set()

    Schedule.objects.filter(name=tasks.TICK_SCHEDULE).delete()

    assert ids(checks.schedule(databases=["default"])) == {"W005"}


def test_the_schedule_is_looked_for_only_where_databases_may_be_asked():
    assert ids(checks.schedule(databases=None)) == set()


def test_a_production_site_that_reaches_no_phone():
    with override_settings(WAGTAIL_DRIP=drip(PUBLIC_BASE_URL="http://localhost:8000")):
        assert ids(checks.production()) == {"W009", "W010"}


def test_every_id_that_is_raised_is_listed():
    import re
    from pathlib import Path

    source = Path(checks.__file__).read_text()
    raised = set(re.findall(r'"([EW]\d{3})"', source))

    assert {f"wagtail_drip.{number}" for number in raised} == set(checks.ALL)
