"""Reading a gateway's OPTIONS, with errors that name the option and never show its value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .errors import GatewayMisconfigured


class Options:
    """A dict of options and where it stands in the settings."""

    def __init__(self, values: object, *, where: str) -> None:
        if not isinstance(values, Mapping):
            raise GatewayMisconfigured(f"{where} must be a dict.")
        self.values: Mapping[str, Any] = values
        self.where = where

    @classmethod
    def of_gateway(cls, alias: str, values: Mapping[str, Any]) -> Options:
        return cls(values, where=f'WAGTAIL_DRIP["GATEWAYS"]["{alias}"]["OPTIONS"]')

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def error(self, name: str, must: str) -> GatewayMisconfigured:
        return GatewayMisconfigured(f'{self.where}["{name}"] {must}.')

    def allow(self, names: Collection[str]) -> None:
        """:raises GatewayMisconfigured: if there is an option of another name, most likely misspelt."""
        for name in self.values:
            if name not in names:
                raise self.error(name, f"means nothing here; known are {', '.join(sorted(names))}")

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it is required and must not be empty."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise self.error(name, "is required" if value is None else "must be a text")
        if default is None and not value:
            raise self.error(name, "must not be empty")
        return value

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise self.error(name, f"must be one of {', '.join(choices)}")
        return value

    def number(self, name: str, default: int) -> int:
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(name, "must be a whole number, 0 or more")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.error(name, "must be True or False")
        return value

    def url(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default)
        if not value.startswith(("https://", "http://")):
            raise self.error(name, "must begin with https:// or http://")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Return a dict of texts, empty where the option is missing."""
        value = self.values.get(name, {})
        if not isinstance(value, Mapping) or not all(
            isinstance(key, str) and isinstance(item, str) for key, item in value.items()
        ):
            raise self.error(name, "must be a dict of texts")
        return dict(value)

    def section(self, name: str) -> Options:
        """Return the options inside this one, empty where it is missing."""
        return Options(self.values.get(name, {}), where=f'{self.where}["{name}"]')
