"""What every step's block shares, and how a kind of step is found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.compare import StructBlockComparison

from wagtail_drip.sequences import blocks as package

NOT_STEPS = frozenset(
    {"awaiting", "base", "branch_test", "branch_words", "message_text", "sequence_choice", "tags", "tree"}
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one step; ``sequences.problems`` adds which step it is."""

    message: str
    field: str = ""
    level: Literal["error", "advice"] = "error"


@dataclass(frozen=True, kw_only=True)
class Way:
    """
    One path out of a step as it is written.

    :ivar key: what the compiled flow knows it by; never its place, which editing may change.
    :ivar label: what stands above its steps.
    :ivar name: the same in a word or two, for a tab or a step's number.
    :ivar number: what the numbers of its steps begin with, after the step's own: "2." in a list of paths.
    """

    key: str
    label: Any
    name: Any
    steps: Any
    number: str = ""


class StepComparison(StructBlockComparison):
    """Begins each step with its name where Wagtail compares two revisions, which otherwise shows fields only."""

    def htmlvalue(self, val: Any) -> SafeString:
        return format_html("<h3>{}</h3>{}", self.block.label, super().htmlvalue(val))

    def htmldiff(self) -> SafeString:
        return format_html("<h3>{}</h3>{}", self.block.label, super().htmldiff())


class StepBlock(blocks.StructBlock):
    """
    One kind of step as an editor sees it. Nothing here is required: a draft may be unfinished, and what
    stops publishing is said by ``faults``, which also runs where no form does (code, API, schedule).

    :cvar kind: the step kind, equal to the file's name here and in ``enrolments/steps/``.
    :cvar order: where it stands among the kinds to choose from; the smallest is first.
    :cvar branches: keys and labels of the paths whose steps are nested in this one, in order.
    :cvar path_names: the same paths in one word each, for a tab or a step's number.
    :cvar path_lists: fields that hold any number of paths, each a struct with ``name`` and its own ``steps``.
    :cvar waits: whether somebody may stand here for a while; a jump back needs such a step on its way.
    :cvar show_when: which field is shown only while another has one of these values:
        ``{"value": {"operator": ["is", "is_not"]}}``.
    """

    kind: ClassVar[str]
    order: ClassVar[int] = 100
    branches: ClassVar[Mapping[str, Any]] = {}
    path_names: ClassVar[Mapping[str, Any]] = {}
    path_lists: ClassVar[Mapping[str, type[PathBlock]]] = {}
    waits: ClassVar[bool] = False
    show_when: ClassVar[Mapping[str, Mapping[str, list[str]]]] = {}

    @classmethod
    def name_of_kind(cls) -> str:
        """Return the label of this kind without building it, for which one with branches needs its streams."""
        return str(cls._meta_class.label or cls.kind)

    def settings_of(self, value: Any) -> dict[str, Any]:
        """Return the plain JSON settings that the compiled step carries (paths and texts left out)."""
        paths = {*self.branches, *self.path_lists}
        return {name: child for name, child in self.get_prep_value(value).items() if name not in paths}

    def settings_for(self, value: Any, *, trigger_event: str) -> dict[str, Any]:
        """Return the settings of a step whose sequence starts by this event; most steps do not care."""
        return self.settings_of(value)

    def ways(self, value: Any) -> list[Way]:
        """Return the paths out of this step that have steps of their own, in the order in which one reads them."""
        fixed = [
            Way(key=key, label=label, name=self.path_names.get(key, key), steps=value.get(key) or ())
            for key, label in self.branches.items()
        ]
        return [*fixed, *(way for name in self.path_lists for way in listed_ways(value.get(name)))]

    def targets(self, value: Any) -> dict[str, str]:
        """Return the ids of steps elsewhere in the sequence that this one may lead to, by the path's key."""
        return {}

    def texts(self, value: Any) -> dict[str, str]:
        """Return the texts to pin when publishing, by the setting that gets the pinned text's id."""
        return {}

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        """Yield what is wrong with a step as it stands."""
        yield from ()

    def in_words(self, value: Any) -> str:
        """Return what a step does, as one reads it between two texts: "Wait for 2 hours"."""
        return str(self.label)

    def get_comparison_class(self) -> type[StepComparison]:
        return StepComparison

    class Meta:
        # A preview of its own is what makes Wagtail's picker show the description.
        preview_template = "wagtail_drip/admin/preview/step_kind.html"


class PathBlock(blocks.StructBlock):
    """One of any number of paths. ``tree`` adds ``steps``; the stream that holds it gives it its stable id."""

    show_when: ClassVar[Mapping[str, Mapping[str, list[str]]]] = {}
    list_meta: ClassVar[Mapping[str, Any]] = {}

    name = blocks.CharBlock(required=False, max_length=60, label=_("Name of this path"))

    class Meta:
        icon = "arrow-right"
        label = _("Path")


def listed_ways(stream: Any, *, first: int = 1) -> Iterator[Way]:
    """Yield the paths of a list, each named as its writer named it, else by its number, from *first* on."""
    for place, child in enumerate(stream or (), start=1):
        number = place + first - 1
        name = (child.value.get("name") or "").strip() or _("Path %(number)d") % {"number": number}
        yield Way(
            key=child.id or f"path-{number}",
            label=name,
            name=name,
            steps=child.value.get("steps") or (),
            number=f"{place}.",
        )


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
    found.update(_registered)
    return dict(sorted(found.items(), key=lambda item: item[1].order))
