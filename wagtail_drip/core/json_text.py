"""JSON to and from text, by orjson where it is installed and can, in the standard library's words elsewhere."""

from __future__ import annotations

import json
from typing import Any

try:
    import orjson
except ImportError:  # no wheel for this platform
    orjson = None  # type: ignore[assignment]
else:
    # What the standard library refuses is a mistake with either.
    _AS_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def dumps(value: Any) -> str:
    """
    Return *value* as JSON.

    :raises TypeError: if it has anything that JSON does not know.
    """
    if orjson is not None:
        try:
            return orjson.dumps(value, option=_AS_STRICT).decode()
        except TypeError:  # among others whole numbers of more than 64 bits, and keys that are no texts
            pass
    return json.dumps(value)


def loads(text: str | bytes) -> Any:
    """:raises ValueError: if *text* is no JSON."""
    if orjson is not None:
        try:
            return orjson.loads(text)
        except ValueError:  # whole numbers of more than 64 bits it takes for mistakes
            pass
    return json.loads(text)
