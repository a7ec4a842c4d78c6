"""What the shop's templates need of us."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from wagtail_drip.contrib.oscar import options
from wagtail_drip.contrib.oscar.adapter import OscarAdapter
from wagtail_drip.events.harmless import log_once_a_minute
from wagtail_drip.stores import registry

register = template.Library()


@register.simple_tag
def drip_consent_wording() -> str:
    """Return the words beside the box; '' while the shop is not configured, and then no box is shown."""
    try:
        store = registry.alias_of(OscarAdapter)
        return "" if store is None else options.consent_wording(registry.get(store).options)
    except Exception as error:  # noqa: BLE001 -- a checkout page is never harmed
        log_once_a_minute("drip_consent_wording", error)
        return ""


@register.simple_block_tag
def drip_before_button(content: str, form_id: str, page: str) -> SafeString:
    """
    Put the block's content into *page*, above the button of the form with *form_id*.

    Where the page has no such form it stands above the page: the fields name their form, and so belong to it
    wherever they stand. That is why nothing of Oscar's markup needs to be copied here.
    """
    start = page.find(f'id="{form_id}"')
    button = page.find("<button", start)
    end = page.find("</form>", start)
    at = button if start != -1 and -1 < button < end else 0
    # Both were rendered, and escaped, by the template engine.
    return mark_safe(page[:at] + content + page[at:])  # noqa: S308
