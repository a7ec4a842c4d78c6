"""How the templates of our own pages word what they are given."""

from __future__ import annotations

from django import template

from wagtail_drip.admin import places, sources
from wagtail_drip.core.listed import listed

register = template.Library()
register.filter("source_in_words", sources.in_words)
register.filter("listed", listed)
register.filter("place_name", places.name_of)
