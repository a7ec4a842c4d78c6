"""
How many segments a text costs: GSM-7 or UCS-2, packed as networks pack them. Pure.

Source: 3GPP TS 23.038 §6.2.1 (alphabets), 3GPP TS 23.040 §9.2.3.24.1 (concatenation). The counter in the
browser is made from the same alphabets and limits, see ``alphabets``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

# Without ESC (0x1B), which only announces the extension. Ç is in, ç is out.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"  # Two units each: ESC and a character.

GSM_SINGLE, GSM_PART = 160, 153  # Seven units of each part of a longer text go to the concatenation header.
UCS2_SINGLE, UCS2_PART = 70, 67

# What word processors put in, and the nearest that costs nothing. Everything else goes by NFKC.
PLAIN_FOR = {
    **dict.fromkeys("“”„‟«»″〝〞", '"'),
    **dict.fromkeys("‘’‚‛′`´‹›", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e", ""),
    **dict.fromkeys("⁄∕", "/"),
    "•": "-",
    "·": ".",
    "…": "...",
    "™": "TM",
    "×": "x",
    "÷": "/",
    "\u2028": "\n",
    "\u2029": "\n",
}
# Letters that no normal form takes apart; used only when accents may go.
PLAIN_LETTER_FOR = {
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "œ": "oe",
    "Œ": "OE",
    "þ": "th",
    "Þ": "Th",
    "ð": "d",
    "Ð": "D",
}

_ONE_UNIT = frozenset(GSM_BASIC)
_UNITS_IN_GSM = {**dict.fromkeys(GSM_BASIC, 1), **dict.fromkeys(GSM_EXTENSION, 2)}


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentCount:
    """
    What a text costs.

    ``units``: septets in GSM-7, UTF-16 code units in UCS-2. ``units_left``: how many more fit before the
    next segment. ``costly``: the characters, each once and in order, for which the whole text goes as UCS-2.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    characters: int
    segments: int
    units: int
    units_left: int
    costly: tuple[str, ...]


def is_gsm(text: str) -> bool:
    """Return whether every character is in the GSM alphabet or its extension."""
    return all(character in _UNITS_IN_GSM for character in text)


def count(text: str) -> SegmentCount:
    """Return what *text* costs, exactly as written. The empty text costs nothing."""
    if _ONE_UNIT.issuperset(text):  # most texts: every character is one unit, so no part needs to be packed
        return _count_of_units(len(text))
    costly = tuple(dict.fromkeys(character for character in text if character not in _UNITS_IN_GSM))
    sizes = _sizes(text, is_ucs2=bool(costly))
    single, part = (UCS2_SINGLE, UCS2_PART) if costly else (GSM_SINGLE, GSM_PART)
    fills = _pack(sizes, single=single, part=part)
    limit = single if len(fills) <= 1 else part
    return SegmentCount(
        encoding="UCS-2" if costly else "GSM-7",
        characters=len(text),
        segments=len(fills),
        units=sum(sizes),
        units_left=limit - (sum(sizes[fills[-1][0] :]) if fills else 0),
        costly=costly,
    )


def _count_of_units(units: int) -> SegmentCount:
    segments = (units > 0) if units <= GSM_SINGLE else -(-units // GSM_PART)
    room = segments * GSM_PART if segments > 1 else GSM_SINGLE
    return SegmentCount(
        encoding="GSM-7",
        characters=units,
        segments=int(segments),
        units=units,
        units_left=room - units,
        costly=(),
    )


def parts(text: str) -> tuple[str, ...]:
    """Return *text* as the parts in which a network sends it; joined, they are the text again."""
    is_ucs2 = not is_gsm(text)
    single, part = (UCS2_SINGLE, UCS2_PART) if is_ucs2 else (GSM_SINGLE, GSM_PART)
    return tuple(
        text[start:end] for start, end in _pack(_sizes(text, is_ucs2=is_ucs2), single=single, part=part)
    )


def _sizes(text: str, *, is_ucs2: bool) -> list[int]:
    if is_ucs2:
        return [2 if character > "\uffff" else 1 for character in text]
    return [_UNITS_IN_GSM[character] for character in text]


def _pack(sizes: list[int], *, single: int, part: int) -> list[tuple[int, int]]:
    """
    Return where each part starts and ends, counted in characters.

    Greedy, and a character of two units (ESC pair, surrogate pair) is never split: 66 CJK + an emoji +
    66 CJK is 134 units, but three parts.
    """
    if not sizes:
        return []
    if sum(sizes) <= single:
        return [(0, len(sizes))]
    found: list[tuple[int, int]] = []
    start = used = 0
    for position, size in enumerate(sizes):
        if used + size > part:
            found.append((start, position))
            start, used = position, 0
        used += size
    found.append((start, len(sizes)))
    return found


def smart_encode(text: str, *, transliterate_accents: bool = False) -> str:
    """
    Return *text* with curly quotes, dashes, special spaces and the like made plain, if that makes it GSM-7.

    Otherwise it is returned untouched: a Chinese text keeps its “，”.

    :param transliterate_accents: also write ç as c and á as a. Some languages read wrong then; the owner's choice.
    """
    if is_gsm(text):
        return text
    plain = "".join(
        _plain(character, transliterate_accents=transliterate_accents)
        for character in unicodedata.normalize("NFC", text)
    )
    return plain if is_gsm(plain) else text


def _plain(character: str, *, transliterate_accents: bool) -> str:
    if character in _UNITS_IN_GSM:
        return character
    if character in PLAIN_FOR:
        return PLAIN_FOR[character]
    composed = unicodedata.normalize("NFKC", character)
    if composed != character:
        composed = "".join(PLAIN_FOR.get(item, item) for item in composed)
        if is_gsm(composed):
            return composed
    if transliterate_accents:
        if character in PLAIN_LETTER_FOR:
            return PLAIN_LETTER_FOR[character]
        bare = "".join(
            item for item in unicodedata.normalize("NFD", character) if not unicodedata.combining(item)
        )
        if bare and is_gsm(bare):
            return bare
    return character


def alphabets() -> dict[str, Any]:
    """Return the alphabets, limits and plain forms as JSON can carry them, for the counter in the browser."""
    return {
        "basic": GSM_BASIC,
        "extension": GSM_EXTENSION,
        "limits": {
            "GSM-7": {"single": GSM_SINGLE, "part": GSM_PART},
            "UCS-2": {"single": UCS2_SINGLE, "part": UCS2_PART},
        },
        "plain": PLAIN_FOR,
    }
