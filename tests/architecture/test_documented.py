"""What a site owner or developer can meet is in docs/reference, read from the code's own registries."""

from __future__ import annotations

import importlib
import inspect
import re

from django.dispatch import Signal

from tests.architecture.house import PACKAGE, ROOT
from wagtail_drip import checks, conf, signals
from wagtail_drip.contrib.oscar import options as oscar
from wagtail_drip.enrolments import states as enrolment_states
from wagtail_drip.enrolments.steps import base as steps
from wagtail_drip.events import catalogue
from wagtail_drip.messaging import states as message_states
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.blocks import tree

REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def rows(name: str) -> dict[str, str]:
    """Return the page's table rows by the name in code style in their first cell; of several the first."""
    found = re.findall(r"^\| `([^`]+)` \|(.*)$", page(name), re.MULTILINE)
    return dict(reversed(found))


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    documented = rows("settings")
    defaults = {name: conf.settings.__class__.__dict__[name] for name in conf.setting_names()}

    assert set(documented) == set(defaults)
    for name, default in defaults.items():
        if name != "GATEWAYS":
            shown = '""' if default == "" else repr(default)
            assert documented[name].split("|")[0].strip() == f"`{shown}`", name


def test_every_check_is_documented_in_its_own_words_and_no_other() -> None:
    documented = {id_: cells.split("|")[0].strip() for id_, cells in rows("checks").items()}

    assert documented == checks.ALL


def test_every_check_that_the_code_raises_is_listed() -> None:
    code = (PACKAGE / "checks.py").read_text()
    raised = set(re.findall(r"\b[EW]\d{3}\b", code.partition("Finding =")[2]))

    assert raised == {id_.removeprefix("wagtail_drip.") for id_ in checks.ALL}


def test_every_command_is_documented_with_its_options_and_no_other() -> None:
    commands = {
        path.stem for path in PACKAGE.rglob("management/commands/*.py") if not path.stem.startswith("_")
    }
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page("commands"), re.MULTILINE | re.DOTALL))

    assert set(sections) == commands
    for path in PACKAGE.rglob("management/commands/*.py"):
        options = set(re.findall(r"add_argument\(\s*\"(--[\w-]+)\"", path.read_text()))
        assert options - set(re.findall(r"--[\w-]+", sections.get(path.stem, ""))) == set(), path.stem


def test_every_event_is_documented_with_its_properties_and_no_other() -> None:
    documented = rows("events")
    ours = {known.name: known for known in catalogue.all_types()}

    assert set(documented) == set(ours)
    for name, known in ours.items():
        _, _, always, maybe = (re.findall(r"`(\w+)`", cell) for cell in documented[name].split("|")[:4])
        assert set(always) == {prop.name for prop in known.properties if prop.required}, name
        assert set(maybe) == {prop.name for prop in known.properties if not prop.required}, name


def test_every_kind_of_step_is_documented_decided_and_written() -> None:
    documented = set(re.findall(r"^\| [^|`]+ \| `(\w+)` \|", page("steps"), re.MULTILINE))
    shipped = {path.stem for path in (PACKAGE / "enrolments/steps").glob("*.py")} - {"__init__", "base"}

    assert documented == shipped
    assert shipped <= set(blocks.step_blocks())
    assert shipped <= set(steps.kinds())


def test_every_step_is_documented_under_the_name_an_editor_sees() -> None:
    documented = dict(re.findall(r"^\| ([^|`]+) \| `(\w+)` \|", page("steps"), re.MULTILINE))
    headings = set(re.findall(r"^## (.+)$", page("steps"), re.MULTILINE))

    assert set(documented) <= headings
    shown = {kind: str(block.label) for kind, block in tree.StepsBlock().child_blocks.items()}
    for label, kind in documented.items():
        assert shown[kind] == label


def test_every_signal_is_documented_and_no_other() -> None:
    ours = {name for name, value in vars(signals).items() if isinstance(value, Signal)}

    assert set(rows("signals")) == ours


def test_every_reason_is_documented_and_no_other() -> None:
    kinds = (message_states.SkipReason, message_states.DeferReason, enrolment_states.ExitReason)

    assert set(rows("reasons")) == {str(reason) for kind in kinds for reason in kind}


def test_the_python_api_is_documented_with_its_arguments_and_no_other() -> None:
    api = importlib.import_module("wagtail_drip.api")
    public = {
        name: function
        for name, function in vars(api).items()
        if inspect.isfunction(function) and function.__module__ == api.__name__ and not name.startswith("_")
    }
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page("public_api"), re.MULTILINE | re.DOTALL))

    assert set(sections) == set(public)
    for name, function in public.items():
        for argument in inspect.signature(function).parameters:
            assert re.search(rf"\b{argument}\b", sections[name]), f"{name}({argument})"


def test_every_option_of_the_oscar_shop_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "how_to" / "connect_oscar.md").read_text()
    documented = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)

    assert sorted(documented) == sorted(oscar.DEFAULTS)


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        if "node_modules" not in page.parts
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert missing == []
