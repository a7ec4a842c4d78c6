"""What a shop says over the shipped lists of sensitive words: reading it in one query, and its only writers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wagtail_drip.compliance import sensitive_words
from wagtail_drip.compliance.models import SensitiveWord
from wagtail_drip.compliance.sensitive_words import OWN, Change, WordList
from wagtail_drip.exceptions import WagtailDripError

# Each is looked for in every text that is previewed or published.
MOST_OWN = 300


class NeedsReason(WagtailDripError):
    """A word, or a list, is not to be warned of, and nobody says why: give a reason."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NoSuchWord(WagtailDripError):
    """No list that we ship has such a word: name one as ``sensitive_words.toml`` has it."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class TooManyWords(WagtailDripError):
    """A shop keeps no more words of its own than this: remove some that no text has."""

    def __init__(self) -> None:
        super().__init__(f"{self.__doc__} ({MOST_OWN})")


class WordIsThere(WagtailDripError):
    """The shop has this word for this country already: change that one."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class OwnWord:
    """:ivar country: ISO 3166, where it needs care; '' for everywhere."""

    word: str
    reason: str
    country: str = ""
    instead: str = ""


def lists_of(site_id: int) -> tuple[WordList, ...]:
    """Return the lists that a site is warned by, in one query, however many texts are looked at."""
    rows = SensitiveWord.objects.filter(site_id=site_id).order_by("pk")
    return sensitive_words.of_shop(
        Change(
            kind=row.kind,
            word=row.word,
            place=row.country,
            why=row.reason,
            instead=row.instead,
            on=row.edited_at.date().isoformat(),
        )
        for row in rows
    )


@transaction.atomic
def change_list(
    site_id: int, kind: str, *, silent: Collection[str], reason: str, by: str, now: datetime
) -> tuple[list[SensitiveWord], list[SensitiveWord]]:
    """
    Say which words of a shipped list are not to be warned of: those of *silent*, and no other.

    :param silent: words as the list has them; '' among them is the whole list, beside which single words are kept.
    :return: what is silent from now on, and what is warned of again.
    :raises NeedsReason: if something becomes silent without a reason.
    :raises NoSuchWord: if the list, or a word of it, is not there.
    """
    shipped = next((each for each in sensitive_words.LISTS if each.kind == kind), None)
    if shipped is None or not set(silent) <= {"", *shipped.words}:
        raise NoSuchWord
    wanted = {digest_of(word): word for word in silent}
    rows = list(SensitiveWord.objects.filter(site_id=site_id, kind=kind))
    held = {row.digest for row in rows}
    again = [row for row in rows if row.digest not in wanted]
    new = [
        SensitiveWord(
            site_id=site_id,
            kind=kind,
            word=word,
            digest=digest,
            reason=reason.strip(),
            edited_by=by,
            edited_at=now,
        )
        for digest, word in wanted.items()
        if digest not in held
    ]
    if new and not reason.strip():
        raise NeedsReason
    SensitiveWord.objects.filter(pk__in=[row.pk for row in again]).delete()
    for row in new:
        row.save()
    return new, again


@transaction.atomic
def save_own(
    site_id: int, draft: OwnWord, *, by: str, now: datetime, pk: int | None = None
) -> SensitiveWord | None:
    """
    Add a word of the shop's own, or change the one with this key; None where that is gone.

    :raises ValueError: if it has no letter, digit or sign to be found by.
    :raises WordIsThere: if the shop has it already.
    :raises TooManyWords: if it has as many as it may.
    """
    own = SensitiveWord.objects.filter(site_id=site_id, kind=OWN)
    digest = digest_of(draft.word)
    if not digest:
        raise ValueError("word has nothing to be found by: give letters, digits or signs that show.")
    if own.filter(digest=digest, country=draft.country).exclude(pk=pk or 0).exists():
        raise WordIsThere
    if pk is None:
        if own.count() >= MOST_OWN:
            raise TooManyWords
        row = SensitiveWord(site_id=site_id, kind=OWN)
    else:
        found = own.filter(pk=pk).first()
        if found is None:
            return None
        row = found
    row.word, row.digest, row.country = draft.word.strip(), digest, draft.country
    row.reason, row.instead = draft.reason.strip(), draft.instead.strip()
    row.edited_by, row.edited_at = by, now
    row.save()
    return row


def delete_own(site_id: int, pk: int) -> bool:
    """Take a word of the shop's own away, and return whether it was there."""
    deleted, _ = SensitiveWord.objects.filter(site_id=site_id, kind=OWN, pk=pk).delete()
    return bool(deleted)


def digest_of(word: str) -> str:
    """Return what tells a word from others, however it is written; '' for none."""
    bare = sensitive_words.bare(word)
    return hashlib.sha256(bare.encode()).hexdigest() if bare else ""
