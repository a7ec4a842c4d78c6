"""The tree of steps. StreamBlocks cannot contain themselves, so it is unrolled to a fixed depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.sequences.blocks import base
from wagtail_drip.sequences.blocks.base import Way

DEPTH = 2  # branches within branches; a third indentation is more than people can read


def step_stream(depth: int = DEPTH, **meta: Any) -> blocks.StreamBlock:
    """Return a stream of steps whose branches may nest *depth* times more."""
    return blocks.StreamBlock(_kinds(depth), **meta)


def _kinds(depth: int) -> list[tuple[str, blocks.Block]]:
    """
    Return the kinds that a stream at this depth offers.

    All paths at one depth share them: built apart, they would multiply with every kind that has paths, and
    so would what the editor's page carries.
    """
    inner = _kinds(depth - 1) if depth > 0 else []
    found: list[tuple[str, blocks.Block]] = []
    for kind, block in base.step_blocks().items():
        if not block.branches and not block.path_lists:
            found.append((kind, block()))
        elif depth > 0:
            fixed = [(key, _path(inner, key, label=label)) for key, label in block.branches.items()]
            lists = [(name, _path_list(inner, each)) for name, each in block.path_lists.items()]
            found.append((kind, block([*fixed, *lists])))
    return found


def _path(kinds: list[tuple[str, blocks.Block]], key: str, *, label: Any) -> blocks.StreamBlock:
    return blocks.StreamBlock(
        kinds,
        required=False,
        label=label,
        collapsed=True,
        form_classname=f"drip-branch drip-branch--{key}",
    )


def _path_list(kinds: list[tuple[str, blocks.Block]], path: type[base.PathBlock]) -> blocks.StreamBlock:
    steps = _path(kinds, "path", label=_("Then…"))
    return blocks.StreamBlock(
        [("path", path([("steps", steps)]))], required=False, form_classname="drip-paths", **path.list_meta
    )


class StepsBlock(blocks.StreamBlock):
    """
    The whole tree. Give the field this class, not an instance: it is then built when it is first needed,
    so that the steps a site registers in an AppConfig.ready() are in it.
    """

    def __init__(self, local_blocks: Any = None, **meta: Any) -> None:
        super().__init__(local_blocks or list(step_stream().child_blocks.items()), required=False, **meta)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One step in the tree: its number as the editor shows it, and the way to it through the branches."""

    child: Any
    number: str
    parents: tuple[tuple[Any, Way], ...] = ()

    @property
    def name(self) -> str:
        """Return the number with the path it is on, for "Yes" and "No" are both counted from 1."""
        if not self.parents:
            return self.number
        return f"{self.number} ({self.parents[-1][1].name})"

    @property
    def label(self) -> str:
        return str(self.child.block.label)


def places(stream: Any, *, prefix: str = "", parents: tuple[tuple[Any, Way], ...] = ()) -> Iterator[Place]:
    """
    Yield every step, top to bottom, as an editor reads them.

    Numbers run on within a branch, 4.1 for the first step under "Yes" and under "No" of step 4 alike:
    the editor counts each stream by itself.
    """
    for position, child in enumerate(stream, start=1):
        number = f"{prefix}{position}"
        yield Place(child=child, number=number, parents=parents)
        for way in child.block.ways(child.value):
            yield from places(way.steps, prefix=f"{number}.{way.number}", parents=(*parents, (child, way)))
