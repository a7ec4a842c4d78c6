"""What pip installs: everything that stands in the package, and enough to run without this tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.architecture.house import PACKAGE, ROOT

BUILT_FROM = ("wagtail_drip", "pyproject.toml", "setup.cfg", "README.md", "LICENSE")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules")

SITE = """
import sys
import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    SECRET_KEY="wheel", USE_TZ=True, USE_I18N=True, STATIC_URL="/static/", ROOT_URLCONF="wagtail_drip.urls",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SILENCED_SYSTEM_CHECKS=[],
    WAGTAIL_SITE_NAME="Wheel", WAGTAILADMIN_BASE_URL="https://shop.example",
    INSTALLED_APPS=[
        "django_q", "wagtail_drip", "wagtail.users", "wagtail.sites", "wagtail.snippets", "wagtail.documents",
        "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", "modelcluster", "taggit", "treebeard",
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles",
    ],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": "wheel.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    Q_CLUSTER={"orm": "default", "workers": 2, "timeout": 120, "retry": 180},
    WAGTAIL_DRIP={"PUBLIC_BASE_URL": "https://shop.example", "DEFAULT_REGION": "GB"},
)
django.setup()
import wagtail_drip
assert "site-packages" in wagtail_drip.__file__, wagtail_drip.__file__
from django.contrib.staticfiles import finders
from django.template.loader import get_template
get_template("wagtail_drip/admin/chart.html")
assert finders.find("wagtail_drip/js/controllers/chart-controller.js")
call_command("migrate", verbosity=0)
from wagtail_drip.models import Contact
assert Contact.objects.count() == 0
print("it runs")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy: building writes into the tree it builds from."""
    source = tmp_path_factory.mktemp("source")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=IGNORED)
        else:
            shutil.copy(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(source / "out"),
        ".",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((source / "out").glob("*.whl"))


def test_every_file_of_the_package_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    skipped = {"__pycache__", "node_modules"}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and not skipped & set(path.parts)
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert inside == here


def test_the_wheel_carries_the_licence_and_says_what_it_needs(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(metadata).decode()

    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())
    assert "License-Expression: BSD-3-Clause" in text
    assert "Requires-Dist: wagtail>=7.4" in text


def test_a_site_runs_from_the_installed_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "env"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    # Not ours: with this tree on its path pip would find the project installed already.
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DJANGO"))
    }
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, cwd=tmp_path, env=environment, check=True, capture_output=True)
    # The dependencies are lent by the environment of the tests; our own package comes from the wheel.
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))

    done = subprocess.run(
        [str(python), "-c", SITE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.strip().endswith("it runs"), done.stderr
