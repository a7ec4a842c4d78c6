from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import cleaning
from wagtail_drip.sequences.blocks.tags import TagBlock


class Block(TagBlock):
    kind = "remove_tag"
    order = 52

    class Meta:
        icon = "tag"
        label = _("Remove a tag")
        group = _("Do something")
        description = _("Takes a tag off the person.")

    def in_words(self, value: Any) -> str:
        return str(_("Takes off the tag “%(tag)s”") % {"tag": cleaning.tag(value.get("tag") or "") or "…"})
