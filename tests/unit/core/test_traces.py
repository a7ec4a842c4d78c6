from __future__ import annotations

from wagtail_drip.core.traces import trace_of

NUMBER = "+447400123456"
ROW = f"Failing row contains ({NUMBER}, Hello Ada)."


def refuse() -> None:
    try:
        raise KeyError(NUMBER)
    except KeyError as error:
        raise ValueError(ROW) from error


def test_a_trace_says_where_and_of_which_kind_but_repeats_no_words() -> None:
    try:
        refuse()
    except ValueError as error:
        trace = trace_of(error)

    assert trace.splitlines()[-1] == "ValueError from KeyError"
    assert "in refuse" in trace
    assert NUMBER not in trace
    assert "Hello" not in trace
