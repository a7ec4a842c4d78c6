"""
What a site declares of its own attributes: a type, a label and, for a choice, what may be chosen.

An attribute that nobody declared is kept as it comes. One that is declared is kept as its type, whoever writes it, and
everything that asks for it (an import, a step, a rule of a segment) names what is wrong before anything is saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from wagtail_drip import conf
from wagtail_drip.contacts.dates import read_date
from wagtail_drip.core.listed import listed
from wagtail_drip.exceptions import WagtailDripError

TEXT, NUMBER, DATE, YES_NO, CHOICE = TYPES = ("text", "number", "date", "yes_no", "choice")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_COMPARED = ("is", "is_not", "at_least", "at_most", "is_set", "is_not_set")
_NAMED = ("is", "is_not", "is_set", "is_not_set")
# Which tests of a rule mean something; of a text all do.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    NUMBER: _COMPARED,
    DATE: _COMPARED,
    YES_NO: _NAMED,
    CHOICE: _NAMED,
}
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


class InvalidAttribute(WagtailDripError):
    """A declared attribute was given a value that is not of its type."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """:ivar choices: of a choice: what is kept, and how it is called."""

    name: str
    type: str
    label: str | Promise
    choices: Mapping[str, str | Promise] = field(default_factory=dict)


def declared() -> dict[str, Declared]:
    """Return the declared attributes by name; what cannot work is left out, and a check names it."""
    return {name: _declaration(name, spec) for name, spec in _given().items() if not _problem(name, spec)}


def problems() -> Iterator[str]:
    """Yield what cannot work of the setting, in words."""
    given: Any = conf.settings.ATTRIBUTES
    if not isinstance(given, dict):
        yield "it must be a dict of dicts."
    for name, spec in _given().items():
        if problem := _problem(name, spec):
            yield f"{name!r}: {problem}"


def _given() -> dict[Any, Any]:
    given: Any = conf.settings.ATTRIBUTES
    return given if isinstance(given, dict) else {}


def _problem(name: Any, spec: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "a name begins with a letter and has only small letters a to z, digits and _."
    if not isinstance(spec, dict) or spec.get("TYPE") not in TYPES:
        return f"TYPE must be one of {', '.join(TYPES)}."
    if unknown := sorted(set(spec) - {"TYPE", "LABEL", "CHOICES"}):
        return f"{', '.join(map(str, unknown))} is no option of an attribute."
    choices = spec.get("CHOICES")
    if spec["TYPE"] == CHOICE and not (isinstance(choices, dict) and choices):
        return "a choice needs CHOICES, a dict of what is kept to how it is called."
    return ""


def _declaration(name: str, spec: Mapping[str, Any]) -> Declared:
    return Declared(
        name=name,
        type=spec["TYPE"],
        label=spec.get("LABEL") or name.replace("_", " ").capitalize(),
        choices={str(key): label for key, label in (spec.get("CHOICES") or {}).items()},
    )


def clean(name: str, value: Any) -> Any:
    """
    Return *value* as its attribute keeps it; None and what nobody declared as it is.

    :raises InvalidAttribute: naming the attribute, and what it should be.
    """
    known = declared().get(name)
    if known is None or value is None:
        return value
    found = _CLEANERS[known.type](known, value)
    if found is None:
        raise InvalidAttribute(f"{known.label}: {expected(known)}")
    return found


def expected(known: Declared) -> str:
    """Return what a value of this attribute should be, as a sentence to whoever typed another."""
    if known.type == NUMBER:
        return _("Write a number, with a point before decimals.")
    if known.type == DATE:
        return _("Write a date like 2026-12-24.")
    if known.type == YES_NO:
        return _("Write yes or no.")
    return _("Write one of these: %(choices)s.") % {"choices": listed(known.choices)}


def _text(known: Declared, value: Any) -> Any:
    return str(value)


def _number(known: Declared, value: Any) -> Any:
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= 10**15:
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def _date(known: Declared, value: Any) -> Any:
    text = value.isoformat() if isinstance(value, date) else str(value).strip()
    return text if read_date(text) else None


def _yes_no(known: Declared, value: Any) -> Any:
    word = str(value).strip().casefold()
    return True if word in _YES else False if word in _NO else None


def _choice(known: Declared, value: Any) -> Any:
    """As it is kept, or as it is called, whatever the capitals."""
    word = str(value).strip().casefold()
    for key, label in known.choices.items():
        if word in (key.casefold(), str(label).casefold()):
            return key
    return None


_CLEANERS = {TEXT: _text, NUMBER: _number, DATE: _date, YES_NO: _yes_no, CHOICE: _choice}


def rule_fault(name: str, operator: str, value: str) -> str:
    """Return what is wrong with a rule about an attribute, in words; '' where nothing is."""
    known = declared().get(name.removeprefix("contact."))
    if known is None or known.type == TEXT:
        return ""
    if operator not in OPERATORS[known.type]:
        return _("“%(attribute)s” cannot be tested so. Choose another test.") % {"attribute": known.label}
    if value and _CLEANERS[known.type](known, value) is None:
        return f"{known.label}: {expected(known)}"
    return ""


def kept(name: str, value: str) -> str:
    """Return what a rule compares with as the attribute keeps it: a choice that was written as it is called."""
    try:
        found = clean(name.removeprefix("contact."), value)
    except InvalidAttribute:
        return value  # the faults say it
    return str(found).lower() if isinstance(found, bool) else str(found)


def label_of(name: str) -> str:
    """Return how an attribute is called: its label, else its name."""
    known = declared().get(name.removeprefix("contact."))
    return str(known.label) if known is not None else name


def shown(name: str, value: Any) -> Any:
    """Return a value as people read it: a choice by its label, a truth as yes or no."""
    known = declared().get(name.removeprefix("contact."))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if known is not None and known.type == CHOICE:
        return str(known.choices.get(str(value), value))
    return value
