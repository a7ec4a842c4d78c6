"""The rooms' common furniture, and the files that must stay what they are called."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.house import PACKAGE, ROOT, contract, floors, module_path, python_files, rooms

VAGUE = {"utils", "util", "helpers", "helper", "common", "services", "service", "manager", "managers", "misc"}
PURE = {
    "enrolments.walk",
    "enrolments.branch_tests",
    "enrolments.dates",
    "enrolments.effects",
    "enrolments.steps",
    "enrolments.occasions",
    "enrolments.targets",
    "segments.days",
    "segments.life_stages",
    "segments.types",
    "sequences.choices",
    "sequences.replies",
    "sequences.flow",
    "sequences.triggers",
    "contacts.chain",
    "contacts.consent",
    "compliance.public_holidays",
    "compliance.quiet_hours",
    "compliance.time_rules",
    "compliance.times",
    "compliance.frequency_caps",
    "content.language",
    "gateways.encoding",
    "compliance.keywords",
    "compliance.own_keywords",
    "compliance.opt_in_wording",
    "compliance.readiness",
    "compliance.sensitive_words",
    "experiments.bucketing",
    "experiments.sequential_test",
    "experiments.confidence",
    "experiments.bandit",
    "reports.attribution",
    "reports.lifetime_value",
    "reports.flow_map",
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_a_room_has_a_door_sign_and_nothing_else_in_it(room: Path) -> None:
    tree = ast.parse((room / "__init__.py").read_text())
    code = [
        node for node in tree.body[1:] if not isinstance(node, ast.ImportFrom) or node.module != "__future__"
    ]

    assert ast.get_docstring(tree)
    assert code == []


def test_every_folder_of_the_package_is_on_the_map() -> None:
    assert {room.name for room in rooms()} - set(floors()) == set()


def test_the_map_puts_in_parentheses_what_is_not_built_and_nothing_else() -> None:
    drawn = [room.strip() for row in contract("floors", "layers") for room in row.split("|")]
    optional = {room.strip("()") for room in drawn if room.startswith("(")}

    assert {room for room in optional if module_path(room)} == set()
    assert {room for room in floors() if not module_path(room)} - optional - {"management"} == set()


def test_no_file_has_a_name_that_could_hold_anything() -> None:
    found = [
        relative(path) for path in python_files("wagtail_drip", "sandbox", "tests") if path.stem in VAGUE
    ]
    folders = [path.name for path in PACKAGE.rglob("*") if path.is_dir() and path.name in VAGUE]

    assert found + folders == []


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    files = python_files("wagtail_drip", "sandbox", "docs")
    lengths = {relative(path): len(path.read_text().splitlines()) for path in files}

    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_every_pure_file_that_exists_is_held_to_it() -> None:
    built = {name for name in PURE if module_path(name)}
    held = {name.removeprefix("wagtail_drip.") for name in contract("pure", "source_modules")}

    assert held == built


def test_every_provider_is_held_apart_from_the_others() -> None:
    providers = {path.parent.name for path in PACKAGE.glob("gateways/*/gateway.py")}
    held = {name.removeprefix("wagtail_drip.gateways.") for name in contract("providers", "modules")}

    assert held == providers


def test_only_the_claims_lock_rows() -> None:
    locking = [
        relative(path)
        for path in python_files("wagtail_drip")
        if re.search(r"\.select_for_update\(|skip_locked=|FOR UPDATE", path.read_text())
    ]

    assert locking == ["wagtail_drip/core/claims.py"]


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        pytest.param(r"campaigns?", "sequence", id="campaign"),
        pytest.param(r"enroll(?:s|ments?)?", "enrol, enrolment", id="American spelling"),
        pytest.param(r"blacklist(?:s|ed)?", "suppression", id="blacklist"),
    ],
)
def test_a_thing_has_one_name(word: str, instead: str) -> None:
    """The glossary's words and no others; a provider's own term may stand in its folder."""
    pattern = re.compile(rf"(?<![a-z]){word}(?![a-z])", re.IGNORECASE)
    own = [path for kind in ("*.py", "*.html", "*.js", "*.css", "*.txt") for path in PACKAGE.rglob(kind)]
    others = {"vendor", "node_modules", *(path.parent.name for path in PACKAGE.glob("gateways/*/gateway.py"))}
    found = [
        f"{relative(path)}: {line.strip()}"
        for path in own
        if not others & set(path.parts)
        for line in path.read_text().splitlines()
        if pattern.search(line)
    ]

    assert found == [], f"say {instead}"
