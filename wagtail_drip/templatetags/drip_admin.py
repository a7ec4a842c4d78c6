"""What the templates of our own screens use."""

from __future__ import annotations

from django import template

from wagtail_drip.admin import sources

register = template.Library()
register.filter("source_in_words", sources.in_words)
