"""RulesField: a StreamField whose blocks stay out of migrations, for the reasons of ``sequences.fields``.

Migrations remember this module's path, so it stays where it is.
"""

from __future__ import annotations

from typing import Any

from wagtail.fields import StreamField


class RulesField(StreamField):
    def __init__(self, block_types: Any = None, **options: Any) -> None:
        super().__init__(block_types if block_types is not None else [], **options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, _args, options = super().deconstruct()
        options.pop("block_lookup", None)
        return name, path, [], options
