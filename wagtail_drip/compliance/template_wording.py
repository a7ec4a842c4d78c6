"""The sign-up forms that stand in the site's own templates, and what their words or their links leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wagtail_drip.compliance import opt_in_wording, own_wording
from wagtail_drip.compliance.own_wording import LeftOut
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import sites, tag_uses

# As ``templatetags/drip.py`` calls it.
TAG = "drip_sign_up"


@dataclass(frozen=True, kw_only=True)
class TemplateWording:
    """
    A form as a template has it.

    :ivar region: ISO 3166, the country whose rules it was held to.
    """

    template: str
    region: str
    group: str
    left_out: LeftOut


def of_templates() -> Iterator[TemplateWording]:
    """
    Yield each form with what its words in quotes and its links leave out, as an editor's would be refused.

    What is known only when the form is drawn cannot be told here: it is written to the log then. Forms of which all
    is in order with words of ours are not told.
    """
    usual, names = sites.usual_region(), sites.sender_names()
    for use in tag_uses.uses_of(TAG):
        words = use.given.get("wording", "")
        if use.unknown & {"region", "group"}:
            continue
        region = use.given.get("region", "").upper() or usual
        group = use.given.get("group") or PurposeGroup.MARKETING.value
        links = opt_in_wording.missing_links(region, {*filter(use.given.get, use.given), *use.unknown})
        found = LeftOut()
        if words:
            said = words.replace("{sender}", names[0] if names else "")
            rows = own_wording.rows_of(region, group)
            found = own_wording.left_out(said, region=region, senders=names, rows=rows)
        if words or links:
            found = LeftOut((*found.codes, *links), found.phrases)
            yield TemplateWording(template=use.template, region=region, group=group, left_out=found)
