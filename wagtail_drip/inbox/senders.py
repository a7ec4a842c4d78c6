"""Which sites one of our numbers speaks for, and so whom a stop sent to it binds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wagtail.models import Site

from wagtail_drip.conf import settings
from wagtail_drip.contacts import phone
from wagtail_drip.core import actions as core
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import inbound_texts


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    What a text to one of our senders reaches.

    :param sites: the settings of every site that texts from it, by the site's id in order.
    :param scopes: what a stop suppresses: pairs of scope and value.
    """

    sites: tuple[SiteSettings, ...]
    scopes: tuple[tuple[str, str], ...]

    @property
    def site_ids(self) -> list[int]:
        return [row.site_id for row in self.sites]

    @property
    def region(self) -> str:
        """Return the country in which numbers without country code are meant."""
        return next((row.region for row in self.sites if row.region), settings.DEFAULT_REGION)


def reach(*, gateway: str, to_number: str) -> Reach:
    """
    Return what a text to *to_number* through *gateway* reaches.

    Where no site names that number, the sites count whose sender is a name or a provider's pool of numbers;
    where there are none, every site of the gateway: a stop too wide is mended by START, one too narrow texts
    somebody who said stop.
    """
    of_gateway = [row for row in _every_site() if row.sender_gateway == gateway]
    wanted = _digits(to_number)
    exact = [row for row in of_gateway if wanted and _digits(row.sender_address) == wanted]
    pools = [row for row in of_gateway if not _is_number(row.sender_address)]
    sites = tuple(sorted(exact or pools or of_gateway, key=lambda row: row.site_id))
    return Reach(sites=sites, scopes=_scopes(sites, gateway=gateway, to_number=to_number))


def reach_of_site(site_id: int) -> Reach:
    """Return what a stop on a page of this site reaches: every site that texts from the same sender."""
    own = core.site_settings(site_id)
    sites = tuple(sorted((row for row in _every_site() if _is_same(row, own)), key=lambda row: row.site_id))
    return Reach(sites=sites, scopes=_scopes(sites, gateway=own.sender_gateway, to_number=own.sender_address))


def _is_same(row: SiteSettings, other: SiteSettings) -> bool:
    if row.sender_gateway != other.sender_gateway:
        return False
    return row.sender_address == other.sender_address or (
        _is_number(row.sender_address) and _digits(row.sender_address) == _digits(other.sender_address)
    )


def _every_site() -> list[SiteSettings]:
    rows = {row.site_id: row for row in SiteSettings.objects.all()}
    for site_id in Site.objects.exclude(pk__in=rows).values_list("pk", flat=True):
        rows[site_id] = core.site_settings(site_id)
    return list(rows.values())


def _scopes(sites: Sequence[SiteSettings], *, gateway: str, to_number: str) -> tuple[tuple[str, str], ...]:
    if not sites:
        return (("sender", f"{gateway}:{to_number}"[:160]),)
    found = set()
    for row in sites:
        if row.stop_scope == "all":
            found.add(("all", ""))
        elif row.stop_scope == "site":
            found.add(("site", str(row.site_id)))
        else:
            found.add(("sender", f"{row.sender_gateway}:{row.sender_address}"))
    return tuple(sorted(found))


def can_be_answered(site: SiteSettings) -> bool:
    """Tell whether people can reply to what this site sends: not to a name, nor where the gateway hears nothing."""
    if site.sender_address and not _is_number(site.sender_address):
        return False
    return inbound_texts.gateway_hears(site.sender_gateway)


def _digits(address: str) -> str:
    """Return a number or short code without its dress; '' for a name."""
    bare = address.translate(_DRESS)
    return bare if bare.isdecimal() else ""


def _is_number(address: str) -> bool:
    return bool(_digits(address))


_DRESS = str.maketrans("", "", "+ -().")


def read_number(raw: str, *, region: str) -> str:
    """Return who texted us in E.164; as it came, where it is a short code or a name."""
    try:
        return phone.parse(raw, region=region).e164
    except phone.InvalidPhone:
        pass
    try:
        # Some providers leave the plus away.
        return phone.parse(f"+{raw.strip()}").e164
    except phone.InvalidPhone:
        return raw.strip()


def is_number(number: str) -> bool:
    """Tell whether what ``read_number`` returned is a phone's number."""
    try:
        return phone.parse(number).e164 == number
    except phone.InvalidPhone:
        return False
