"""Drip SMS marketing for Wagtail. Version only: Django is not ready when this is read."""

from __future__ import annotations

__version__ = "0.1.0"
