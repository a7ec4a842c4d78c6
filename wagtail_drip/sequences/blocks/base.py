"""What every step's block shares, and how a kind of step is found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, ClassVar

from wagtail import blocks

from wagtail_drip.sequences import blocks as package

NOT_STEPS = frozenset({"base", "conditions", "tree"})


class StepBlock(blocks.StructBlock):
    """One kind of step as an editor sees it.

    :cvar kind: the step kind, equal to the file's name here and in ``enrolments/steps/``.
    :cvar branches: keys and labels of the paths whose steps are nested in this one, in order.
    """

    kind: ClassVar[str]
    branches: ClassVar[Mapping[str, Any]] = {}

    def settings_of(self, value: Any) -> dict[str, Any]:
        """Return the plain JSON settings that the compiled step carries (paths left out)."""
        return {
            name: child for name, child in self.get_prep_value(value).items() if name not in self.branches
        }


_registered: dict[str, type[StepBlock]] = {}


def register(block: type[StepBlock]) -> None:
    """Add a site's own kind of step; call it from an AppConfig.ready() through ``api.register_step``."""
    _registered[block.kind] = block


def step_blocks() -> dict[str, type[StepBlock]]:
    """Return every kind of step: ours by file name, then those that the site registered."""
    found: dict[str, type[StepBlock]] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        if module_info.name not in NOT_STEPS:
            module = importlib.import_module(f"{package.__name__}.{module_info.name}")
            found[module_info.name] = module.Block
    return {**found, **_registered}
