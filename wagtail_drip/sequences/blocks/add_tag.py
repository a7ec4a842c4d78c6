from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import cleaning
from wagtail_drip.sequences.blocks.tags import TagBlock


class Block(TagBlock):
    kind = "add_tag"
    order = 51

    class Meta:
        icon = "tag"
        label = _("Add a tag")
        group = _("Do something")
        description = _("Puts a tag on the person, by which you find them again.")

    def in_words(self, value: Any) -> str:
        return str(_("Adds the tag “%(tag)s”") % {"tag": cleaning.tag(value.get("tag") or "") or "…"})
