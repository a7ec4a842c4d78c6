"""The text of a message as a block, with the same field that saved messages have."""

from __future__ import annotations

from django import forms
from django.utils.functional import cached_property
from wagtail import blocks

from wagtail_drip.content.widgets import MessageTextarea


class MessageTextBlock(blocks.TextBlock):
    @cached_property
    def field(self) -> forms.CharField:
        return forms.CharField(widget=MessageTextarea(), strip=False, **self.field_options)

    class Meta:
        icon = "mail"
