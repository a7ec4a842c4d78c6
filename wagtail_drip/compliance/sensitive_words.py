"""
Words of a text by which a network or a law may judge it, by country. Pure.

``sensitive_words.toml`` is the data and says what its fields mean; what a shop changes about it lies over it
(``of_shop``). It warns, and judges nothing: a wine shop says wine.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

from wagtail_drip.compliance import letters

# The kind of a shop's own words.
OWN = "own"

_SPACES = re.compile(r"\s+")
# A letter or digit of a script that puts spaces between its words.
_SPELLED = r"(?:(?![一-鿿])[^\W_])"
# Between Han characters there are none; where there are, it is written so to slip through.
_BETWEEN_HAN = re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])")


@dataclass(frozen=True, kw_only=True)
class WordList:
    """
    Words that are a sign of the same thing.

    :ivar places: ISO 3166 countries; none for everywhere.
    :ivar unless: longer words in which one of the words means something else.
    :ivar read: the day on which the source was read, in ISO 8601; of a shop's own word, when it was written.
    :ivar why, instead: of a shop's own word, what is wrong with it and what to say in its place.
    """

    kind: str
    words: tuple[str, ...]
    places: frozenset[str] = frozenset()
    unless: tuple[str, ...] = ()
    source: str = ""
    url: str = ""
    read: str = ""
    why: str = ""
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    What a shop says over the shipped lists: a word of its own, or one that is not to be warned of.

    :ivar kind: of the list that the word stands in; ``OWN`` for a word of its own.
    :ivar word: '' for the whole list.
    :ivar place: where an own word matters; '' for everywhere.
    :ivar on: the day in ISO 8601.
    """

    kind: str
    word: str = ""
    place: str = ""
    why: str = ""
    instead: str = ""
    on: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """:ivar word: as it stands in its list."""

    word: str
    list: WordList


def find(text: str, lists: Iterable[WordList], *, place: str) -> list[Found]:
    """
    Return the words of *lists* that stand in *text*, in the order of the lists, each once.

    :param place: the country of whoever reads it; '' for none, where only words for everywhere count.
    """
    return look(text, (each for each in lists if not each.places or place in each.places))


def look(text: str, lists: Iterable[WordList]) -> list[Found]:
    """Return the same, wherever it is read."""
    plain = bare(text)
    found: dict[str, Found] = {}
    for each in lists:
        rest = _without(plain, each.unless)
        for word in each.words:
            known = bare(word)
            if known and known not in found and _pattern(known).search(rest):
                found[known] = Found(word=word, list=each)
    return list(found.values())


def of_shop(changes: Iterable[Change], *, shipped: Iterable[WordList] | None = None) -> tuple[WordList, ...]:
    """
    Return the lists that a shop is warned by: its own words first, then what it left of those that we ship.

    A change about a list or word that we ship no longer says nothing.
    """
    own: list[WordList] = []
    silent: dict[str, set[str]] = {}
    for each in changes:
        if each.kind == OWN:
            places = frozenset({each.place} if each.place else ())
            own.append(
                WordList(
                    kind=OWN,
                    words=(each.word,),
                    places=places,
                    why=each.why,
                    instead=each.instead,
                    read=each.on,
                )
            )
        else:
            silent.setdefault(each.kind, set()).add(bare(each.word))
    lists = LISTS if shipped is None else shipped
    return (*own, *(_left(each, silent.get(each.kind, set())) for each in lists))


def _left(each: WordList, silent: set[str]) -> WordList:
    if not silent:
        return each
    whole = "" in silent
    return replace(each, words=tuple(word for word in each.words if not whole and bare(word) not in silent))


def bare(text: str) -> str:
    """Return *text* as words are compared: one case, no accents, no full width, no space between Han characters."""
    # What does not show, such as a soft hyphen or U+200B, is put into a word so that it slips through.
    shown = "".join(character for character in text if unicodedata.category(character) != "Cf")
    spaced = _SPACES.sub(" ", letters.bare(shown)).strip()
    return _BETWEEN_HAN.sub("", spaced)


def _without(plain: str, others: Iterable[str]) -> str:
    for other in others:
        # A mark, so that what stood before and after does not become one word.
        plain = _pattern(bare(other)).sub("\x00", plain)
    return plain


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    literal = re.escape(word)
    if not _is_spelled(word):
        return re.compile(literal)
    return re.compile(rf"(?<!{_SPELLED}){literal}(?:e?s)?(?!{_SPELLED})")


def _is_spelled(word: str) -> bool:
    """Tell whether it is a word of letters with spaces around it, as Chinese and symbols are not."""
    return word[-1].isalpha() and unicodedata.name(word[-1], "").startswith(("LATIN", "CYRILLIC", "GREEK"))


def _shipped() -> Iterator[WordList]:
    data = tomllib.loads(resources.files(__package__).joinpath("sensitive_words.toml").read_text("utf-8"))
    for row in data["lists"]:
        yield WordList(
            kind=row["kind"],
            words=tuple(row["words"]),
            places=frozenset(row["places"]),
            unless=tuple(row.get("unless", ())),
            source=row["source"],
            url=row.get("url", ""),
            read=row["read"].isoformat(),
        )


LISTS: tuple[WordList, ...] = tuple(_shipped())
