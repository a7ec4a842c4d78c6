"""
The signed token of a person's own pages: where they stop, and choose what they get.

It holds our id of the contact and of the site, and nothing of the person's. Whoever has it may choose for them,
as whoever holds their phone may text STOP; so it opens no other page, and shows nothing of theirs.
"""

from __future__ import annotations

from typing import NamedTuple

from django.core.signing import BadSignature, Signer
from django.urls import reverse
from wagtail.models import Site

from wagtail_drip.conf import settings

_SALT = "wagtail_drip.own_pages"
STOP, PREFERENCES = "stop_page", "preferences"
_NAMES = {"stop": STOP, "preferences": PREFERENCES}
_SAMPLE = "example"


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
        owner = Owner(int(contact_id), int(site_id))
    except (BadSignature, ValueError):
        return None
    # PostgreSQL refuses a whole question for a number that no column holds.
    return owner if max(owner) < 2**63 else None


def path_of(page: str, contact_id: int, site_id: int) -> str:
    """Return the path of one of the pages: ``STOP`` or ``PREFERENCES``."""
    return reverse(f"wagtail_drip:{page}", args=[token_of(contact_id, site_id)])


def addresses_of(contact_id: int, site: Site) -> dict[str, str]:
    """Return the addresses of a contact's pages on a site, by the names that texts know them by."""
    token = token_of(contact_id, site.pk)
    return {
        name: _base(site) + reverse(f"wagtail_drip:{page}", args=[token]) for name, page in _NAMES.items()
    }


def sample_addresses(site: Site) -> dict[str, str]:
    """Return addresses as ``addresses_of`` does that open nothing: a preview is seen by others than the person."""
    return {
        name: _base(site) + reverse(f"wagtail_drip:{page}", args=[_SAMPLE]) for name, page in _NAMES.items()
    }


def without_token(url: str) -> str:
    """Return *url*, with what opens somebody's pages left out of it: others read where a click led."""
    for page in _NAMES.values():
        front = reverse(f"wagtail_drip:{page}", args=["x"]).removesuffix("x/")
        before, found, after = url.partition(front)
        if found and read(after.partition("/")[0]) is not None:
            return f"{before}{front}{_SAMPLE}/"
    return url


def _base(site: Site) -> str:
    return settings.PUBLIC_BASE_URL.rstrip("/") or str(site.root_url)
