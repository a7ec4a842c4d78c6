"""
Oscar's own tests still pass with our app installed.

They stand only in Oscar's source tree, so this is asked for: check out the release that is installed, install
what its tests need apart (``pip install --target extra --no-deps`` django-webtest, webtest, webob, waitress,
beautifulsoup4, soupsieve, easy-thumbnails, freezegun, pycountry, whoosh: the last would disturb our own tests),
and name both::

    OSCAR_SRC=/path/to/django-oscar OSCAR_EXTRA=/path/to/extra pytest tests/external

``OSCAR_TESTS`` narrows what is run. Left out are Oscar's tests that reload all apps, which Wagtail forbids with
or without us.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = os.environ.get("OSCAR_SRC", "")
TESTS = os.environ.get("OSCAR_TESTS", "tests/functional tests/integration tests/unit").split()
ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """
from tests.settings import *

INSTALLED_APPS = [
    "wagtail_drip",
    "wagtail_drip.contrib.oscar",
    *INSTALLED_APPS,
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_q",
]
MIDDLEWARE = [*MIDDLEWARE, "wagtail_drip.contrib.oscar.middleware.CheckoutCaptureMiddleware"]
WAGTAIL_DRIP = {"STORES": {"oscar": {"BACKEND": "wagtail_drip.contrib.oscar.adapter.OscarAdapter"}}}
WAGTAIL_SITE_NAME = "Oscar"
WAGTAILADMIN_BASE_URL = "http://shop.example"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
Q_CLUSTER = {"name": "drip", "orm": "default"}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "TEST": {"NAME": DATABASE},
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
"""


@pytest.mark.skipif(not SOURCE, reason="OSCAR_SRC names no source tree of Oscar")
def test_oscars_own_suite_passes_with_us_installed(tmp_path):
    database = tmp_path / "oscar.sqlite3"
    (tmp_path / "oscar_with_drip.py").write_text(f"DATABASE = {str(database)!r}\n{SETTINGS}", "utf-8")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "oscar_with_drip",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), SOURCE, str(ROOT), os.environ.get("OSCAR_EXTRA", "")]),
    }
    # Their dependencies warn; what they warn of is not what is asked here.
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "pytest",
        *TESTS,
        "-q",
        "--no-migrations",
        "-o",
        "addopts=",
    ]
    command += ["-p", "no:randomly", "-p", "no:cacheprovider", "--ignore=tests/integration/core"]
    command += ["--deselect=tests/unit/core/test_application.py"]
    # It asks for migrations of Oscar's own test apps, and so fails without us too.
    command += ["--deselect=tests/integration/test_migrations.py"]

    done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-20000:]
