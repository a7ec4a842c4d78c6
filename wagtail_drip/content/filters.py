"""
What may stand behind a "|" in a text: filters that finish at once, whatever they are given. Pure.

Values are plain (see ``language.plain``) and short. No filter makes more than it was given and a template's
own words, reads a clock, or calls anything of a value.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from typing import Any
from urllib.parse import quote_plus

from liquid.undefined import is_undefined

# No sum in a text message needs more, and no chain of "times" may grow for ever.
_LARGEST = Decimal(10) ** 15
_MOST_PLACES = 6
# Python hands other directives to the C library, where some are the platform's own.
_STRFTIME = re.compile(r"%(-?)([aAbBdHIjmMpSUWwyY%])")


class BadArgument(Exception):
    """A filter cannot do what the text asks of it."""


def _text(value: Any) -> str:
    if value is None or is_undefined(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: Any) -> Decimal:
    if value is None or is_undefined(value) or value == "":
        return Decimal(0)
    try:
        number = Decimal(_text(value).strip())
        if not number.is_finite() or abs(number) > _LARGEST:
            raise BadArgument
    except DecimalException:
        raise BadArgument from None
    # More places than anybody reads would let a product grow with every step.
    return round(number, 12) if number.as_tuple().exponent < -12 else number  # type: ignore[operator] # finite


def _whole(value: Any, *, at_most: int) -> int:
    return max(0, min(int(_number(value)), at_most))


def _shown(number: Decimal) -> int | Decimal:
    if abs(number) > _LARGEST:
        raise BadArgument
    return int(number) if number == number.to_integral_value() and number.as_tuple().exponent >= 0 else number  # type: ignore[operator] # finite


def _on_text(work: Callable[[str], str]) -> Callable[[Any], str]:
    @functools.wraps(work)
    def filter_(value: Any) -> str:
        return work(_text(value))

    return filter_


def _on_numbers(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], int | Decimal]:
    @functools.wraps(work)
    def filter_(value: Any, other: Any) -> int | Decimal:
        return _shown(work(_number(value), _number(other)))

    return filter_


def _divided_by(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        raise BadArgument
    if left.as_tuple().exponent == right.as_tuple().exponent == 0:
        return (left / right).to_integral_value(ROUND_FLOOR)  # Liquid's whole numbers stay whole.
    return round(left / right, _MOST_PLACES).normalize()


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        raise BadArgument
    return left % right


def _default(value: Any, instead: Any = "") -> Any:
    if value is None or is_undefined(value) or value is False:
        return instead
    return instead if isinstance(value, str | list | dict) and not value else value


def _round(value: Any, places: Any = 0) -> int | Decimal:
    digits = _whole(places, at_most=_MOST_PLACES)
    number = _number(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return _shown(number)


def _truncate(value: Any, length: Any = 50, end: Any = "...") -> str:
    text, tail = _text(value), _text(end)
    most = _whole(length, at_most=10_000)
    if len(text) <= most:
        return text
    return text[: max(0, most - len(tail))] + tail


def _truncatewords(value: Any, words: Any = 15, end: Any = "...") -> str:
    found = _text(value).split()
    most = max(1, _whole(words, at_most=10_000))
    return " ".join(found) if len(found) <= most else " ".join(found[:most]) + _text(end)


def _members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _date(value: Any, form: Any = "%-d %B %Y") -> str:
    """Return a date or moment (ISO 8601) as *form* says; what is no date stays as it is."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
    if not isinstance(moment, date):
        return _text(value)

    def part(found: re.Match[str]) -> str:
        # "%-d" without its zero: not every platform's C library knows it.
        shown = moment.strftime(f"%{found[2]}")
        return (shown.lstrip("0") or "0") if found[1] else shown

    return _STRFTIME.sub(part, _text(form))


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else len(_text(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "capitalize": _on_text(str.capitalize),
    "upcase": _on_text(str.upper),
    "downcase": _on_text(str.lower),
    "strip": _on_text(str.strip),
    "lstrip": _on_text(str.lstrip),
    "rstrip": _on_text(str.rstrip),
    "truncate": _truncate,
    "truncatewords": _truncatewords,
    "append": lambda value, other: _text(value) + _text(other),
    "prepend": lambda value, other: _text(other) + _text(value),
    "url_encode": _on_text(quote_plus),
    "date": _date,
    "plus": _on_numbers(lambda left, right: left + right),
    "minus": _on_numbers(lambda left, right: left - right),
    "times": _on_numbers(lambda left, right: left * right),
    "divided_by": _on_numbers(_divided_by),
    "modulo": _on_numbers(_modulo),
    "at_least": _on_numbers(max),
    "at_most": _on_numbers(min),
    "round": _round,
    "floor": lambda value: int(_number(value).to_integral_value(ROUND_FLOOR)),
    "ceil": lambda value: int(_number(value).to_integral_value(ROUND_CEILING)),
    "abs": lambda value: _shown(abs(_number(value))),
    "first": lambda value: next(iter(_members(value)), None),
    "last": lambda value: next(reversed(_members(value)), None),
    "join": lambda value, between=" ": _text(between).join(_text(each) for each in _members(value)),
    "size": _size,
}
