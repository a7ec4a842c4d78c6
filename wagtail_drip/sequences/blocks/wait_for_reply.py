from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup

from wagtail_drip.core.listed import listed
from wagtail_drip.sequences.blocks.awaiting import (
    HAPPENED,
    SINCE,
    SINCE_HERE,
    TIMED_OUT,
    AwaitingBlock,
    at_most,
)
from wagtail_drip.sequences.blocks.base import Fault
from wagtail_drip.sequences.replies import ANYTHING, CONTAINS, IS, words_of

HOW = [
    (ANYTHING, _("anything")),
    (CONTAINS, _("something that contains…")),
    (IS, _("exactly…")),
]


class Block(AwaitingBlock):
    kind = "wait_for_reply"
    order = 36
    branches = {HAPPENED: _("As soon as they reply…"), TIMED_OUT: _("If they do not reply in time…")}
    path_names = {HAPPENED: _("Replied"), TIMED_OUT: _("No reply")}
    show_when = {"words": {"how": [CONTAINS, IS]}}

    how = blocks.ChoiceBlock(choices=HOW, default=ANYTHING, label=_("Wait until they reply"))
    words = blocks.CharBlock(
        required=False,
        max_length=255,
        label=_("Words"),
        help_text=_("Any of these, with commas between: yes, yes please, ok. Capitals do not matter."),
    )
    since = blocks.ChoiceBlock(choices=SINCE, default=SINCE_HERE, label=_("Count replies"))

    class Meta:
        icon = "comment"
        label = _("Wait for a reply")
        group = _("Timing and decisions")
        description = _("Waits for the person to write back, and goes on at once when they do.")
        form_classname = "struct-block drip-branch-test"
        form_layout = BlockGroup(
            children=["how", "words", "amount", "unit", HAPPENED, TIMED_OUT], settings=["since"]
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        how = value.get("how") or ANYTHING
        return {
            "how": how,
            "words": words_of(value.get("words") or "") if how != ANYTHING else [],
            **self.how_long(value),
            "since": value.get("since") or SINCE_HERE,
        }

    def in_words(self, value: Any) -> str:
        time = at_most(value.get("amount"), value.get("unit")) or "…"
        how = value.get("how") or ANYTHING
        if how == ANYTHING:
            return str(_("Wait for a reply (%(time)s)") % {"time": time})
        words = listed(words_of(value.get("words") or "")) or "…"
        return str(_("Wait for the reply “%(words)s” (%(time)s)") % {"words": words, "time": time})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        if (value.get("how") or ANYTHING) != ANYTHING and not words_of(value.get("words") or ""):
            yield Fault(field="words", message=str(_("Fill in the words to wait for.")))
        yield from super().faults(value, trigger_event=trigger_event)
