"""Our texts' language: what it shows, what it refuses, and that no text can hang, grow or call anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wagtail_drip.content import language
from wagtail_drip.content.filters import FILTERS
from wagtail_drip.content.language import LONGEST_TEXT, Rendered, TemplateError, parse, plain

VALUES: dict[str, Any] = {
    "contact": {"first_name": "Mei", "last_name": "", "points": 120},
    "event": {
        "total": "60.50",
        "products": [{"name": "Tea", "price": "4.00"}, {"name": "Cup", "price": "9.50"}],
        "starts_at": "2026-12-01T14:30:00+00:00",
        "zero": 0,
        "no": False,
    },
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {{ contact.first_name }}!", "Hi Mei!"),
        ("{{contact.first_name|upcase}}", "MEI"),
        ("{{ contact['first_name'] }}", "Mei"),
        ("{{ contact.nickname | default: 'friend' }}", "friend"),
        ("{{ contact.last_name | default: 'friend' }}", "friend"),
        ("{{ event.zero | default: 5 }}", "0"),
        ("{{ event.total }}", "60.50"),
        ("{% if event.total > 50 %}big{% elsif event.total > 20 %}middle{% else %}small{% endif %}", "big"),
        ("{% unless event.no %}shown{% endunless %}", "shown"),
        ("{% case contact.first_name %}{% when 'Mei' %}you{% else %}other{% endcase %}", "you"),
        (
            "{% for p in event.products %}{{ p.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}",
            "Tea, Cup",
        ),
        (
            "{{ event.products[1].name }} {{ event.products.first.name }} {{ event.products | size }}",
            "Cup Tea 2",
        ),
        ("{{ event.starts_at | date: '%-d %B, %H:%M' }}", "1 December, 14:30"),
        ("{{ 'soon' | date: '%Y' }}", "soon"),
        ("{{ event.total | times: 2 }} {{ event.total | minus: 0.5 }}", "121.00 60.00"),
        ("{{ 7 | divided_by: 2 }} {{ 7.0 | divided_by: 2 }}", "3 3.5"),
        ("{{ event.total | round }} {{ event.total | floor }} {{ event.total | ceil }}", "61 60 61"),
        ("{{ 'green tea' | capitalize | truncate: 8 }}", "Green..."),
        ("{{ 'a b c d' | truncatewords: 2 }}", "a b..."),
        ("{{ 'a b&c' | url_encode }}", "a+b%26c"),
        ("{% raw %}{{ as it is }}{% endraw %}", "{{ as it is }}"),
        ("{% comment %}not shown{% endcomment %}shown", "shown"),
        ("Save 50% { on } tea", "Save 50% { on } tea"),
    ],
)
def test_what_a_text_shows(source: str, text: str) -> None:
    assert parse(source).render(VALUES) == Rendered(text=text)


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("{{ contact.nickname }}", ("contact.nickname",)),
        ("{{ contact.last_name }} {{ order.number }}", ("contact.last_name", "order.number")),
        ("{{ contact.nickname | upcase }}", ("contact.nickname",)),
        ("{{ contact.points | plus: event.bonus }}", ("event.bonus",)),
        ("{{ event.products[7].name }}", ("event.products[7].name",)),
        ("{{ contact.nickname | default: '' }}", ()),
        ("{% if contact.nickname %}{{ contact.nickname }}{% endif %}", ()),
        ("{% if contact.first_name %}{{ contact.nickname }}{% endif %}", ("contact.nickname",)),
        ("{{ event.zero }}{{ event.no }}", ()),
        ("{{ contact.nickname }}{{ contact.nickname }}", ("contact.nickname",)),
        ("{% if contact.points > 1 and event.bonus > 3 %}x{% endif %}", ()),
    ],
)
def test_what_is_missing_is_named_and_never_raised(source: str, missing: tuple[str, ...]) -> None:
    assert parse(source).render(VALUES).missing == missing


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Hi\n{{ contact.first_name", "Line 2: A “{{” is opened and not closed."),
        ("Hi {% if x", "Line 1: A “{%” is opened and not closed."),
        ("{% if x %}\n{% if y %}a{% endif %}", "Line 1: “if” is begun and has no “endif”."),
        ("a\n\n{% for x in y %}", "Line 3: “for” is begun and has no “endfor”."),
        ("a{% endif %}", "Line 1: “endif” belongs to nothing that was begun before it."),
        ("{{ x }}\n{{ }}", "Line 2: Between the braces there is nothing."),
        ("{{ x | shout }}", "Line 1: There is no filter “shout”."),
        ("\n{{ x | plus }}", "Line 2: The filter “plus” is not given what it needs."),
        ("{{ x | upcase: 1, 2, 3 }}", "Line 1: The filter “upcase” is not given what it needs."),
        ("{% include 'secrets' %}", "Line 1: There is no command “include”."),
        ("{% assign x = 1 %}", "Line 1: There is no command “assign”."),
        ("{{ first name }}", "Line 1: “name” is not understood here."),
        ("{{ x | default: “friend” }}", "Line 1: Use straight quotes (\" or ') between the braces, not “““."),
        (
            "{% for i in (1..999999999) %}x{% endfor %}",
            "Line 1: Counting from one number to another is not possible here.",
        ),
        ("{{ (1..999999999) | join }}", "Line 1: Counting from one number to another is not possible here."),
        ("x" * 5001, "Line 1: The text is too long."),
        ("{{" * 2500, "Line 1: There are too many variables and commands in the text."),
        ("x[" * 101, "Line 1: There are too many variables and commands in the text."),
        ("{% if x %}" * 20 + "{% endif %}" * 20, "Line 1: There are too many commands inside each other."),
    ],
)
def test_what_is_wrong_is_told_with_its_line_in_plain_words(source: str, told: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        parse(source)

    assert str(refusal.value) == told.replace("not “““.", "not ““”.")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ 1 | divided_by: 0 }}", "cannot_render"),
        ("{{ 'x' | times: 2 }}", "cannot_render"),
        ("{{ 999999999999999 | times: 999999999999999 }}", "cannot_render"),
        ("{% if contact.first_name > 3 %}x{% endif %}", "cannot_render"),
        ("{% for a in many %}{% for b in many %}x{% endfor %}{% endfor %}", "too_many_rounds"),
        ("{% for a in many %}{{ long }}{% endfor %}", "text_too_long"),
    ],
)
def test_values_that_make_no_text_are_refused(source: str, code: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        parse(source).render({**VALUES, "many": list(range(1000)), "long": "長" * 2000})

    assert refusal.value.code == code


def test_a_template_names_its_variables_but_not_its_own_loop_s() -> None:
    template = parse(
        "{% if event.total > 5 %}{{ contact.first_name }}{% endif %}"
        "{% for p in event.products %}{{ p.name }}{{ forloop.index }}{% endfor %}{{ shop['name'] }}"
    )

    assert template.variables == {"event.total", "contact.first_name", "event.products", "shop.name"}
    assert template.roots == {"event", "contact", "shop"}


def test_the_same_source_is_read_once() -> None:
    assert parse("Hi {{ contact.first_name }}") is parse("Hi {{ contact.first_name }}")


class Trap:
    """Everything a template might ask an object for is noted."""

    touched: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in ("__class__", "__dict__"):
            Trap.touched.append(name)
        return lambda *args, **kwargs: "pwned"

    def __str__(self) -> str:
        Trap.touched.append("__str__")
        return "pwned"

    def __getitem__(self, key: Any) -> Any:
        Trap.touched.append("__getitem__")
        return "pwned"

    def __iter__(self) -> Iterator[Any]:
        Trap.touched.append("__iter__")
        return iter(["pwned"])

    def __len__(self) -> int:
        Trap.touched.append("__len__")
        return 1

    def __call__(self) -> str:
        Trap.touched.append("__call__")
        return "pwned"


class SlyText(str):
    def __str__(self) -> str:
        Trap.touched.append("SlyText.__str__")
        return "pwned"

    def upper(self) -> str:
        Trap.touched.append("SlyText.upper")
        return "pwned"

    def __html__(self) -> str:
        return "pwned"


class SlyDict(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        Trap.touched.append("SlyDict.__getitem__")
        return "pwned"

    def items(self) -> Any:
        Trap.touched.append("SlyDict.items")
        return [("a", "pwned")]

    def delete(self) -> str:
        Trap.touched.append("SlyDict.delete")
        return "pwned"


@pytest.mark.parametrize(
    "source",
    [
        "{{ o }}",
        "{{ o.delete }}",
        "{{ o.a.b }}",
        "{{ o['__class__'] }}",
        "{{ o | upcase | size }}",
        "{% for x in o %}{{ x }}{% endfor %}",
        "{% if o == 'pwned' %}x{% endif %}",
        "{{ o.first }}{{ o.size }}",
        "{{ o | join: ',' }}{{ o | first }}{{ o | default: 'd' }}",
    ],
)
@pytest.mark.parametrize(
    "kind",
    [Trap, SlyDict, lambda: SlyText("text"), lambda: [Trap()], lambda: {"a": Trap()}],
    ids=["an object", "a dict's child", "a text's child", "in a list", "in a dict"],
)
def test_nothing_of_a_value_is_ever_called(source: str, kind: Any) -> None:
    Trap.touched.clear()

    text = parse(source).render({"o": kind()}).text

    assert "pwned" not in text
    assert Trap.touched == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("45.00", Decimal("45.00")),
        ("007", "007"),
        ("1.5.2", "1.5.2"),
        (True, True),
        (12, 12),
        (10**40, None),
        (1.5, Decimal("1.5")),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("1e999999"), None),
        (date(2026, 1, 2), date(2026, 1, 2)),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        (("a", ["b"]), ["a", ["b"]]),
        pytest.param({1: "a", "b": object()}, {"b": None}, id="a dict with an object"),
        (b"bytes", None),
        ("x" * 9000, "x" * 2000),
        (list(range(90)), list(range(50))),
    ],
    ids=str,
)
def test_values_become_plain_data(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_value_deeper_than_any_text_needs_is_cut() -> None:
    nested: Any = "bottom"
    for _ in range(5000):
        nested = {"a": nested}

    assert "bottom" not in str(plain(nested))


names = st.sampled_from(
    ["contact", "event", "x", "a.b", "event.list", "x[0]", "x[y]", "'t'", "1", "9999999999", "nil"]
)
filters = st.sampled_from(sorted(FILTERS)).flatmap(
    lambda name: st.lists(names, max_size=2).map(lambda args: f"{name}: {', '.join(args)}" if args else name)
)
outputs = st.tuples(names, st.lists(filters, max_size=4)).map(
    lambda made: "{{ " + " | ".join([made[0], *made[1]]) + " }}"
)
tags = st.sampled_from(
    [
        "{% if x %}",
        "{% else %}",
        "{% endif %}",
        "{% for i in event.list %}",
        "{% endfor %}",
        "{% break %}",
        "{% case x %}",
        "{% when 1 %}",
        "{% endcase %}",
        "{% if x contains a and event.list > 1 %}",
        "{% for i in x reversed limit: 3 %}",
        "{% raw %}",
        "{% endraw %}",
    ]
)
sources = st.lists(
    st.one_of(outputs, tags, st.text(max_size=20), st.sampled_from("{}%|'\"[]().-\n")), max_size=14
).map("".join)
data = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=30),
        st.decimals(),
        st.datetimes(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=60), st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(sources, data, data)
@example("{{ x | append: x | append: x | times: x }}", "9" * 5000, None)
@example(
    "{% for a in x %}{% for b in x %}{% for c in x %}{{ a }}{% endfor %}{% endfor %}{% endfor %}", [1] * 99, 0
)
@example("{{ " + "x | append: " * 300 + "x }}", "x" * 2000, 0)
@example("{% if " + "x == x and " * 400 + "x %}y{% endif %}", 1, 0)
@example("{{ " + "x[" * 800 + "0" + "]" * 800 + " }}", {"a": 1}, 0)
@example("{{ x | round: 999999999 }}{{ x | truncate: 999999999999 }}", Decimal("1.5"), 0)
@example("{{ x | date: '%999999999Y%c%s%x' }}", "2026-01-02", 0)
@example("{{ 'now' | date: '%Y' }}", 0, 0)
@example("{%" * 2500, 0, 0)
@example("{{" * 2500, 0, 0)
@example("{{" * 99 + " " * 4000 + "}}", 0, 0)
@example("{" * 199 + "{%" * 99, 0, 0)
@example("{{ '" * 1200, 0, 0)
@example(" " * 4990 + "{{ x }}", 0, 0)
@example("{% raw %}" * 500, 0, 0)
@example("{% comment %}" * 380, 0, 0)
def test_no_text_hangs_or_outgrows_its_limits(source: str, x: Any, event: Any) -> None:
    began = time.perf_counter()
    failure, text = None, ""
    try:
        values = {"x": x, "contact": x, "event": {"list": event}, "a": {"b": event}, "y": 0}
        text = parse(source).render(values).text
    except TemplateError as error:
        failure = error

    assert time.perf_counter() - began < 5
    assert len(text.encode("utf-8", "surrogatepass")) <= LONGEST_TEXT
    assert failure is None or 1 <= failure.line <= source.count("\n") + 1


def test_every_problem_has_words() -> None:
    for words in language.PROBLEMS.values():
        assert words.format(name="x").endswith(".")
