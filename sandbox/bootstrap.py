"""
Make an environment for the sandbox or the tests on a machine that has nothing but Python.

Standard library only. A stamp, written last, says that an environment is whole; one without it is made anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.processes import Keeper, apart, stop_groups

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "sandbox" / "requirements.txt"
IS_WINDOWS = os.name == "nt"
STAMP = "installed.json"
# What would send our Python, or its pip, to somebody else's packages or settings.
NOT_INHERITED = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    | {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"}
)
# Both distributions write the package `phonenumbers`; whichever was removed last takes the other's files along.
PROBE = (
    "import django, wagtail, wagtail_drip, phonenumbers, pathlib, sys;"
    "phonenumbers.parse('+447400100101');"
    "sys.exit(pathlib.Path(wagtail_drip.__file__).resolve().parent.parent != pathlib.Path(sys.argv[1]).resolve())"
)
NO_NETWORK_SIGNS = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "NewConnectionError",
    "Failed to establish a new connection",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "Could not connect",
    "error sending request",
    "dns error",
)


class Trouble(Exception):
    """Something that the person at the keyboard must know or do; the message says what."""


def say(words: str) -> None:
    print(words, flush=True)


@contextmanager
def step(words: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"· {words} … ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("not done.", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


@contextmanager
def lock(path: Path, *, wait_seconds: float = 0) -> Iterator[int]:
    """
    Hold a lock that ends with this process, and give its file descriptor.

    :raises BlockingIOError: somebody else holds it for longer than *wait_seconds*.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + wait_seconds
        while not _locked(descriptor):
            if time.monotonic() >= until:
                raise BlockingIOError(path)
            time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        if IS_WINDOWS:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A Python of our own in *folder*, the log of what was done to it, and who stops what we run if we are killed."""

    folder: Path
    log: Path
    keeper: Keeper | None = None

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if IS_WINDOWS else "bin/python")

    def variables(self, **more: str) -> dict[str, str]:
        """Return the process environment for programs in here: ours first on the path, in UTF-8."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        path = os.pathsep.join([str(self.python.parent), inherited.get("PATH", "")])
        return {
            **inherited,
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def run(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run our Python quietly; what it says goes to the log and is returned."""
        return _run(self, [self.python, *arguments], variables=self.variables(**more))


def read_project() -> dict[str, Any]:
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, those of the groups it includes among them."""
    found: list[str] = []
    for entry in read_project()["dependency-groups"][name]:
        found += group(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


def optional(name: str) -> list[str]:
    return list(read_project()["project"]["optional-dependencies"][name])


def prepare(folder: Path, *, groups: Sequence[str], keeper: Keeper | None = None) -> Environment:
    """
    Return an environment in *folder* with the project and these dependency groups, made only if need be.

    :raises Trouble: it cannot be made; the message says what to do.
    """
    environment = Environment(folder=folder, log=folder.parent / f"{folder.name}.install.log", keeper=keeper)
    folder.parent.mkdir(parents=True, exist_ok=True)
    requirements = [
        "-r",
        str(REQUIREMENTS),
        *(item for name in groups for item in group(name)),
        "-e",
        str(ROOT),
    ]
    wanted = _fingerprint(requirements)
    if _stamp(folder) == wanted:
        if _works(environment):
            return environment
        if environment.python.exists():
            _repair_phonenumbers(environment)
            if _works(environment):
                return environment
    if folder.exists():
        with step("Removing an environment that is unfinished or out of date"):
            shutil.rmtree(folder)
    environment.log.write_text("", encoding="utf-8")
    with step(f"Making a Python environment in {_short(folder)}"):
        _make(environment)
    with step("Installing the project and what it needs (the first time about a minute)"):
        install(environment, requirements)
        _repair_phonenumbers(environment)
    if not _works(environment):
        raise Trouble(f"The installed packages do not work together. See {environment.log}")
    (folder / STAMP).write_text(json.dumps({"fingerprint": wanted}), encoding="utf-8")
    return environment


def install(environment: Environment, requirements: Sequence[str]) -> None:
    """
    Install *requirements* with whichever installer there is.

    :raises Trouble: it failed; the message says why in a sentence.
    """
    command = _installer(environment)
    if command is None:
        raise Trouble(_no_venv())
    done = _run(environment, [*command, *requirements], variables=environment.variables())
    if done.returncode == 0:
        return
    if any(sign in done.stdout for sign in NO_NETWORK_SIGNS):
        raise Trouble(
            "The package index could not be reached. The first run needs the network "
            "(or a mirror: set PIP_INDEX_URL); later runs do not. Connect and run this again.\n"
            f"The installer's own words are in {environment.log}"
        )
    tail = "\n".join(done.stdout.strip().splitlines()[-12:])
    raise Trouble(f"Installing failed. The last lines of {environment.log}:\n{tail}")


def _fingerprint(requirements: Sequence[str]) -> str:
    # The place counts too: a copied tree would otherwise run the packages, and the project, of the first one.
    parts = [str(ROOT), sys.version, sys.base_prefix, *requirements, REQUIREMENTS.read_text(encoding="utf-8")]
    parts.append(json.dumps(read_project()["project"], sort_keys=True))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stamp(folder: Path) -> str:
    try:
        return str(json.loads((folder / STAMP).read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _works(environment: Environment) -> bool:
    if not environment.python.exists():
        return False
    return environment.run("-c", PROBE, ROOT).returncode == 0


def _repair_phonenumbers(environment: Environment) -> None:
    probe = "import phonenumbers; phonenumbers.parse('+447400100101')"
    if environment.run("-c", probe).returncode != 0:
        lite = next(
            item for item in read_project()["project"]["dependencies"] if item.startswith("phonenumberslite")
        )
        force = (
            "--reinstall"
            if "uv" in Path(str((_installer(environment) or [""])[0])).stem
            else "--force-reinstall"
        )
        install(environment, [force, "--no-deps", lite])


# Making the environment: venv with pip, else venv and somebody else's pip, else virtualenv ------------------


def _make(environment: Environment) -> None:
    attempts: list[Callable[[Environment], bool]] = [_make_with_pip, _make_without_pip, _make_with_virtualenv]
    for attempt in attempts:
        if attempt(environment):
            return
        shutil.rmtree(environment.folder, ignore_errors=True)
    raise Trouble(_no_venv())


def _make_with_pip(environment: Environment) -> bool:
    if not (_has("venv") and _has("ensurepip")):
        return False
    made = _run(environment, [sys.executable, "-m", "venv", environment.folder])
    return made.returncode == 0 and _has_pip(environment.python, environment)


def _make_without_pip(environment: Environment) -> bool:
    if not _has("venv"):
        return False
    made = _run(environment, [sys.executable, "-m", "venv", "--without-pip", environment.folder])
    return made.returncode == 0 and _installer(environment) is not None


def _make_with_virtualenv(environment: Environment) -> bool:
    command = shutil.which("virtualenv")
    tool: list[str | Path] | None = (
        [sys.executable, "-m", "virtualenv"] if _has("virtualenv") else [command] if command else None
    )
    if tool is None:
        return False
    made = _run(environment, [*tool, "--python", sys.executable, environment.folder])
    return made.returncode == 0 and _installer(environment) is not None


def _installer(environment: Environment) -> list[str | Path] | None:
    """Return the command that installs into the environment: its own pip, uv, or a pip that serves others."""
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    if _has_pip(environment.python, environment):
        return [environment.python, "-m", "pip", "install", *options]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", environment.python]
    pips: list[list[str | Path]] = [[sys.executable, "-m", "pip"]]
    pips += [[found] for found in (shutil.which("pip3"), shutil.which("pip")) if found]
    for pip in pips:
        # pip serves another Python since 22.3.
        if _run(environment, [*pip, "--python", environment.python, "--version"]).returncode == 0:
            return [*pip, "--python", environment.python, "install", *options]
    return None


def _has(module: str) -> bool:
    """Tell whether this Python can import *module*. Debian ships venv and keeps ensurepip back."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _has_pip(python: Path, environment: Environment) -> bool:
    return python.exists() and _run(environment, [python, "-m", "pip", "--version"]).returncode == 0


def _no_venv() -> str:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        f"This Python ({sys.executable}) can make no environment: it has no `ensurepip`, and neither pip, uv "
        "nor virtualenv was found.\n"
        f"On Debian and Ubuntu: sudo apt install python{version}-venv\n"
        "Elsewhere: install uv (https://docs.astral.sh/uv/) or a Python from python.org. Then run this again."
    )


def _run(
    environment: Environment, command: Sequence[str | Path], *, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=variables,
        cwd=ROOT,
        **apart(),
    ) as process:
        # An installer that went on after us would write into the environment that the next run makes.
        if environment.keeper:
            environment.keeper.watch(process.pid)
        try:
            output, _ = process.communicate()
        except BaseException:
            stop_groups([process.pid])
            raise
        finally:
            if environment.keeper:
                environment.keeper.forget(process.pid)
    with open(environment.log, "a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(words)}\n{output}\n")
    return subprocess.CompletedProcess(words, process.returncode, output)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)
