"""What every test stands on: a Wagtail site, and nothing else that is global."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

pytest_plugins = ["wagtail_drip.test.fixtures"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_keepdb: bool) -> None:
    """Clear away the log of a run that was killed: SQLite cannot open a new file beside it."""
    from django.db import connection

    if connection.vendor == "sqlite" and not django_db_keepdb:
        name = connection.settings_dict["TEST"]["NAME"]
        for end in ("-wal", "-shm"):
            Path(f"{name}{end}").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """
    Make the databases as ever, plant the rows that Wagtail's migrations make, and empty them as ``emptying`` does.

    Planted once: what a test changes of them is rolled back, or planted anew when it is emptied.
    """
    from tests import emptying

    with django_db_blocker.unblock():
        plant_wagtail_tree()
        emptying.remember()
    emptying.install(plant=plant_wagtail_tree)


@pytest.fixture(autouse=True)
def _sites_as_planted() -> None:
    """A site that is rolled back stays in the caches of Wagtail and Django; no test begins with it."""
    from django.contrib.sites.models import Site as DjangoSite
    from wagtail.models import Site

    Site.clear_site_root_paths_cache()
    DjangoSite.objects.clear_cache()


def plant_wagtail_tree() -> None:
    """Make a home page and the default site, unless they are there."""
    from django.contrib.sites.models import Site as DjangoSite
    from wagtail.models import Collection, Locale, Page, Site

    if Site.objects.filter(is_default_site=True).exists():
        return
    locale, _ = Locale.objects.get_or_create(language_code="en-gb")
    root = Page.objects.filter(depth=1).first() or Page.add_root(title="Root", slug="root", locale=locale)
    home = root.get_children().first() or root.add_child(
        instance=Page(title="Home", slug="home", locale=locale)
    )
    Site.objects.create(hostname="shop.example", port=443, root_page=home, is_default_site=True)
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    DjangoSite.objects.update_or_create(pk=1, defaults={"domain": "shop.example", "name": "Shop"})


# Few tests that take half a minute or more: begun last, they would keep one process busy while the others idle.
LONG = ("test_kills.py", "test_how_to.py", "test_two_hosts.py", "test_outside_kills.py", "test_wheel.py")
QUICK = {"unit", "contracts"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes, begin with the files that take longest and end with the quickest: all end together."""
    if not hasattr(config, "workerinput"):
        return  # alone, any order does, and pytest-randomly's finds more
    sizes = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        path = item.path
        place = LONG.index(path.name) if path.name in LONG else len(LONG)
        return place + bool(QUICK & set(path.parts)), -sizes[path], str(path)

    # Stable: within a file the order stays as it was, and in every process of xdist it is the same.
    items.sort(key=rank)


@pytest.fixture(autouse=True)
def _language_of_the_site() -> None:
    """A page in Chinese leaves its language behind in the thread, as in any process; no test begins with it."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_web_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live servers of tests look for no workers: a look would fall into whichever test is under way then."""
    from wagtail_drip.public import watch

    monkeypatch.setattr(watch, "_next_look", math.inf)


@pytest.fixture
def now() -> datetime:
    """A Sunday noon in winter: within every sending window of Europe."""
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def site_id(db: None) -> int:
    from wagtail.models import Site

    return Site.objects.get(is_default_site=True).pk


@pytest.fixture
def the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages be claimed first and handed over later, as they are where more are due than threads are free."""
    from wagtail_drip.messaging import straight

    monkeypatch.setattr(straight, "attempt", lambda *args, **kwargs: None)


@pytest.fixture(params=["at once", "claimed first"])
def each_way(request: pytest.FixtureRequest) -> None:
    """Run the test once for each way out of the queue."""
    if request.param == "claimed first":
        request.getfixturevalue("the_long_way")
