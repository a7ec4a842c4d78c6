"""
The words by which people stop, start and ask for help, by language. Pure.

Only a text that is nothing but a keyword counts, or one that asks to stop in words of its own (``stop_phrases``):
"bus stop" and "We have got to STOP this bill" are replies.

``keywords.toml`` is the data, each list with what it rests on. A shop adds words of its own (``own_keywords``), and can
take none of these away.

YES, OUI, JA, 同意 and the like stand apart, in CONFIRM: they say yes to a sign-up that waits for it, and are replies
otherwise, for they may answer a question.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from wagtail_drip.compliance import letters, stop_phrases

Kind = Literal["stop", "start", "help", "confirm", "reply"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What a text asks for, and by which keyword, as the table spells it; '' for a reply.

    :ivar phrase: the words by which it asks to stop, where it is no keyword but was understood so.
    """

    kind: Kind
    keyword: str = ""
    phrase: str = ""


@dataclass(frozen=True, kw_only=True)
class WordList:
    """
    Words of one kind that belong together.

    :ivar languages: whose words they are; ``global`` is nobody's in particular. They are understood from every number.
    :ivar places: ISO 3166 countries; where there are any, the words count only from numbers of these.
    :ivar source: what they rest on: see the head of ``keywords.toml``.
    """

    kind: Kind
    words: tuple[str, ...]
    languages: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    source: str


_DATA = tomllib.loads(resources.files(__package__).joinpath("keywords.toml").read_text("utf-8"))


def _shipped() -> Iterator[WordList]:
    for row in _DATA["words"]:
        yield WordList(
            kind=row["kind"],
            words=tuple(row["words"]),
            languages=tuple(row.get("in", ())),
            places=tuple(row.get("places", ())),
            source=row["source"],
        )


LISTS: tuple[WordList, ...] = tuple(_shipped())
# What is said to any question.
ANSWERS: tuple[str, ...] = tuple(_DATA["answers"])


def _of_languages(kind: Kind) -> dict[str, tuple[str, ...]]:
    return {", ".join(each.languages): each.words for each in LISTS if each.kind == kind and each.languages}


def _of_places(kind: Kind) -> dict[str, tuple[str, ...]]:
    return {place: each.words for each in LISTS if each.kind == kind for place in each.places}


# language -> its words. "global" and every language count everywhere: people text in the language they think in.
STOP = _of_languages("stop")
START = _of_languages("start")
HELP = _of_languages("help")
# Only while somebody has been asked: see ``confirmation``.
CONFIRM = _of_languages("confirm")
# Words that are answers elsewhere count only from numbers of the country.
STOP_IN = _of_places("stop")
START_IN = _of_places("start")
HELP_IN = _of_places("help")
REGIONS = tuple(sorted({*STOP_IN, *START_IN, *HELP_IN}))

_INNER = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+|[-‐‑‒–—_]+")
# What stands around a word without being part of it: punctuation, symbols with their variation selectors,
# spaces and invisible characters. Vowel signs are marks too, and stay.
_AROUND = frozenset("PSZC")
_SELECTORS = frozenset("\ufe0e\ufe0f\u20e3")
LONGEST = 40


def classify(text: str, *, region: str = "") -> Verdict:
    """
    Tell what somebody's text asks for.

    :param region: the country (ISO 3166) of the number that it comes from.
    """
    words = plain(text)
    if not words:
        # In China a question mark alone asks for help.
        is_question = "?" in unicodedata.normalize("NFKC", text[:LONGEST])
        words = "?" if is_question and not text.strip("?？ \t\r\n") else ""
    for kind, everywhere, by_region in _TABLES:
        keyword = by_region.get(region, {}).get(words) or everywhere.get(words)
        if keyword:
            return Verdict(kind=kind, keyword=keyword)
    phrase = stop_phrases.wish_to_stop(text)
    return Verdict(kind="stop", phrase=phrase) if phrase else Verdict(kind="reply")


def confirmation(text: str) -> str:
    """
    Return the word by which *text* says yes, as the table spells it; '' where it says anything else.

    For a text whose author has been asked, and has not answered yet; anybody else's is a reply.
    """
    words = plain(text)
    return _CONFIRM.get(words, "") if words else ""


def is_taken(word: str) -> bool:
    """Tell whether *word* stops, starts or asks for help, in whatever country: no sequence may have it."""
    return any(classify(word, region=region).kind != "reply" for region in ("", *REGIONS))


def list_of(verdict: Verdict, *, region: str = "") -> WordList | None:
    """Return the list that a keyword was found in; None for a wish in words of their own."""
    of_kind = [each for each in LISTS if each.kind == verdict.kind and verdict.keyword in each.words]
    here = [each for each in of_kind if region in each.places]
    return next(iter(here or [each for each in of_kind if not each.places]), None)


def plain(text: str) -> str:
    """
    Return the text as keywords are compared: bare letters, nothing around it.

    '' for a text that is too long to be nothing but a keyword.
    """
    if len(text) > LONGEST * 4:
        return ""
    bare = letters.bare(text)
    start, end = 0, len(bare)
    while start < end and _is_around(bare[start]):
        start += 1
    while end > start and _is_around(bare[end - 1]):
        end -= 1
    words = _INNER.sub(" ", bare[start:end]).split()
    trimmed = [_trim(word) for word in words]
    # "Stop! STOP!" says it twice.
    if len(trimmed) > 1 and len(set(trimmed)) == 1:
        trimmed = trimmed[:1]
        return trimmed[0]
    return " ".join(words)


def _trim(word: str) -> str:
    return "".join(character for character in word if not _is_around(character))


def _is_around(character: str) -> bool:
    return unicodedata.category(character)[0] in _AROUND or character in _SELECTORS


def _by_normal_form(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {plain(word) or word: word for each in words.values() for word in each}


def _by_region(words: dict[str, tuple[str, ...]]) -> dict[str, dict[str, str]]:
    return {region: _by_normal_form({region: each}) for region, each in words.items()}


_Everywhere = dict[str, str]
_TABLES: tuple[tuple[Kind, _Everywhere, dict[str, _Everywhere]], ...] = (
    ("stop", _by_normal_form(STOP), _by_region(STOP_IN)),
    ("start", _by_normal_form(START), _by_region(START_IN)),
    ("help", _by_normal_form(HELP), _by_region(HELP_IN)),
)
_CONFIRM = _by_normal_form(CONFIRM)
