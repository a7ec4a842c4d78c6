"""The environment of the sandbox and of the tests is made whole, or a person is told what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import bootstrap
from sandbox.bootstrap import Environment, Trouble

posix_only = pytest.mark.skipif(os.name == "nt", reason="shell scripts stand in for programs")


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    folder = tmp_path / "带 空格 env"
    log = tmp_path / "install.log"
    log.write_text("", encoding="utf-8")
    return Environment(folder=folder, log=log)


def test_a_group_brings_the_groups_it_includes() -> None:
    requirements = bootstrap.group("dev")

    assert set(bootstrap.group("test")) < set(requirements)
    assert all(isinstance(requirement, str) for requirement in requirements)


def test_the_sandbox_installs_what_pyproject_says() -> None:
    project = bootstrap.read_project()

    assert bootstrap.group("sandbox") == project["dependency-groups"]["sandbox"]
    assert bootstrap.optional("postgres") == project["project"]["optional-dependencies"]["postgres"]


def test_an_environment_without_its_stamp_or_with_a_torn_one_counts_as_unfinished(tmp_path: Path) -> None:
    assert bootstrap._stamp(tmp_path) == ""

    (tmp_path / bootstrap.STAMP).write_text('{"finger', encoding="utf-8")
    assert bootstrap._stamp(tmp_path) == ""

    (tmp_path / bootstrap.STAMP).write_text(json.dumps({"fingerprint": "abc"}), encoding="utf-8")
    assert bootstrap._stamp(tmp_path) == "abc"


def test_another_requirement_or_another_place_asks_for_another_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = bootstrap._fingerprint(["Django"])

    assert bootstrap._fingerprint(["Django"]) == here
    assert bootstrap._fingerprint(["Django", "pillow"]) != here
    monkeypatch.setattr(bootstrap, "ROOT", Path(bootstrap.ROOT, "..", bootstrap.ROOT.name))
    assert bootstrap._fingerprint(["Django"]) != here


def test_our_python_hears_nothing_of_the_callers_own_project(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "somebody.elses")
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")

    variables = environment.variables(SANDBOX_PORT="8123")

    assert "DJANGO_SETTINGS_MODULE" not in variables
    assert variables["PYTHONPATH"] == str(bootstrap.ROOT)
    assert variables["SANDBOX_PORT"] == "8123"
    assert variables["PATH"].startswith(str(environment.python.parent))


def test_without_ensurepip_another_pip_serves_the_environment(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    bootstrap._make(environment)

    installer = bootstrap._installer(environment)
    assert installer is not None
    assert installer[0] != environment.python
    assert environment.run("-c", "print('你好')").stdout.strip() == "你好"


@posix_only
def test_with_nothing_to_make_an_environment_the_debian_package_is_named(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    monkeypatch.setattr(bootstrap.sys, "executable", str(bare / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for module in ("ensurepip", "virtualenv"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(Trouble, match=rf"apt install python3\.{sys.version_info[1]}-venv"):
        bootstrap._make(environment)

    assert not environment.folder.exists()


@posix_only
@pytest.mark.parametrize(
    ("last_words", "expected"),
    [
        pytest.param("[Errno 111] Connection refused", "could not be reached", id="nobody at the index"),
        pytest.param("Temporary failure in name resolution", "could not be reached", id="no name server"),
        pytest.param("error: command 'gcc' failed", "command 'gcc' failed", id="anything else is quoted"),
    ],
)
def test_why_installing_failed_is_said_in_a_sentence(
    environment: Environment, last_words: str, expected: str
) -> None:
    # A stand-in for pip, as an installed one cannot be made to fail in each of these ways.
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(
        f'#!/bin/sh\ncase "$*" in *--version*) exit 0;; esac\necho "{last_words}"\nexit 1\n', encoding="utf-8"
    )
    environment.python.chmod(0o755)

    with pytest.raises(Trouble, match=expected):
        bootstrap.install(environment, ["Django"])


def test_only_one_process_holds_a_lock_and_its_end_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from sandbox import bootstrap\n"
            "with bootstrap.lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
            path,
        ],
        cwd=bootstrap.ROOT,
        env={**os.environ, "PYTHONPATH": str(bootstrap.ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"

        with pytest.raises(BlockingIOError), bootstrap.lock(path):
            pass
        holder.kill()

    with bootstrap.lock(path, wait_seconds=5) as descriptor:
        assert descriptor > 0
