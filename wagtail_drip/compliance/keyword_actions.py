"""The only writers of a shop's own keywords."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from wagtail_drip.compliance import querysets
from wagtail_drip.compliance.models import Keyword
from wagtail_drip.compliance.own_keywords import OwnKeyword, Refusal, bare_of, refusal_of
from wagtail_drip.exceptions import WagtailDripError


class KeywordRefused(WagtailDripError):
    """This word cannot be obeyed; ``refusal`` says why, and where it stands already."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"The word was refused ({refusal.code}): choose another one, or another country.")
        self.refusal = refusal


@dataclass(frozen=True, kw_only=True)
class KeywordDraft:
    """
    What staff say of a word.

    :param kind: one of ``models.KEYWORD_KINDS``.
    :param country: only from numbers of it (ISO 3166); '' is every one.
    """

    kind: str
    text: str
    language: str = ""
    country: str = ""
    source: str = ""
    note: str = ""


def refusal(draft: KeywordDraft, *, pk: int | None = None) -> Refusal | None:
    """Tell why the word cannot be saved, in place of the row *pk* if it is given; None if it can."""
    return refusal_of(_word(draft, pk), own=querysets.own_keywords())


def _word(draft: KeywordDraft, pk: int | None) -> OwnKeyword:
    return OwnKeyword(
        id=pk or 0,
        kind=draft.kind,
        text=draft.text,
        bare=bare_of(draft.text, kind=draft.kind),
        country=draft.country,
    )


def save_keyword(draft: KeywordDraft, *, by: str, now: datetime, pk: int | None = None) -> Keyword:
    """
    Add a word that is obeyed from the next text on, or change the one of *pk*.

    :raises KeywordRefused: if it means too much, or stands already; nothing is written.
    """
    found = refusal(draft, pk=pk)
    if found is not None:
        raise KeywordRefused(found)
    bare = bare_of(draft.text, kind=draft.kind)
    row = Keyword(
        pk=pk,
        kind=draft.kind,
        text=draft.text,
        bare=bare,
        digest=hashlib.sha256(bare.encode()).hexdigest(),
        language=draft.language,
        country=draft.country,
        source=draft.source,
        note=draft.note,
        edited_by=by,
        edited_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Somebody else has added it since we looked.
        raise KeywordRefused(refusal(draft, pk=pk) or Refusal(code="known")) from error
    return row


def delete_keyword(pk: int) -> bool:
    """Take a word of the shop's away, and return whether it was there. Whom it has stopped stays stopped."""
    deleted, _ = Keyword.objects.filter(pk=pk).delete()
    return bool(deleted)
