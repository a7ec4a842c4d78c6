"""One text as a phone shows it, with what it costs and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wagtail_drip.admin import sensitive_words as advising
from wagtail_drip.compliance import sensitive_words
from wagtail_drip.compliance.sensitive_words import Found, WordList
from wagtail_drip.conf import settings
from wagtail_drip.content import compose, language, problems
from wagtail_drip.gateways import encoding
from wagtail_drip.links import actions as links

# How people write that one may stop, in the languages of our keywords.
_OPT_OUT = re.compile(
    r"\b(?:stop|unsubscribe|opt[\s-]?out|stopp|arr[eê]t|alto|baja|cancelar|parar)\b|退订|退訂|拒收",
    re.IGNORECASE,
)

_WAY_OUT = re.compile(r"\{\{-?\s*link\.(?:stop|preferences)\b")


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """
    :ivar missing: the variables that have neither a value for this person nor a default.
    :ivar error: why the text cannot be shown at all; '' when it can.
    :ivar sensitive: words by which a network or a law of *place*, the country of this person, may judge it.
    :ivar has_way_out: whether it has the link by which its reader stops, which is too short to say so.
    """

    text: str
    segments: int = 0
    units: int = 0
    is_unicode: bool = False
    missing: tuple[str, ...] = ()
    error: str = ""
    has_way_out: bool = False
    sensitive: tuple[Found, ...] = ()
    place: str = ""

    @property
    def advice(self) -> list[str]:
        return advising.sentences(self.sensitive, place=self.place)

    @property
    def says_how_to_stop(self) -> bool:
        return self.has_way_out or bool(_OPT_OUT.search(self.text))


def bubble(
    source: str,
    variables: Mapping[str, Any],
    *,
    place: str = "",
    track_links: bool = True,
    words: Iterable[WordList] = sensitive_words.LISTS,
) -> Bubble:
    """
    Return the text with the person's values in it, and with links as short as they will be.

    :param place: the person's country, whose sensitive words are looked for; '' for none.
    :param words: the lists of these, as the shop has changed them.
    """
    try:
        rendered = language.parse(source).render(variables)
    except language.TemplateError as error:
        return Bubble(text=source, error=str(problems.explain(error)))
    text = with_short_links(rendered.text) if track_links else rendered.text
    cost = encoding.count(text)
    return Bubble(
        text=text,
        segments=cost.segments,
        units=cost.units,
        is_unicode=cost.encoding != "GSM-7",
        missing=rendered.missing,
        has_way_out=bool(_WAY_OUT.search(source)),
        sensitive=tuple(sensitive_words.find(text, words, place=place)),
        place=place,
    )


def with_short_links(text: str) -> str:
    """Return the text as long as it will be: no link is made for a preview, so all have the same sample."""
    if settings.PUBLIC_BASE_URL:
        for url in compose.addresses(text):
            text = text.replace(url, sample_link(), 1)
    return text


def sample_link() -> str:
    """Return a short link as long as every short link is; it leads nowhere."""
    return links.short_url(compose.SAMPLE_CODE)
