"""What every kind of rule shares: its fields, what they come to as data, what is missing, and how one reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

WHO, DID = _("Who they are"), _("What they did")
NEGATE = [("", _("has")), ("not", _("has not"))]
IS_NOT = [("", _("is")), ("not", _("is not"))]


class RuleBlock(blocks.StructBlock):
    """Nothing is required in the form itself: an unfinished rule can be counted around, and ``faults`` says what is missing."""

    show_when: ClassVar[Mapping[str, Mapping[str, list[str]]]] = {}

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        raise NotImplementedError

    def faults(self, value: Any) -> Iterator[str]:
        yield from ()

    def in_words(self, value: Any) -> str:
        return str(self.label)

    def naming(self, value: Any, names: Mapping[str, str]) -> str:
        """Return what ``in_words`` does, with what it names called by its name in ``who_rules.all_names``."""
        return self.in_words(value)


def plain(number: Any, missing: str = "…") -> str:
    """Return a number as one writes it, whether a form or code gave it."""
    return missing if number is None else format(Decimal(str(number)).normalize(), "f")
