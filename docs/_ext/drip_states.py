"""``{drip-states} module:Class``: a table of a State's members, their meaning and what each may become.

Drawn from the code, so the page cannot say anything else than the guarded UPDATE allows.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def row(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def table(head: list[str], widths: list[int], body: list[nodes.row]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(head))
    group += nodes.thead("", row([[nodes.Text(words)] for words in head]))
    group += nodes.tbody("", *body)
    return nodes.table("", group, classes=["colwidths-given"])


def names(states: list[Any]) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    for state in states:
        found += [nodes.Text(", ")] if found else []
        found.append(nodes.literal("", str(state.value)))
    return found or [nodes.Text("nothing: it ends here")]


class DripStates(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module_name, _, class_name = self.arguments[0].partition(":")
        module = importlib.import_module(module_name)
        self.env.note_dependency(str(module.__file__))
        states = list(getattr(module, class_name))
        moves: Mapping[Any, frozenset[Any]] = getattr(module, "TRANSITIONS", {})
        if states[0] not in moves:
            body = [row([[nodes.literal("", state.value)], [nodes.Text(state.meaning)]]) for state in states]
            return [table(["State", "Meaning"], [20, 80], body)]
        body = [
            row(
                [
                    [nodes.literal("", state.value)],
                    [nodes.Text(state.meaning)],
                    names([after for after in states if after in moves[state] and after != state]),
                ]
            )
            for state in states
        ]
        return [table(["State", "Meaning", "May become"], [16, 48, 36], body)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("drip-states", DripStates)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
