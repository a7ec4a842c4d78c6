"""Every column of ours is declared: personal or not. Export, erasing, retention and the docs read the declaration."""

from __future__ import annotations

import re

from tests.architecture.house import ROOT
from wagtail_drip import conf
from wagtail_drip.core.personal_data import Erasing
from wagtail_drip.privacy import inventory


def test_every_column_says_whether_it_is_personal() -> None:
    assert inventory.problems() == []


def test_whatever_is_personal_belongs_to_somebody_who_can_be_found() -> None:
    lost = [each.name for each in inventory.held() if (each.personal or each.kept) and each.rows is None]

    assert lost == []


def test_a_table_whose_rows_stay_as_they_are_has_nothing_to_empty() -> None:
    kept = [each.name for each in inventory.held() if each.erasing is Erasing.KEEP and each.personal]

    assert kept == []


def test_whatever_has_an_age_names_a_setting_and_columns_that_there_are() -> None:
    for each in inventory.held():
        names = {column.name for column in inventory.columns(each)}
        for age in each.ages:
            assert age.setting in conf.setting_names()
            assert {age.since, *age.blanks} <= names


def test_the_record_of_processing_says_what_is_declared() -> None:
    page = (ROOT / "docs" / "reference" / "personal_data.md").read_text()
    documented = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))

    assert set(documented) == {each.name for each in inventory.of_people()}
    for each in inventory.of_people():
        section = documented[each.name]
        assert each.why in section, each.name
        assert each.erasing.value in section, each.name
        for name, kind in each.personal.items():
            assert re.search(rf"^\| `{name}` \| {re.escape(kind)} \| emptied|deleted", section, re.M), name
        for name, why in each.kept.items():
            assert f"| `{name}` | {why} | stays |" in section, f"{each.name}.{name}"
        for age in each.ages:
            assert f"`{age.setting}`" in section, f"{each.name}: {age.setting}"
