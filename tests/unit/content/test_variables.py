"""Which variables a text may use, and which of its own are most likely misspelt."""

from __future__ import annotations

import pytest

from wagtail_drip.content import problems, variables
from wagtail_drip.content.language import PROBLEMS, TemplateError, parse
from wagtail_drip.events import catalogue


def test_the_event_s_own_come_first_and_everybody_s_after() -> None:
    names = [variable.name for variable in variables.known("order_placed")]

    assert names[0].startswith("event.")
    assert {"event.order_id", "contact.first_name", "order.total", "cart.url", "shop.name"} <= set(names)
    assert len(names) == len(set(names))
    assert not any(variable.name.startswith("event.") for variable in variables.known())


@pytest.mark.parametrize("event", ["", *(known.name for known in catalogue.all_types())])
def test_every_known_variable_has_a_sample_that_a_text_can_show(event: str) -> None:
    values = variables.samples(event)

    for variable in variables.known(event):
        assert str(variable.label)
        rendered = parse("{{ " + variable.name + " }}").render(values)
        assert rendered.missing == () or variable.sample == "", variable.name


@pytest.mark.parametrize(
    ("source", "event", "unknown"),
    [
        ("{{ contact.first_name }} {{ contact.shoe_size }}", "", []),
        ("{{ order.number }} {{ order.weight }}", "", ["order.weight"]),
        ("{{ first_name }}", "", ["first_name"]),
        ("{{ kontact.first_name }}{{ shop }}", "", ["kontact.first_name", "shop"]),
        ("{{ event.anything }}", "", []),
        ("{{ event.order_id }} {{ event.colour }}", "order_placed", ["event.colour"]),
        (
            "{{ event.products[0].name }}{% for p in event.products %}{{ p.colour }}{% endfor %}",
            "order_placed",
            [],
        ),
        ("{{ event.anything }}", "custom:lesson-missed", []),
        ("{{ contact }} {{ event }}", "", ["contact", "event"]),
        ("{{ shop.name.first }}", "", ["shop.name.first"]),
    ],
)
def test_what_nothing_would_ever_fill_is_found(source: str, event: str, unknown: list[str]) -> None:
    assert variables.unknown_in(source, event) == unknown


def test_a_text_that_cannot_be_read_says_so() -> None:
    with pytest.raises(TemplateError):
        variables.unknown_in("{{ contact.first_name")


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_an_editor_is_told_the_line_and_the_problem(code: str) -> None:
    told = problems.explain(TemplateError(code, line=3, name="x"))

    assert told == f"Line 3: {PROBLEMS[code].format(name='x')}"
