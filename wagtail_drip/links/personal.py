"""
The signed token of a person's own pages: where they stop, and choose what they get.

It holds our id of the contact and of the site, and nothing of the person's. Whoever has it may choose for them,
as whoever holds their phone may text STOP; so it opens no other page, and shows nothing of theirs.
"""

from __future__ import annotations

from typing import NamedTuple

from django.core.signing import BadSignature, Signer
from django.urls import reverse

_SALT = "wagtail_drip.own_pages"
STOP, PREFERENCES = "stop_page", "preferences"


class Owner(NamedTuple):
    """Whose pages they are, as the token says: the contact may have been merged or erased since."""

    contact_id: int
    site_id: int


def token_of(contact_id: int, site_id: int) -> str:
    """Return the token of a contact's pages on a site; the same one each time, and it never expires."""
    return Signer(salt=_SALT).sign(f"{contact_id}.{site_id}")


def read(token: str) -> Owner | None:
    """Return whose pages *token* opens; None where it was not made here."""
    try:
        contact_id, site_id = Signer(salt=_SALT).unsign(token).split(".")
        return Owner(int(contact_id), int(site_id))
    except (BadSignature, ValueError):
        return None


def path_of(page: str, contact_id: int, site_id: int) -> str:
    """Return the path of one of the pages: ``STOP`` or ``PREFERENCES``."""
    return reverse(f"wagtail_drip:{page}", args=[token_of(contact_id, site_id)])
