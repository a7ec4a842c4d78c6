"""A sign-up form for any template, whether of a Wagtail page or not."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.public import sign_up_forms

register = template.Library()


@register.inclusion_tag("wagtail_drip/public/sign_up_form.html", takes_context=True)
def drip_sign_up(
    context: Context,
    *,
    heading: str = "",
    wording: str = "",
    topic: str = "",
    group: str = PurposeGroup.MARKETING,
    double: bool = True,
    region: str = "",
    privacy_url: str = "",
    terms_url: str = "",
    interests: bool = False,
) -> dict[str, Any]:
    """
    Draw a form by which people sign up for texts.

    :param wording: what they agree to, with ``{sender}`` in the place of your name; ours for the country if left out.
    :param interests: True shows the interests that people may choose, for them to tick.
    :param double: False takes it as agreed at once, without asking whoever holds the phone.
    """
    request = context.get("request")
    form = sign_up_forms.shown(
        request,
        page=context.get("page"),
        heading=heading,
        wording=wording,
        topic=topic,
        group=PurposeGroup(group).value,
        is_double=double,
        region=region.upper(),
        privacy_url=privacy_url,
        terms_url=terms_url,
        asks_interests=interests,
    )
    return dict(sign_up_forms.context(form, request))
