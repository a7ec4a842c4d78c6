"""The common parent of our errors; each room defines its own children where it raises them."""

from __future__ import annotations


class WagtailDripError(Exception):
    """Something wagtail-drip refuses or cannot do. The message names the field and the remedy."""
