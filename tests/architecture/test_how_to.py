"""The page "Add it to your site", carried out on a bare Wagtail site: its own code, its own commands, in and out."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

PAGE = (ROOT / "docs" / "how_to" / "add_to_your_site.md").read_text()

# What a site had before, as `wagtail start` makes it.
SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "a site of its own" * 3
DEBUG = True
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
ROOT_URLCONF = "urls"
WAGTAIL_SITE_NAME = "A shop"
WAGTAILADMIN_BASE_URL = "https://shop.example"
WAGTAIL_ENABLE_UPDATE_CHECK = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
INSTALLED_APPS = [
    "wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.embeds", "wagtail.sites", "wagtail.users",
    "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail",
    "modelcluster", "taggit", "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
"""
URLS = """
from django.contrib import admin
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    path("django-admin/", admin.site.urls), path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)), path("", include(wagtail_urls)),
]
"""


def block(beginning: str) -> str:
    """Return the page's Python block that begins so."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return next(code for code in blocks if code.startswith(beginning))


def adding(name: str, code: str) -> str:
    """Return the page's code, its list *name* put before what the site had (the page's "… what you had")."""
    return f"_had = {name}\n{code}\n{name} = {name} + _had\n"


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, settings: str, urls: str) -> None:
        (self.folder / "settings.py").write_text(settings)
        (self.folder / "urls.py").write_text(urls)

    def manage(self, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DRIP_")}
        environment |= {
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}",
        }
        command = [sys.executable, "-W", "ignore", "-m", "django", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def tables(self) -> set[str]:
        with sqlite3.connect(self.folder / "db.sqlite3") as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        connection.close()
        return {name for (name,) in rows}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site that has followed the page up to its tables."""
    made = Site(tmp_path_factory.mktemp("site"))
    made.write(SETTINGS, URLS)
    made.manage("migrate", "--verbosity=0")
    before = made.tables()
    (made.folder / "before").write_text("\n".join(sorted(before)))
    settings = SETTINGS + adding("INSTALLED_APPS", block("INSTALLED_APPS")) + block("DATABASES")
    made.write(settings, URLS + adding("urlpatterns", block("urlpatterns")))
    made.manage("migrate", "--verbosity=0")
    return made


def test_the_page_leaves_no_error_and_no_warning(site: Site) -> None:
    assert "no issues" in site.manage("check", "--database", "default")


def test_the_page_needs_no_more_migrations(site: Site) -> None:
    site.manage("makemigrations", "--check", "--dry-run")


def test_a_pass_runs_on_the_new_site(site: Site) -> None:
    site.manage("drip_run_due", "--until-idle")


def test_leaving_takes_every_table_of_ours_along_and_none_of_the_site(site: Site, tmp_path: Path) -> None:
    leaving = Site(shutil.copytree(site.folder, tmp_path / "site"))
    before = set((site.folder / "before").read_text().splitlines())

    leaving.manage("migrate", "wagtail_drip", "zero", "--verbosity=0")

    assert {name for name in leaving.tables() if name.startswith("wagtail_drip")} == set()
    assert before <= leaving.tables()
    leaving.write(SETTINGS, URLS)
    assert "no issues" in leaving.manage("check")
