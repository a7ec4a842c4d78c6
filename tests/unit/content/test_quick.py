"""The short way gives what the interpreter gives, or leaves it to the interpreter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wagtail_drip.content import language

NAMES = ["first_name", "city", "size", "first"]
PIECES = [
    "Hi ",
    "茶 ",
    "\r\n",
    "{{ contact.first_name }}",
    "{{- contact.city -}}",
    "{{ contact.first_name | default: 'friend' }}",
    '{{ contact.city | default: "" }}',
    "{{ contact['city'] }}",
    "{{ contact.size }}",
    "{{ contact.size | default: 'none' }}",
    "{{ contact.first | default: 'none' }}",
    "{{ event.number }}",
    "{{ event.number | default: 5 }}",
    "{{ event.number | default: event.total }}",
    "{{ event.total | default: 'x' }}",
    "{{ event.total | upcase }}",
    "{{ event.products[0] }}",
    "{{ event }}",
    "{{ 'words' }}",
    "{{ contact.city | default: 'a' | upcase }}",
    "{% if contact.city %}in {{ contact.city }}{% endif %}",
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**19), 10**19),
    st.floats(),
    st.decimals(),
    st.text(max_size=8),
    st.sampled_from(["", " ", "\n", "9.50", "-0.00", "a\rb", "\ud800", "x" * 2001, "茶" * 2000, "1e5"]),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=3), max_size=2),
)
HOLDERS = st.one_of(
    st.dictionaries(st.sampled_from([*NAMES, "number", "total", "products"]), VALUES, max_size=6),
    st.none(),
    st.text(max_size=3),
    st.lists(st.text(max_size=2), max_size=2),
)
VARIABLES = st.fixed_dictionaries({}, optional={"contact": HOLDERS, "event": HOLDERS})


def outcome(work: Any, variables: dict[str, Any]) -> object:
    try:
        return work(variables)
    except language.TemplateError as error:
        return error.code, error.line, error.name


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=5), VARIABLES)
@example(["{{ contact.city }}"] * 4, {"contact": {"city": "茶" * 2000}})
@example(["{{ contact.city }}"], {"contact": {"city": "a\rb"}})
@example(["{{ event.total | default: 'x' }}"], {"event": {"total": False}})
@example(["{{ contact.size | default: 'none' }}"], {"contact": {"city": "x"}})
def test_both_ways_agree_on_every_text_and_every_value(pieces: list[str], variables: dict[str, Any]) -> None:
    template = language.parse("".join(pieces))

    assert outcome(template.render, variables) == outcome(template.interpret, variables)


@pytest.mark.parametrize(
    ("source", "variables", "text"),
    [
        ("Hi {{ contact.name | default: 'you' }}.", {"contact": {"name": "Mei"}}, "Hi Mei."),
        ("Hi {{ contact.name | default: 'you' }}.", {"contact": {"name": ""}}, "Hi you."),
        ("Hi {{ contact.name | default: 'you' }}.", {"contact": {}}, "Hi you."),
        ("No {{ event.number }}: {{ event.total }}", {"event": {"number": 7, "total": "9.50"}}, "No 7: 9.50"),
    ],
)
def test_an_ordinary_text_takes_the_short_way(
    source: str, variables: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = language.parse(source)
    monkeypatch.delattr(language.Template, "interpret")

    assert template.render(variables) == language.Rendered(text=text)


def test_a_missing_value_is_named_by_the_interpreter() -> None:
    rendered = language.parse("{{ contact.name }} {{ contact.city }}").render({"contact": {"city": " "}})

    assert rendered.missing == ("contact.name", "contact.city")


def test_what_is_no_text_and_no_number_is_left_to_the_interpreter() -> None:
    rendered = language.parse("{{ event.total }}").render({"event": {"total": Decimal("9.50")}})

    assert rendered.text == "9.50"
