"""The tree of steps. StreamBlocks cannot contain themselves, so it is unrolled to a fixed depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wagtail import blocks

from wagtail_drip.sequences.blocks import base

DEPTH = 2  # branches within branches; a third indentation is more than people can read


def step_stream(depth: int = DEPTH, **meta: Any) -> blocks.StreamBlock:
    """Return a stream of steps whose branches may nest *depth* times more."""
    children = []
    for kind, block in base.step_blocks().items():
        if not block.branches:
            children.append((kind, block()))
        elif depth > 0:
            paths = [
                (
                    key,
                    step_stream(
                        depth - 1,
                        required=False,
                        label=label,
                        collapsed=True,
                        form_classname=f"drip-branch drip-branch--{key}",
                    ),
                )
                for key, label in block.branches.items()
            ]
            children.append((kind, block(paths)))
    return blocks.StreamBlock(children, **meta)


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
    parents: tuple[tuple[Any, str], ...] = ()

    @property
    def name(self) -> str:
        """Return the number with the path it is on, for "Yes" and "No" are both counted from 1."""
        if not self.parents:
            return self.number
        parent, key = self.parents[-1]
        return f"{self.number} ({parent.block.path_names.get(key, key)})"

    @property
    def label(self) -> str:
        return str(self.child.block.label)


def places(stream: Any, *, prefix: str = "", parents: tuple[tuple[Any, str], ...] = ()) -> Iterator[Place]:
    """
    Yield every step, top to bottom, as an editor reads them.

    Numbers run on within a branch, 4.1 for the first step under "Yes" and under "No" of step 4 alike:
    the editor counts each stream by itself.
    """
    for position, child in enumerate(stream, start=1):
        number = f"{prefix}{position}"
        yield Place(child=child, number=number, parents=parents)
        for key in child.block.branches:
            yield from places(
                child.value.get(key) or (), prefix=f"{number}.", parents=(*parents, (child, key))
            )
