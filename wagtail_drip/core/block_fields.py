"""
A StreamField whose blocks stay out of migrations.

A site that registers one more block must not make ``makemigrations`` write into our installed package. The price: a
data migration sees raw JSON, not blocks.
"""

from __future__ import annotations

from typing import Any

from wagtail.fields import StreamField


class UnwrittenBlocksField(StreamField):
    """For subclasses, whose own path is what migrations remember."""

    def __init__(self, block_types: Any = None, **options: Any) -> None:
        super().__init__(block_types if block_types is not None else [], **options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, _args, options = super().deconstruct()
        options.pop("block_lookup", None)
        return name, path, [], options
