"""From an alias in ``WAGTAIL_DRIP["GATEWAYS"]`` to its gateway. Only messaging, webhooks and checks come here."""

from __future__ import annotations

from wagtail_drip.core import backends

from .base import Gateway

SETTING = "GATEWAYS"


def get(alias: str) -> Gateway:
    """
    Return the gateway of this alias, the same instance for as long as its settings stay the same.

    :raises ImproperlyConfigured: if there is none, or its settings cannot work; the message names the setting.
    """
    # mypy wants a concrete class here; what is returned is always an instance of a subclass.
    return backends.get(SETTING, alias, base=Gateway)  # type: ignore[type-abstract]


def aliases() -> list[str]:
    """Return the aliases of all configured gateways, in the order of the settings."""
    return backends.aliases(SETTING)
