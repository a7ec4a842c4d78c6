"""The editor in 简体中文 is complete: every string of the source has a translation, compiled as it stands."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import PACKAGE, ROOT, python_files

LOCALE = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES"
NEEDS_GETTEXT = pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext's tools are not installed")


def untranslated(catalogue: Path) -> list[str]:
    """Return the source strings without a translation, or with a doubtful one."""
    command = ["msgattrib", "--untranslated", "--no-obsolete", "--no-wrap", str(catalogue)]
    fuzzy = ["msgattrib", "--only-fuzzy", "--no-obsolete", "--no-wrap", str(catalogue)]
    found: list[str] = []
    for one in (command, fuzzy):
        text = subprocess.run(one, capture_output=True, text=True, check=True).stdout
        found += [string for string in re.findall(r'^msgid "(.*)"$', text, re.MULTILINE) if string]
    return found


@NEEDS_GETTEXT
def test_every_string_of_the_source_is_translated(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "vendor", "*.mo")
    shutil.copytree(PACKAGE, tmp_path / "wagtail_drip", ignore=ignored)
    command = [sys.executable, "-m", "django", "makemessages", "-l", "zh_Hans", "--no-location", "--no-wrap"]

    # It needs no project, and the tests' settings are not on the path of a copy.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path / "wagtail_drip", env=environment, check=True, capture_output=True)

    assert untranslated(tmp_path / "wagtail_drip/locale/zh_Hans/LC_MESSAGES/django.po") == []


@NEEDS_GETTEXT
def test_the_compiled_catalogue_is_the_written_one(tmp_path: Path) -> None:
    fresh = tmp_path / "django.mo"

    subprocess.run(["msgfmt", "--check", "-o", fresh, LOCALE / "django.po"], check=True, capture_output=True)

    assert fresh.read_bytes() == (LOCALE / "django.mo").read_bytes()


def test_no_string_hides_in_an_f_string() -> None:
    """gettext's tools do not look into f-strings: what is translated there never reaches the catalogue."""
    calls = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
    hidden = [
        f"{path.relative_to(PACKAGE)}:{inner.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for joined in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(joined, ast.JoinedStr)
        for inner in ast.walk(joined)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in calls
    ]

    assert hidden == []


# What makemessages goes by; "_" stands for a single string, so that a plural under it would lose its other half.
SINGLE = {"gettext", "gettext_lazy", "gettext_noop"}


def renamed(source: str) -> list[tuple[int, str]]:
    """Return line and name of each function of translation imported under a name makemessages does not know."""
    return [
        (node.lineno, name.asname)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if "gettext" in name.name and name.asname not in (None, name.name)
        if not (name.asname == "_" and name.name in SINGLE)
    ]


def test_no_string_hides_behind_another_name() -> None:
    """gettext's tools find strings by the name of the function: under another one they never reach the catalogue."""
    hidden = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in python_files("wagtail_drip", "sandbox")
        for line, name in renamed(path.read_text(encoding="utf-8"))
    ]

    assert hidden == []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        pytest.param("gettext as translated", ["translated"], id="a name of its own"),
        pytest.param("ngettext as _", ["_"], id="a plural as if it were a single string"),
        pytest.param("gettext, gettext_lazy as _", [], id="both, each under a known name"),
        pytest.param("get_language as language", [], id="what holds no string"),
    ],
)
def test_other_names_are_told_from_known_ones(line: str, names: list[str]) -> None:
    assert [name for _, name in renamed(f"from django.utils.translation import {line}")] == names
