"""What some real people would read of something that goes out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from wagtail_drip.admin import redaction
from wagtail_drip.admin.preview import people
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content import compose
from wagtail_drip.enrolments import audience, once_count
from wagtail_drip.messaging.imagined import verdicts
from wagtail_drip.sequences.types import Running

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Example:
    name: str
    url: str
    text: str
    segments: int
    missing: tuple[str, ...]
    error: str


def examples(request: HttpRequest, running: Running, *, of: int, now: datetime) -> list[Example]:
    """
    Return the texts of a few whom it would reach, in a fixed number of queries; none to who may not see contacts.

    :param of: how many there are in the audience.
    """
    if not people.may_see_contacts(request):
        return []
    shows = redaction.sees(request)
    # Rather more, for some of the audience are not texted: they have stopped, or had enough.
    ids = once_count.a_few(running, n=3 * SHOWN, of=of)
    step, place = once_count.first_text(running.flow), audience.place_of(running)
    at = once_count.moment_of(running, now=now)
    imagined = once_count.imagined_texts(running, step, ids, place, at=at)
    decided = verdicts(imagined, at=at, now=now)
    texts = {
        message.contact_id: once_count.text_of(message)
        for message, decision in zip(imagined, decided, strict=True)
        if once_count.goes(decision)
    }
    texts = dict(list(texts.items())[:SHOWN])
    words = compose.imagine(
        list(texts.values()), now=at, veil=lambda found: redaction.values(found, shown=shows)
    )
    contacts = Contact.objects.in_bulk(list(texts))
    return [
        Example(
            name=people.name_of(contacts[pk]),
            url=reverse("wagtail_drip_contacts:inspect", args=[pk]),
            text=composed.body,
            segments=composed.segments,
            missing=composed.missing,
            error=str(composed.error),
        )
        for pk, text in texts.items()
        if pk in contacts
        for composed in (words[text.message_key],)
    ]
