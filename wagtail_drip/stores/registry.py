"""Which shops there are: ``WAGTAIL_DRIP["STORES"]`` as adapters."""

from __future__ import annotations

from wagtail_drip.core import backends
from wagtail_drip.stores.adapter import StoreAdapter


def aliases() -> list[str]:
    return backends.aliases("STORES")


def get(alias: str) -> StoreAdapter:
    """:raises ImproperlyConfigured: if no shop has this alias, or its adapter cannot be made."""
    return backends.get("STORES", alias, base=StoreAdapter)  # type: ignore[type-abstract] # only a bound


def find(alias: str) -> StoreAdapter | None:
    """Return the shop's adapter; None for an alias that stands for no configured shop, as "site" does."""
    return get(alias) if alias in aliases() else None


def alias_of(adapter: type[StoreAdapter]) -> str | None:
    """Return the first alias whose adapter is an *adapter*; None while the shop is not configured."""
    return next((alias for alias in aliases() if isinstance(get(alias), adapter)), None)
