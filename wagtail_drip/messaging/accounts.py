"""Which provider account a gateway alias stands for: what an open site is bound to."""

from __future__ import annotations

from dataclasses import dataclass

from wagtail_drip.gateways import registry


def account(alias: str) -> str:
    """
    Return a stable text that names the account behind *alias*, without any secret.

    :raises ImproperlyConfigured: if there is no such gateway; the message names the setting.
    """
    return registry.get(alias).account


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """
    What an owner may want to know of the gateway behind an alias.

    :ivar reaches_phones: False for what only pretends to send.
    :ivar receipts, inbound: whether it tells what became of texts, and hands on what people text back.
    :ivar wrong: what is wrong in its settings.
    """

    reaches_phones: bool
    receipts: bool
    inbound: bool
    wrong: tuple[str, ...]


def gateway(alias: str) -> Gateway:
    """
    Return what the gateway of *alias* can do, without calling anybody.

    :raises ImproperlyConfigured: if there is no such gateway; the message names the setting.
    """
    found = registry.get(alias)
    return Gateway(
        reaches_phones=found.reaches_phones,
        receipts=found.capabilities.receipts != "none",
        inbound=found.capabilities.inbound,
        wrong=tuple(issue.message for issue in found.check() if issue.level == "error"),
    )
