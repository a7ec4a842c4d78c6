"""Any provider with an HTTP interface, described in the settings. Needs no code of yours."""

from __future__ import annotations

from .gateway import GenericHttpGateway

__all__ = ["GenericHttpGateway"]
