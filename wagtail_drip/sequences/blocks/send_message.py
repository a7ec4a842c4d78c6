from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks import BlockGroup
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_drip.contacts.types import Purpose
from wagtail_drip.content import problems
from wagtail_drip.sequences.blocks.base import Fault, StepBlock
from wagtail_drip.sequences.blocks.message_text import MessageTextBlock
from wagtail_drip.sequences.purposes import PURPOSES


class Block(StepBlock):
    kind = "send_message"
    order = 10

    text = MessageTextBlock(
        label=_("Message text"),
        required=False,
        help_text=_("Write as you would to a friend. The buttons insert personal details."),
    )
    name = blocks.CharBlock(
        required=False, max_length=120, label=_("Name in reports"), help_text=_("Only your team sees it.")
    )
    saved_message = SnippetChooserBlock(
        "wagtail_drip.MessageTemplate", required=False, label=_("Use a saved message instead")
    )
    purpose = blocks.ChoiceBlock(
        choices=PURPOSES,
        required=False,
        label=_("Purpose"),
        help_text=_("Empty: the purpose of the sequence."),
    )
    topic = blocks.CharBlock(required=False, max_length=64, label=_("Topic"))
    track_links = blocks.BooleanBlock(required=False, default=True, label=_("Shorten links and count clicks"))
    ignores_windows = blocks.BooleanBlock(
        required=False,
        default=False,
        label=_("Also outside our sending times"),
        help_text=_("Quiet hours by law are kept all the same."),
    )
    expires_hours = blocks.IntegerBlock(
        required=False,
        min_value=1,
        max_value=24 * 30,
        label=_("Do not send later than (hours)"),
        help_text=_("Empty: the usual limit for its purpose."),
    )

    class Meta:
        icon = "mail"
        label = _("Send a text")
        group = _("Do something")
        description = _("Sends one text message to the person.")
        form_layout = BlockGroup(
            children=["text"],
            settings=[
                "name",
                "saved_message",
                "purpose",
                "topic",
                "track_links",
                "ignores_windows",
                "expires_hours",
            ],
        )

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {
            "name": value.get("name") or "",
            "purpose": value.get("purpose") or "",
            "topic": value.get("topic") or "",
            "track_links": bool(value.get("track_links", True)),
            "ignores_windows": bool(value.get("ignores_windows")),
            "expires_hours": value.get("expires_hours"),
        }

    def texts(self, value: Any) -> dict[str, str]:
        return {"text_id": source_of(value)}

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        saved = value.get("saved_message")
        if saved is not None and not saved.live:
            yield Fault(
                field="saved_message",
                message=str(
                    _("The saved message “%(name)s” is not published. Publish it or choose another.")
                    % {"name": saved.name}
                ),
            )
        elif not source_of(value).strip():
            yield Fault(field="text", message=str(_("Write the message, or choose a saved one.")))
        elif fault := problems.fault_in(source_of(value), trigger_event=trigger_event):
            yield Fault(field="saved_message" if saved is not None else "text", message=fault)
        if value.get("purpose") == Purpose.RESPONSE:
            yield Fault(
                field="purpose", message=str(_("A sequence cannot answer a text. Choose another purpose."))
            )


def source_of(value: Any) -> str:
    """Return the text a step sends: the saved message's as it is published, else its own."""
    saved = value.get("saved_message")
    return (saved.text if saved is not None else value.get("text")) or ""
