"""The words beside sign-up forms that stand in the site's own templates, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wagtail_drip.compliance import own_wording
from wagtail_drip.compliance.own_wording import LeftOut
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import sites, tag_uses

# As ``templatetags/drip.py`` calls it.
TAG = "drip_sign_up"


@dataclass(frozen=True, kw_only=True)
class TemplateWording:
    """
    Words of its own that a template gives to a form.

    :ivar region: ISO 3166, the country whose rules they were held to.
    """

    template: str
    region: str
    group: str
    left_out: LeftOut


def of_templates() -> Iterator[TemplateWording]:
    """
    Yield each wording that stands in a template in quotes, with what it leaves out as an editor's would be refused.

    What is known only when the form is drawn cannot be told here: it is written to the log then.
    """
    usual, names = sites.usual_region(), sites.sender_names()
    for use in tag_uses.uses_of(TAG):
        words = use.given.get("wording", "")
        if not words or use.unknown & {"region", "group"}:
            continue
        region = use.given.get("region", "").upper() or usual
        group = use.given.get("group") or PurposeGroup.MARKETING.value
        yield TemplateWording(
            template=use.template,
            region=region,
            group=group,
            left_out=own_wording.left_out(
                words.replace("{sender}", names[0] if names else ""),
                region=region,
                senders=names,
                rows=own_wording.rows_of(region, group),
            ),
        )
