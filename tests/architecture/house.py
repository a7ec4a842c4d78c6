"""The house as its own files describe it, for the tests beside this one."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "wagtail_drip"


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def contract(name: str, option: str) -> list[str]:
    """Return the lines of an import-linter contract's option, comments left out; [] without the contract."""
    section = f"importlinter:contract:{name}"
    value = setup_cfg().get(section, option, fallback="")
    lines = (line.strip() for line in value.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def floors() -> dict[str, int]:
    """Return each room's height; a higher number stands above."""
    rows = contract("floors", "layers")
    return {room.strip(" ()"): -depth for depth, row in enumerate(rows) for room in row.split("|")}


def is_source(path: Path) -> bool:
    return "migrations" not in path.parts and "node_modules" not in path.parts


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(
        path for path in found if is_source(path) and not any(p.startswith(".") for p in path.parts)
    )


def rooms() -> list[Path]:
    """Return the package's folders that hold code, migrations apart."""
    inits = PACKAGE.glob("*/__init__.py")
    return sorted(init.parent for init in inits if init.parent.name != "migrations")


def module_path(dotted: str) -> Path | None:
    """Return the file or folder of a module of ours by its name inside the package, None if it is not built."""
    path = PACKAGE.joinpath(*dotted.split("."))
    if path.with_suffix(".py").exists():
        return path.with_suffix(".py")
    return path if (path / "__init__.py").exists() else None
