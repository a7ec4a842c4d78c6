from __future__ import annotations

from django import template
from django.db.models import QuerySet
from django.http import HttpRequest
from wagtail.models import Page, Site

register = template.Library()


@register.simple_tag
def welcome_page(request: HttpRequest) -> Page | None:
    """Return the page at the root of the site, which Oscar's catalogue shows above itself."""
    site = Site.find_for_request(request)
    return site.root_page.specific if site else None


@register.simple_tag
def menu_pages(request: HttpRequest) -> QuerySet[Page]:
    """Return the published pages that ask to be in the menus."""
    site = Site.find_for_request(request)
    return site.root_page.get_children().live().in_menu() if site else Page.objects.none()
