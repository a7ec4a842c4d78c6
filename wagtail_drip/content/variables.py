"""The variables that a text may use, with the editor's words and a sample of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import attributes
from wagtail_drip.content import language
from wagtail_drip.events import catalogue

# Attributes are the site's own and any name may be one.
_OPEN_ROOTS = frozenset({"contact"})
# webhook.<name of the step>.<field of its answer>: what another system answers, only that system knows.
_ANSWERS = "webhook"
_INDEX = re.compile(r"\[.*")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """
    Something that a text can show.

    :param name: as it stands in the text: ``contact.first_name``.
    :param sample: what previews show where there is no customer to show.
    """

    name: str
    label: str | Promise
    sample: str


_ALWAYS = (
    Variable(name="contact.first_name", label=_("First name"), sample="Mei"),
    Variable(name="contact.last_name", label=_("Last name"), sample="Lin"),
    Variable(name="contact.language", label=_("Language"), sample="en"),
    Variable(name="order.number", label=_("Order: number"), sample="100042"),
    Variable(name="order.total", label=_("Order: total"), sample="45.00"),
    Variable(name="order.currency", label=_("Order: currency"), sample="GBP"),
    Variable(name="order.first_product", label=_("Order: first product"), sample="Green tea"),
    Variable(name="cart.total", label=_("Cart: total"), sample="30.00"),
    Variable(name="cart.currency", label=_("Cart: currency"), sample="GBP"),
    Variable(name="cart.first_product", label=_("Cart: first product"), sample="Teapot"),
    Variable(name="cart.url", label=_("Cart: link back to it"), sample="https://shop.example/cart"),
    Variable(name="interests.top", label=_("Interest: the first"), sample="Coffee"),
    Variable(name="interests.all", label=_("Interests: all"), sample="Coffee, Tea"),
    Variable(name="interests.stated", label=_("Interests: as they said"), sample="Coffee"),
    Variable(name="interests.shown", label=_("Interests: as they have shown"), sample="Tea"),
    Variable(name="shop.name", label=_("Shop: name"), sample="Tea House"),
    Variable(name="shop.url", label=_("Shop: address"), sample="https://shop.example"),
    Variable(
        name="link.preferences",
        label=_("Link: choose what they get"),
        sample="https://shop.example/drip/preferences/example/",
    ),
    Variable(
        name="link.stop", label=_("Link: stop all texts"), sample="https://shop.example/drip/stop/example/"
    ),
)


def known(event_name: str = "") -> list[Variable]:
    """Return the variables of every text, and first those of the event that the text is about."""
    event = catalogue.find(event_name) if event_name else None
    about = [
        Variable(name=f"event.{prop.name}", label=prop.label, sample=_shown(prop.sample))
        for prop in (event.properties if event is not None else ())
    ]
    return [*about, *_ALWAYS, *_declared()]


def _declared() -> list[Variable]:
    """Return the site's own attributes."""
    return [
        Variable(name=f"contact.{each.name}", label=each.label, sample=_sample(each))
        for each in attributes.declared().values()
    ]


def _sample(known: attributes.Declared) -> str:
    if known.type == attributes.CHOICE:
        return next(iter(known.choices))
    return {"number": "42", "date": "2026-12-24", "yes_no": "true"}.get(known.type, str(known.label))


def samples(event_name: str = "") -> dict[str, dict[str, object]]:
    """Return a value for every known variable, nested as a text reads them."""
    found: dict[str, dict[str, object]] = {}
    for variable in (*_ALWAYS, *_declared()):
        root, name = variable.name.split(".")
        found.setdefault(root, {})[name] = variable.sample
    found["event"] = dict(catalogue.sample(event_name)) if event_name else {}
    return found


def unknown_in(source: str, event_name: str = "") -> list[str]:
    """
    Return the variables in *source* that nothing would ever fill, most likely misspelt, in their order.

    ``contact.<anything>`` may be an attribute. Without *event_name* any property of an event may be meant;
    an event that is not in the catalogue may have any property as well.

    :raises TemplateError: if the text cannot be read.
    """
    event = catalogue.find(event_name) if event_name else None
    any_property = event is None or not event.properties
    names = {variable.name for variable in known(event_name)}
    found = []
    for path in sorted(language.parse(source).variables):
        root, _dot, rest = _INDEX.sub("", path).partition(".")
        if (root in _OPEN_ROOTS and rest) or (root == _ANSWERS and "." in rest):
            continue
        if root == "event" and rest and any_property:
            continue
        # "event.products" knows no further: what a product has differs between shops.
        if f"{root}.{rest.split('.')[0]}" not in names or (root != "event" and "." in rest):
            found.append(path)
    return found


def _shown(sample: object) -> str:
    if isinstance(sample, list):
        return ", ".join(str(each.get("name", "")) for each in sample if isinstance(each, dict))
    return str(sample)
