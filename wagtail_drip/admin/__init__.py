"""Wagtail screens; no rules live here."""
