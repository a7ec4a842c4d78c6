"""The sandbox's own site is whole: settings, migrations and both languages."""

from __future__ import annotations

import gettext
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from wagtail import VERSION as WAGTAIL_VERSION

from sandbox.bootstrap import ROOT

CATALOGUE = ROOT / "sandbox" / "locale" / "zh_Hans" / "LC_MESSAGES"


@pytest.mark.skipif(
    WAGTAIL_VERSION < (8, 0), reason="the sandbox pins Wagtail 8.0, and its migrations are made with it"
)
@pytest.mark.parametrize(
    "arguments",
    [("check",), ("makemigrations", "--check", "--dry-run", "pages", "phone")],
    ids=["checks", "migrations"],
)
def test_django_finds_nothing_amiss(arguments: tuple[str, ...], tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [sys.executable, ROOT / "sandbox" / "manage.py", *arguments],
        cwd=tmp_path,
        env={**variables, "SANDBOX_DATA": str(tmp_path / "数据")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_word_is_there_in_chinese_and_compiled() -> None:
    source = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'msgid "(.+)"\nmsgstr "(.*)"', source)
    with open(CATALOGUE / "django.mo", "rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert len(pairs) > 50
    assert {word: compiled.gettext(word) for word, _ in pairs} == dict(pairs)
    assert all(translated for _, translated in pairs)


def test_every_word_in_the_templates_is_in_the_catalogue() -> None:
    source = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    known = set(re.findall(r'^msgid "(.+)"$', source, re.MULTILINE))
    folders = [ROOT / "sandbox" / name for name in ("templates", "phone", "time_machine", "pages")]
    words = {
        word
        for folder in folders
        for path in folder.rglob("*.html")
        for word in re.findall(r'{% trans "([^"]+)" %}', path.read_text(encoding="utf-8"))
    }

    assert len(words) > 20
    assert words - known == set()
