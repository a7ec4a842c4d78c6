"""An owner's own words beside a sign-up: reading those of a country in one query, and their only writers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from wagtail_drip.compliance import opt_in_wording
from wagtail_drip.compliance.models import OptInWording
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.exceptions import WagtailDripError


class WordingIsThere(WagtailDripError):
    """There are words of this kind for this country and language already: change those."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class WordingDraft:
    """
    What an owner writes for a country and a language.

    :ivar country: ISO 3166; '' for wherever we ship no words of the country's own.
    :ivar language: that of the page; '' for any.
    :ivar text: what a form shows that has no words of its own, with ``{sender}``; '' for what it shows now.
    :ivar must_say: each must stand in the words of every form of the country.
    """

    country: str = ""
    language: str = ""
    group: str = PurposeGroup.MARKETING.value
    text: str = ""
    must_say: Sequence[str] = ()
    source: str
    url: str = ""
    read_on: date


def rows_of(region: str, group: str) -> list[OptInWording]:
    """Return what owners wrote that bears on a country, in one query."""
    return list(OptInWording.objects.filter(group=group, country__in={region, ""}).order_by("pk"))


def words_for(region: str, group: str, language: str, *, rows: Sequence[OptInWording]) -> str:
    """
    Return what a form shows that has no words of its own: the owner's for the country, else ours for it, else theirs.

    Words for everywhere stand behind ours for a country, or theirs would leave out what its law wants said.
    """
    own = _of_language([row for row in rows if row.country == region and region], language)
    if own is None and not opt_in_wording.is_drafted_for(region, group):
        own = _of_language([row for row in rows if not row.country], language)
    if own is not None:
        return own.text
    return opt_in_wording.draft(region=region, group=group, language=language).text


def default_words(region: str, group: str, language: str) -> str:
    """Return ``words_for`` a country, reading the owner's words in one query."""
    return words_for(region, group, language, rows=rows_of(region, group))


class LeftOut(NamedTuple):
    """
    What words beside a sign-up do not say.

    :ivar codes: of what we look for in the country.
    :ivar phrases: of what the owner's own table wants.
    """

    codes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


def left_out(words: str, *, region: str, senders: tuple[str, ...], rows: Sequence[OptInWording]) -> LeftOut:
    """
    Return what *words* leave out, in the order in which it is looked for.

    :param rows: what owners wrote of the country, by ``rows_of``.
    """
    return LeftOut(
        tuple(opt_in_wording.missing(words, region=region, senders=senders)),
        tuple(opt_in_wording.unsaid(words, phrases_of(rows))),
    )


def phrases_of(rows: Sequence[OptInWording]) -> list[str]:
    """Return all that *rows* want said, each once."""
    return list(dict.fromkeys(phrase for row in rows for phrase in row.must_say))


def _of_language(rows: Sequence[OptInWording], language: str) -> OptInWording | None:
    with_text = [row for row in rows if row.text]
    for code in (*opt_in_wording.languages(language), ""):
        found = next((row for row in with_text if row.language == code), None)
        if found is not None:
            return found
    return None


@transaction.atomic
def save(draft: WordingDraft, *, by: str, now: datetime, pk: int | None = None) -> OptInWording | None:
    """
    Add words of the owner's, or change those with this key; None where these are gone.

    :raises ValueError: if they say nothing: neither words to show nor anything to be said.
    :raises WordingIsThere: if there are such words for the country and language already.
    """
    text = draft.text.strip()
    must_say = [phrase.strip() for phrase in draft.must_say if phrase.strip()]
    if not text and not must_say:
        raise ValueError("Words of an owner's say something: give text, must_say or both.")
    place = {"country": draft.country, "language": draft.language.lower(), "group": draft.group}
    if OptInWording.objects.filter(**place).exclude(pk=pk or 0).exists():
        raise WordingIsThere
    row = OptInWording() if pk is None else OptInWording.objects.filter(pk=pk).first()
    if row is None:
        return None
    row.country, row.language, row.group = place["country"], place["language"], place["group"]
    row.text, row.must_say = text, must_say
    row.source, row.url, row.read_on = draft.source.strip(), draft.url, draft.read_on
    row.edited_by, row.edited_at = by, now
    row.save()
    return row


def delete(pk: int) -> bool:
    """Take words of the owner's away, and return whether they were there."""
    deleted, _ = OptInWording.objects.filter(pk=pk).delete()
    return bool(deleted)
