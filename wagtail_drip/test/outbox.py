"""What reached the telephones of a test, and the permission to send at all."""

from __future__ import annotations

from wagtail.models import Site

from wagtail_drip.core import actions as core
from wagtail_drip.core import clock
from wagtail_drip.gateways import memory
from wagtail_drip.messaging import accounts

# The messages that the memory gateway took, oldest first: each has ``to`` and ``text``.
outbox = memory.outbox


def texts() -> list[str]:
    """Return the words of what was sent, oldest first."""
    return [message.text for message in outbox]


def open_site(site: Site | None = None) -> None:
    """Start texting customers, as the button does; the default site if None."""
    where = site or Site.objects.get(is_default_site=True)
    row = core.site_settings(where.pk)
    core.open_site(where.pk, account=accounts.account(row.sender_gateway), now=clock.now())
