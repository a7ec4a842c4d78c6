"""A sign-up form for Wagtail pages: ``("sign_up", SignUpBlock())`` in a StreamField."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.compliance import opt_in_wording, own_wording
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import sites
from wagtail_drip.public import sign_up_forms

# What is missing, and what to write.
MISSING: Mapping[str, Any] = {
    "sender": _("Say who sends the texts: write {sender}, and your sender name appears there."),
    "stop": _("Say how to end it: with the word STOP."),
    "recurring": _("Say that the texts are recurring and automated."),
    "condition": _("Say that consent is not a condition of purchase."),
    "frequency": _("Say how often: “Message frequency varies.” will do."),
    "rates": _("Say what it may cost: “Message and data rates may apply.”"),
    "help": _("Say how to get help: “Reply HELP for help.”"),
}


class SignUpBlock(blocks.StructBlock):
    """What an editor fills in; what is left empty is ours or the site's."""

    heading = blocks.CharBlock(label=_("Heading"), required=False, max_length=120)
    wording = blocks.TextBlock(
        label=_("What people agree to"),
        required=False,
        max_length=1000,
        rows=4,
        help_text=_(
            "Stands beside the box, and in the proof word by word. Write {sender} for your name. Empty: your own "
            "wording for the country or ours, in the language of the page."
        ),
    )
    confirmation = blocks.ChoiceBlock(
        label=_("Confirmation"),
        choices=[
            ("double", _("Ask by text, and text only who says yes (double opt-in)")),
            ("single", _("Take it as agreed at once")),
        ],
        default="double",
        help_text=_(
            "Without asking, anybody can sign up somebody else’s number. Many countries expect you to ask."
        ),
    )
    purpose_group = blocks.ChoiceBlock(
        label=_("What for"),
        choices=[
            (PurposeGroup.MARKETING.value, _("Offers and news")),
            (PurposeGroup.TRANSACTIONAL.value, _("Orders and bookings")),
        ],
        default=PurposeGroup.MARKETING.value,
    )
    topic = blocks.CharBlock(
        label=_("Topic"), required=False, max_length=64, help_text=_("Only this topic; empty is all of them.")
    )
    interests = blocks.BooleanBlock(
        label=_("Ask what they are interested in"),
        required=False,
        help_text=_(
            "Shows the interests that you let people choose, as boxes that nobody has to tick. What was ticked is "
            "kept as theirs once they have said yes."
        ),
    )
    region = blocks.RegexBlock(
        label=_("Country"),
        required=False,
        regex=r"^[A-Za-z]{2}$",
        error_messages={"invalid": _("Write the two letters of a country, for example GB or CN.")},
        help_text=_(
            "For numbers without a country code, and for what the law wants said. Empty: the site’s."
        ),
    )
    privacy_page = blocks.PageChooserBlock(label=_("Privacy notice"), required=False)
    terms_page = blocks.PageChooserBlock(label=_("Terms"), required=False)

    class Meta:
        icon = "mobile-alt"
        label = _("Sign-up for text messages")
        template = "wagtail_drip/public/sign_up_form.html"

    def clean(self, value: Any) -> Any:
        """:raises StructBlockValidationError: naming what the wording has to say in the country, and how."""
        cleaned = super().clean(value)
        region = (cleaned["region"] or sites.usual_region()).upper()
        errors = {}
        if cleaned["wording"]:
            names = sites.sender_names()
            words = cleaned["wording"].replace("{sender}", names[0] if names else "")
            rows = own_wording.rows_of(region, cleaned["purpose_group"])
            left_out = own_wording.left_out(words, region=region, senders=names, rows=rows)
            missing = [MISSING[code] for code in left_out.codes]
            missing += [
                _("Say: “%(phrase)s”. Your own table of sign-up wordings wants it.") % {"phrase": phrase}
                for phrase in left_out.phrases
            ]
            if missing:
                errors["wording"] = ValidationError([ValidationError(each) for each in missing])
        if region in opt_in_wording.NEEDS_LINKS:
            for name in ("privacy_page", "terms_page"):
                if not cleaned[name]:
                    errors[name] = ValidationError(
                        _("Choose a page: in this country the form must lead to it.")
                    )
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return cleaned

    def deconstruct(self) -> Any:
        """Stand in a site's migrations by our name only: what we change in here then needs no migration of theirs."""
        if type(self) is not SignUpBlock:
            return super().deconstruct()
        return ("wagtail_drip.public.blocks.SignUpBlock", [], self._constructor_kwargs)

    def deconstruct_with_lookup(self, lookup: Any) -> Any:
        if type(self) is not SignUpBlock:
            return super().deconstruct_with_lookup(lookup)
        return self.deconstruct()

    @classmethod
    def construct_from_lookup(cls, lookup: Any, *args: Any, **kwargs: Any) -> Any:
        return super().construct_from_lookup(lookup, *args, **kwargs) if args else cls(**kwargs)

    def get_context(self, value: Any, parent_context: Any = None) -> Any:
        context = super().get_context(value, parent_context)
        request, page = context.get("request"), context.get("page")
        form = sign_up_forms.shown(
            request,
            page=page,
            heading=value["heading"] or "",
            wording=value["wording"] or "",
            group=value["purpose_group"],
            topic=value["topic"] or "",
            is_double=value["confirmation"] != "single",
            region=(value["region"] or "").upper(),
            privacy_url=_address(value["privacy_page"], request),
            asks_interests=bool(value["interests"]),
            terms_url=_address(value["terms_page"], request),
        )
        context.update(sign_up_forms.context(form, request))
        return context


def _address(page: Any, request: Any) -> str:
    return (page.get_url(request) or "") if page is not None else ""
