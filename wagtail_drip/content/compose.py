"""From a pinned text and a contact to the words of a message: variables, short links, segments."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet
from wagtail.models import Site

from wagtail_drip.conf import settings
from wagtail_drip.content import context, language, problems
from wagtail_drip.content.models import PinnedText
from wagtail_drip.content.types import Addressee, Composed, TextToCompose
from wagtail_drip.core.among import Among
from wagtail_drip.core.prepared import prepared
from wagtail_drip.gateways import encoding
from wagtail_drip.links import actions as links
from wagtail_drip.links import personal
from wagtail_drip.links.types import LinkSpec

__all__ = ["Composed", "TextToCompose", "addresses", "compose", "imagine", "preview_context"]

# RFC 3986's characters, and letters of alphabets that put spaces between words: an address in a Chinese or
# Japanese sentence ends where the sentence goes on.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%\u00a1-\u02ff\u0370-\u052f]+", re.IGNORECASE)
# As long as every short link is; it leads nowhere.
SAMPLE_CODE = "a1B2c3D4"
Veil = Callable[[dict[str, Any]], dict[str, Any]]
# What ends a sentence or a quotation after an address rather than the address.
_TRAILING = ".,;:!?'*"


@dataclass(frozen=True, kw_only=True)
class _Address:
    start: int
    end: int
    url: str


def compose(
    texts: Sequence[TextToCompose], *, now: datetime, known: Mapping[int, Addressee] | None = None
) -> dict[str, Composed]:
    """
    Return the words of each message by its key, in a fixed number of queries for the whole batch.

    Nothing raises for one text: what cannot be worded says so in ``error``. Composing again gives the same
    short links.

    :param known: contacts that were read already, by their ids.
    """
    return _worded(texts, known or {}, partial(links.make_links, now=now), _as_they_are, now=now)


def imagine(
    texts: Sequence[TextToCompose], *, now: datetime, veil: Veil | None = None
) -> dict[str, Composed]:
    """
    Return the words of messages that nobody sends, as ``compose`` would, and as long: but no link is made.

    Their links lead nowhere, those to pages of the contact's own open nothing: whoever looks is somebody else.

    :param veil: what is shown of the variables, of all texts in one call.
    """
    sites = {site.pk: site for site in Site.objects.filter(pk__in={text.site_id for text in texts})}

    def shown(text: TextToCompose, variables: dict[str, Any]) -> dict[str, Any]:
        if "link" in variables and text.site_id in sites:
            variables = {**variables, "link": personal.sample_addresses(sites[text.site_id])}
        return veil(variables) if veil is not None else variables

    return _worded(texts, {}, _imagined_links, shown, now=now)


def _imagined_links(specs: Sequence[LinkSpec]) -> dict[tuple[str, int], str]:
    return {(spec.message_key, spec.position): links.short_url(SAMPLE_CODE) for spec in specs}


def _as_they_are(_text: TextToCompose, variables: dict[str, Any]) -> dict[str, Any]:
    return variables


def _worded(
    texts: Sequence[TextToCompose],
    known: Mapping[int, Addressee],
    make: Callable[[Sequence[LinkSpec]], Mapping[tuple[str, int], str]],
    veil: Callable[[TextToCompose, dict[str, Any]], dict[str, Any]],
    *,
    now: datetime,
) -> dict[str, Composed]:
    sources = _sources(texts)
    parsed: dict[str, language.Template] = {}
    done: dict[str, Composed] = {}
    for text in texts:
        source = sources.get(text.message_key)
        try:
            if source is None:
                raise language.TemplateError("gone")
            parsed[text.message_key] = language.parse(source)
        except language.TemplateError as error:
            done[text.message_key] = Composed(body="", error=problems.explain(error))
    waiting = [text for text in texts if text.message_key in parsed]
    rendered = _render(waiting, parsed, done, known, veil, now=now)
    bodies = _with_short_links(waiting, rendered, make)
    for key, body in bodies.items():
        cost = encoding.count(body)
        done[key] = Composed(
            body=body, segments=cost.segments, encoding=cost.encoding, missing=rendered[key].missing
        )
    return done


def _sources(texts: Sequence[TextToCompose]) -> dict[str, str]:
    pinned = {text.pinned_text_id for text in texts if text.pinned_text_id is not None}
    found = dict(_pinned(pinned)) if pinned else {}
    return {
        text.message_key: text.source if text.pinned_text_id is None else found[text.pinned_text_id]
        for text in texts
        if text.pinned_text_id is None or text.pinned_text_id in found
    }


@prepared
def _pinned(ids: Collection[int]) -> QuerySet[Any]:
    return PinnedText.objects.filter(Among("pk", ids)).values_list("pk", "source")


def _render(
    texts: Sequence[TextToCompose],
    parsed: Mapping[str, language.Template],
    done: dict[str, Composed],
    known: Mapping[int, Addressee],
    veil: Callable[[TextToCompose, dict[str, Any]], dict[str, Any]],
    *,
    now: datetime,
) -> dict[str, language.Rendered]:
    subjects = [
        context.Subject(contact_id=text.contact_id, site_id=text.site_id, event=_event(text.variables))
        for text in texts
    ]
    roots = {root for text in texts for root in parsed[text.message_key].roots}
    rendered: dict[str, language.Rendered] = {}
    everybody = context.build(subjects, roots=roots, known=known, now=now)
    for text, built in zip(texts, everybody, strict=True):
        try:
            made = parsed[text.message_key].render(veil(text, {**built, **text.variables}))
        except language.TemplateError as error:
            done[text.message_key] = Composed(body="", error=problems.explain(error))
            continue
        rendered[text.message_key] = language.Rendered(text=made.text.strip(), missing=made.missing)
    return rendered


def _event(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    event = variables.get("event")
    return event if isinstance(event, Mapping) else {}


def _with_short_links(
    texts: Sequence[TextToCompose],
    rendered: Mapping[str, language.Rendered],
    make: Callable[[Sequence[LinkSpec]], Mapping[tuple[str, int], str]],
) -> dict[str, str]:
    """Return the bodies with every address behind a short one of our own, made for the whole batch at once."""
    specs: list[LinkSpec] = []
    places: dict[str, list[_Address]] = {}
    for text in texts:
        if text.message_key not in rendered:
            continue
        tracked = text.track_links and bool(settings.PUBLIC_BASE_URL)
        places[text.message_key] = _find(rendered[text.message_key].text) if tracked else []
        specs += [
            LinkSpec(
                message_key=text.message_key,
                position=position,
                url=place.url,
                contact_id=text.contact_id,
                site_id=text.site_id,
                sequence_id=text.sequence_id,
                step_id=text.step_id,
            )
            for position, place in enumerate(places[text.message_key])
        ]
    short = make(specs)
    return {
        key: _replaced(rendered[key].text, found, [short[key, position] for position in range(len(found))])
        for key, found in places.items()
    }


def addresses(text: str) -> list[str]:
    """Return the web addresses in *text*, as they will stand behind short links."""
    return [place.url for place in _find(text)]


def _find(text: str) -> list[_Address]:
    found = []
    for match in _ADDRESS.finditer(text):
        url = match[0]
        while url and (url[-1] in _TRAILING or (url[-1] == ")" and url.count("(") < url.count(")"))):
            url = url[:-1]
        if not url.lower().rstrip("/").endswith((":", "http", "https")) and not _is_ours(url):
            found.append(_Address(start=match.start(), end=match.start() + len(url), url=url))
    return found


def _is_ours(url: str) -> bool:
    """Tell whether *url* is a short link already: carriers filter chains of redirects."""
    return url.startswith(links.short_url("x").removesuffix("x/"))


def _replaced(text: str, places: Sequence[_Address], shorts: Sequence[str]) -> str:
    parts: list[str] = []
    position = 0
    for place, short in zip(places, shorts, strict=True):
        parts += [text[position : place.start], short]
        position = place.end
    return "".join([*parts, text[position:]])


def preview_context(
    contact_id: int | None, event: Mapping[str, Any], site_id: int, *, now: datetime
) -> dict[str, Any]:
    """
    Return the variables that a text would have for this contact and event, from the same builder.

    The links to pages of the contact's own open nothing: whoever looks is somebody else.
    """
    subject = context.Subject(contact_id=contact_id, site_id=site_id, event=event)
    shown = context.build([subject], roots=("contact", "interests", "order", "cart", "shop"), now=now)[0]
    site = Site.objects.filter(pk=site_id).first()
    return {**shown, "link": personal.sample_addresses(site) if site is not None else {}}
