"""`tests/run.py` says which databases it tests, and passes its arguments on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import testing
from sandbox.bootstrap import Trouble

POSTGRES, MARIADB = testing.SERVERS


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("sqlite", ["sqlite"]),
        ("postgres", ["postgres"]),
        ("postgres,sqlite", ["postgres", "sqlite"]),
        ("all", ["sqlite", "postgres"]),
    ],
)
def test_the_databases_are_those_that_were_asked_for(wanted: str, names: list[str]) -> None:
    chosen = testing.choose(wanted, [testing.SQLITE, POSTGRES])

    assert [database.name for database in chosen] == names


@pytest.mark.parametrize(("wanted", "word"), [("mariadb", "asks for mariadb"), ("oracle", "'oracle'")])
def test_a_database_that_cannot_be_used_is_refused_by_name(wanted: str, word: str) -> None:
    with pytest.raises(Trouble, match=word):
        testing.choose(wanted, [testing.SQLITE, POSTGRES])


def test_a_path_seen_from_elsewhere_still_names_the_same_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_it.py").touch()
    monkeypatch.chdir(tmp_path)

    assert testing._absolute("test_it.py::test_one") == f"{tmp_path.resolve() / 'test_it.py'}::test_one"
    assert testing._absolute("-k") == "-k"
    assert testing._absolute("no such file") == "no such file"
