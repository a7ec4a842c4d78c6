"""
A shop's own words and phrases beside those of the tables: what they mean, and which are refused. Pure.

They only add: what the tables understand is asked first, so that no word of a shop's makes a stop into anything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wagtail_drip.compliance import keywords, stop_phrases
from wagtail_drip.compliance.keywords import Verdict

STOP, PHRASE, START, HELP = "stop", "phrase", "start", "help"
LONGEST_PHRASE = 80

# What people answer to any question: a shop's word that is one of these would be obeyed where nobody meant it.
ORDINARY = frozenset(
    plain
    for words in (keywords.ANSWERS, *keywords.CONFIRM.values())
    for plain in map(keywords.plain, words)
    if plain
)
_SHORT_NUMBER = re.compile(r"\d{1,3}")
# Scripts in which a word may stand within what looks like one: no spaces, or endings that are written on.
_RUNS_ON = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")


@dataclass(frozen=True, kw_only=True)
class OwnKeyword:
    """
    One word or phrase of a shop's.

    :ivar kind: ``stop``, ``start`` and ``help`` are the whole text; a ``phrase`` stands in a short one and stops.
    :ivar bare: as it is compared: see ``bare_of``.
    :ivar country: counts only from numbers of this country (ISO 3166); '' is every one.
    """

    id: int = 0
    kind: str
    text: str
    bare: str
    country: str = ""

    @property
    def stops(self) -> bool:
        return self.kind in (STOP, PHRASE)


@dataclass(frozen=True, kw_only=True)
class OwnKeywords:
    """All of a shop's own words."""

    rows: tuple[OwnKeyword, ...] = ()

    def find(self, text: str, *, region: str = "") -> OwnKeyword | None:
        """Return the word by which *text* is understood, those that stop before all others."""
        here = [row for row in self.rows if row.country in ("", region)]
        if not here:
            return None
        plain, said = keywords.plain(text), stop_phrases.short(text)
        for row in here:
            if row.kind == STOP and row.bare == plain:
                return row
        for row in here:
            if row.kind == PHRASE and said and _stands_in(row.bare, said):
                return row
        return next((row for row in here if row.kind in (START, HELP) and row.bare == plain), None)


Read = Callable[[], OwnKeywords]
NONE = OwnKeywords()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """
    Why a word cannot be added.

    :ivar code: ``empty``, ``too_long``, ``answer`` (people answer so), ``one_letter`` (without a country), ``one_word``
        (no phrase), ``opposite`` ("don't stop"), ``known`` (understood so already), ``clash`` (means something else already).
    :ivar verdict: what the tables make of it, and *region* where.
    :ivar own: the shop's own word that stands in the way.
    """

    code: Literal["empty", "too_long", "answer", "one_letter", "one_word", "opposite", "known", "clash"]
    verdict: Verdict | None = None
    region: str = ""
    own: OwnKeyword | None = None


def understand(text: str, *, region: str = "", own: Read = lambda: NONE) -> Verdict:
    """
    Tell what somebody's text asks for, by the tables and then by the shop's own words.

    :param own: reads these; not called where the tables know the text.
    """
    verdict = keywords.classify(text, region=region)
    if verdict.kind != "reply":
        return verdict
    return verdict_of(own().find(text, region=region))


def verdict_of(found: OwnKeyword | None) -> Verdict:
    if found is None:
        return Verdict(kind="reply")
    if found.kind == PHRASE:
        return Verdict(kind="stop", phrase=found.text)
    kind: keywords.Kind = "stop" if found.kind == STOP else "start" if found.kind == START else "help"
    return Verdict(kind=kind, keyword=found.text)


def is_taken(word: str, *, own: OwnKeywords) -> bool:
    """Tell whether *word* stops, starts or asks for help, in whatever country: no sequence may have it."""
    countries = {row.country for row in own.rows}
    return keywords.is_taken(word) or any(own.find(word, region=country) for country in countries)


def is_understood_by(text: str, bare: str, *, kind: str) -> bool:
    """Tell whether a short text, such as a sequence's word, would be understood by a word of this *kind*."""
    if kind == PHRASE:
        return _stands_in(bare, stop_phrases.short(text))
    return keywords.plain(text) == bare


def bare_of(text: str, *, kind: str) -> str:
    """Return a word or a phrase as it is compared; '' where nothing is left of it."""
    return stop_phrases.words_of(text) if kind == PHRASE else keywords.plain(text)


def refusal_of(word: OwnKeyword, *, own: OwnKeywords) -> Refusal | None:
    """
    Tell why *word* cannot stand beside what is there; None if it can.

    :param own: the shop's words; *word* itself may be among them, by its id.
    """
    longest = LONGEST_PHRASE if word.kind == PHRASE else keywords.LONGEST
    if len(word.text) > longest or len(word.bare) > 2 * LONGEST_PHRASE:
        return Refusal(code="too_long")
    if not word.bare:
        return Refusal(code="empty")
    return _means_too_much(word) or _stands_already(word, own)


def _means_too_much(word: OwnKeyword) -> Refusal | None:
    if word.kind == PHRASE:
        if len(word.bare) < 2 or (" " not in word.bare and not _runs_on(word.bare[0])):
            return Refusal(code="one_word")
        if word.bare.count(" ") >= stop_phrases.MOST_WORDS:
            return Refusal(code="too_long")
        if not stop_phrases.short(word.text):
            return Refusal(code="opposite")
        is_answer = any(_stands_in(word.bare, each) for each in ORDINARY)
        return Refusal(code="answer") if is_answer else None
    if word.bare in ORDINARY or _SHORT_NUMBER.fullmatch(word.bare):
        return Refusal(code="answer")
    return Refusal(code="one_letter") if len(word.bare) == 1 and not word.country else None


def _stands_already(word: OwnKeyword, own: OwnKeywords) -> Refusal | None:
    for region in [word.country] if word.country else ["", *keywords.REGIONS]:
        verdict = keywords.classify(word.text, region=region)
        if verdict.kind == "reply":
            continue
        if verdict.kind != ("stop" if word.stops else word.kind):
            return Refusal(code="clash", verdict=verdict, region=region)
        # Elsewhere it may be new: in one country 退 is known, everywhere it is not.
        if region == word.country:
            return Refusal(code="known", verdict=verdict, region=region)
    for row in own.rows:
        if row.id == word.id or (row.country and word.country and row.country != word.country):
            continue
        is_same = row.bare == word.bare or (row.kind == PHRASE and _stands_in(row.bare, word.bare))
        if is_same and row.stops == word.stops and (row.stops or row.kind == word.kind):
            if row.country in ("", word.country):
                return Refusal(code="known", own=row)
        elif is_same or (word.kind == PHRASE and _stands_in(word.bare, row.bare) and not row.stops):
            return Refusal(code="clash", own=row)
    return None


def _stands_in(phrase: str, said: str) -> bool:
    """Tell whether the words of *phrase* stand in *said*, as whole words where words are written apart."""
    start = said.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if _begins(said, start) and _begins(said, end):
            return True
        start = said.find(phrase, start + 1)
    return False


def _begins(said: str, at: int) -> bool:
    return (
        at in (0, len(said))
        or " " in (said[at - 1], said[at])
        or _runs_on(said[at - 1])
        or _runs_on(said[at])
    )


def _runs_on(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_RUNS_ON)
