"""Which provider account a gateway alias stands for: what an open site is bound to."""

from __future__ import annotations

from wagtail_drip.gateways import registry


def account(alias: str) -> str:
    """
    Return a stable text that names the account behind *alias*, without any secret.

    :raises ImproperlyConfigured: if there is no such gateway; the message names the setting.
    """
    return registry.get(alias).account
