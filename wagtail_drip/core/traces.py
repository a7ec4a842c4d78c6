"""What went wrong, for the log: where, and of which kind, but without the error's own words.

A database quotes the row that it refuses, a parser the request, a client the address that it called; and with
them a number or a text, which no log may hold.
"""

from __future__ import annotations

import traceback

_LONGEST = 4000


def trace_of(error: BaseException) -> str:
    """Return the frames of *error* and its kind, the innermost last."""
    frames = "".join(traceback.format_tb(error.__traceback__))[-_LONGEST:]
    cause = f" from {type(error.__cause__).__qualname__}" if error.__cause__ is not None else ""
    return f"{frames}{type(error).__qualname__}{cause}"
