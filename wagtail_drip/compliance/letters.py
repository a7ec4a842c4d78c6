"""Letters as words are compared by them: one case, no accents. Pure."""

from __future__ import annotations

import unicodedata

# Latin letters that no normal form takes apart.
_BARE = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "ı": "i", "ø": "o", "æ": "ae"})
# Whose marks are left out as often as not: é is e, and إ is ا. Elsewhere they are vowels, or another letter.
_ACCENTED = ("LATIN", "ARABIC")


def bare(text: str) -> str:
    """Return *text* in compatible forms and one case, without the accents of Latin and Arabic letters."""
    kept: list[str] = []
    is_accented = False
    for character in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        if unicodedata.combining(character):
            if is_accented:
                continue
        else:
            is_accented = unicodedata.name(character, "").startswith(_ACCENTED)
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_BARE)
