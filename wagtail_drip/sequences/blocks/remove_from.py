from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.sequences.blocks.sequence_choice import SequenceChoiceBlock


class Block(SequenceChoiceBlock):
    kind = "remove_from"
    order = 55

    class Meta:
        icon = "logout"
        label = _("Stop another sequence")
        group = _("Do something")
        description = _("Takes the person out of another sequence, with its texts that have not left.")

    def in_words(self, value: Any) -> str:
        return str(_("Takes them out of “%(sequence)s”") % {"sequence": self.name_of(value)})
