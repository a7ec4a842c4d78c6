"""Where the site's own templates use one of our tags, and with which words: read from the files, none is drawn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.template import Engine, Origin, Template, TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.template.base import FilterExpression
from django.template.library import InclusionNode


@dataclass(frozen=True, kw_only=True)
class Use:
    """
    A tag as it stands in a template.

    :ivar template: the name by which the template is asked for.
    :ivar given: its arguments that stand there in quotes; in the active language where they are to be translated.
    :ivar unknown: the names of those that are known only when it is drawn.
    """

    template: str
    given: Mapping[str, str]
    unknown: frozenset[str]


def uses_of(tag: str) -> Iterator[Use]:
    """Yield each use of an inclusion tag in templates that lie in folders, by name and place."""
    for engine in _engines():
        for name, path in sorted(_files(engine).items()):
            source = _read(path)
            if tag in source:
                yield from _uses_in(source, name, path, engine, tag)


def _engines() -> list[Engine]:
    return [each.engine for each in engines.all() if isinstance(each, DjangoTemplates)]


def _files(engine: Engine) -> dict[str, Path]:
    """Return each template's file by its name: the one that would be drawn, of several with one name."""
    found: dict[str, Path] = {}
    loaders = [inner for each in engine.template_loaders for inner in getattr(each, "loaders", [each])]
    for loader in loaders:
        # Those that read no folders have none of a site's own templates.
        for folder in getattr(loader, "get_dirs", list)():
            for inside, _folders, files in os.walk(folder):
                for path in (Path(inside, each) for each in files):
                    found.setdefault(path.relative_to(folder).as_posix(), path)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _uses_in(source: str, name: str, path: Path, engine: Engine, tag: str) -> Iterator[Use]:
    try:
        template = Template(source, Origin(str(path), template_name=name), name, engine)
    except TemplateSyntaxError:
        # It cannot be drawn either, and whoever draws it is told.
        return
    for node in template.nodelist.get_nodes_by_type(InclusionNode):
        if not isinstance(node, InclusionNode) or node.func.__name__ != tag:
            continue
        plain = {key: _quoted(expression) for key, expression in node.kwargs.items()}
        yield Use(
            template=name,
            given={key: value for key, value in plain.items() if value is not None},
            unknown=frozenset(key for key, value in plain.items() if value is None),
        )


def _quoted(expression: FilterExpression) -> str | None:
    """Return what stands in quotes; None of anything else."""
    return str(expression.var) if isinstance(expression.var, str) and not expression.filters else None
