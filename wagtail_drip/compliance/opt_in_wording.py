"""
What the words beside a sign-up have to say, by country, and words that say it. Pure.

``opt_in_wording.toml`` is the data and says what its fields mean; an owner's own words lie beside it
(``own_wording``). It warns of what is missing and drafts what is not; whether a wording is good enough is for its
owner to judge.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One thing to be said.

    :ivar code: what is missing where no word of it is found.
    :ivar words: any one of them will do; small letters, in whatever language the wording is.
    """

    code: str
    places: frozenset[str] = frozenset()
    words: tuple[str, ...]
    source: str
    url: str = ""
    read: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Words that say all that a country wants, with ``{sender}`` in the place of the name."""

    group: str
    places: frozenset[str] = frozenset()
    language: str
    text: str
    source: str
    url: str = ""
    read: str


_DATA = tomllib.loads(resources.files(__package__).joinpath("opt_in_wording.toml").read_text("utf-8"))


def _rules() -> Iterator[Rule]:
    for row in _DATA["rules"]:
        yield Rule(
            code=row["code"],
            places=frozenset(row.get("places", ())),
            words=tuple(row["words"]),
            source=row["source"],
            url=row.get("url", ""),
            read=row["read"].isoformat(),
        )


def _drafts() -> Iterator[Draft]:
    for row in _DATA["drafts"]:
        yield Draft(
            group=row["group"],
            places=frozenset(row.get("places", ())),
            language=row["language"],
            text=row["text"],
            source=row["source"],
            url=row.get("url", ""),
            read=row["read"].isoformat(),
        )


RULES: tuple[Rule, ...] = tuple(_rules())
DRAFTS: tuple[Draft, ...] = tuple(_drafts())
NEEDS_LINKS = frozenset(_DATA["links"]["places"])
COSTS = frozenset(_DATA["costs"]["places"])
_FALLBACK = "en"


def rules_for(region: str) -> list[Rule]:
    """Return what has to be said in a country, in its order; '' for no country's own rules."""
    return [rule for rule in RULES if not rule.places or region in rule.places]


def missing_links(region: str, given: Collection[str]) -> list[str]:
    """Return the addresses that a form for the country must lead to and does not: ``privacy_url``, ``terms_url``."""
    return [name for name in ("privacy_url", "terms_url") if region in NEEDS_LINKS and name not in given]


def draft(*, region: str, group: str, language: str) -> Draft:
    """Return our words for a country, in *language* or else in English."""
    here = [each for each in DRAFTS if each.group == group and region in each.places]
    for drafts in (here, [each for each in DRAFTS if each.group == group and not each.places]):
        for code in (*languages(language), _FALLBACK):
            found = next((each for each in drafts if each.language == code), None)
            if found is not None:
                return found
    raise LookupError(f"No words are shipped for a sign-up of the group {group!r}.")


def is_drafted_for(region: str, group: str) -> bool:
    """Tell whether a country wants words of its own, which we ship."""
    return any(each.group == group and region in each.places for each in DRAFTS)


def languages(language: str) -> tuple[str, ...]:
    """Return a language and what it is a kind of: "de-at" is read by words in "de", not the other way round."""
    bare = language.lower()
    base = bare.partition("-")[0]
    return (bare,) if base == bare else (bare, base)


def missing(wording: str, *, region: str, senders: tuple[str, ...]) -> list[str]:
    """
    Return the codes of what *wording* does not say, in a fixed order; none where it says everything.

    :param region: ISO 3166; '' for no country's own rules.
    :param senders: names by which the sender may be known; one of them must stand there. None known, none asked for.
    """
    plain = _plain(wording)
    found = [rule.code for rule in rules_for(region) if not any(_plain(word) in plain for word in rule.words)]
    names = [_plain(name) for name in senders if name.strip()]
    if names and not any(name in plain for name in names):
        found.insert(0, "sender")
    return found


def unsaid(wording: str, phrases: Iterable[str]) -> list[str]:
    """Return those of an owner's own *phrases* that do not stand in *wording*, each once."""
    plain = _plain(wording)
    return [phrase for phrase in dict.fromkeys(phrases) if _plain(phrase) not in plain]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
