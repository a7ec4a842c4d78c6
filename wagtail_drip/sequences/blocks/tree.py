"""The tree of steps. StreamBlocks cannot contain themselves, so it is unrolled to a fixed depth."""

from __future__ import annotations

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
    """The whole tree, built when it is first needed, so that a site's own steps are in it."""

    def __init__(self, local_blocks: Any = None, **meta: Any) -> None:
        super().__init__(local_blocks or list(step_stream().child_blocks.items()), required=False, **meta)
