"""
A sign-up form as it was shown: made by a block or a tag, signed, and posted back with the answer.

The words stand in the signed value and not in a field, so that what is recorded is what was shown.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import translation
from django.utils.translation import gettext_lazy
from wagtail.models import Site

from wagtail_drip.compliance import opt_in_wording, own_wording
from wagtail_drip.compliance.own_wording import LeftOut
from wagtail_drip.conf import settings
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts.opt_in_actions import Asked
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core import keys
from wagtail_drip.public import pages
from wagtail_drip.stores import interests

logger = logging.getLogger(__name__)

_SALT = "wagtail_drip.sign_up"


@dataclass(frozen=True, kw_only=True)
class SignUpForm:
    """
    What one form asks, and where it stands.

    :ivar source: the path of the page, as the record names it.
    :ivar region: ISO 3166, for numbers without a country code.
    :ivar asks_interests: whether the interests that people may choose stand in it.
    """

    site_id: int
    wording: str
    heading: str = ""
    group: str = PurposeGroup.MARKETING
    topic: str = ""
    is_double: bool = True
    region: str = ""
    language: str = ""
    source: str = ""
    page_id: int | None = None
    revision_id: int | None = None
    privacy_url: str = ""
    terms_url: str = ""
    asks_interests: bool = False

    def signed(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    def offered(self) -> list[tuple[int, str]]:
        """Return the id and name of each interest that stands in it."""
        if not self.asks_interests:
            return []
        return [(each.pk, each.name) for each in interests.offered()]

    def asked(self, *, ip: str | None, interests: Collection[int] = ()) -> Asked:
        return Asked(
            group=PurposeGroup(self.group),
            topic=self.topic,
            is_double=self.is_double,
            source=self.source or "/",
            wording=self.wording,
            wording_version=keys.digest(self.wording)[:12],
            page_id=self.page_id,
            revision_id=self.revision_id,
            language=self.language,
            interests=tuple(interests),
            ip=ip,
        )


def read(signed: str) -> SignUpForm | None:
    """Return the form that *signed* stands for; None where it was not made here, or by a version long gone."""
    try:
        return SignUpForm(**signing.loads(signed, salt=_SALT))
    except (signing.BadSignature, TypeError, ValueError):
        return None


def shown(
    request: HttpRequest | None,
    *,
    wording: str = "",
    page: Any = None,
    region: str = "",
    **fields: Any,
) -> SignUpForm:
    """
    Return the form as this request is shown it.

    :param wording: the site's own words, with ``{sender}`` in the place of its name; '' for ours.
    :param page: the page that shows it, of which the live revision is noted.
    """
    site_id = _site_id(request)
    sender = pages.sender_name(site_id)
    country = region or core.site_settings(site_id).region or settings.DEFAULT_REGION
    group = fields.get("group") or PurposeGroup.MARKETING.value
    words = (wording or default(region=country, group=group)).replace("{sender}", sender)
    if wording:
        # Asked each time, for what the owner wants said may change.
        rows = own_wording.rows_of(country, group)
        _warn(wording, own_wording.left_out(words, region=country, senders=(sender,), rows=rows))
    _warn_of_links(
        country, tuple(opt_in_wording.missing_links(country, [name for name in fields if fields[name]]))
    )
    revision_id = getattr(page, "live_revision_id", None)
    return SignUpForm(
        site_id=site_id,
        wording=words,
        region=country,
        language=translation.get_language() or "",
        source=(request.path if request is not None else "")[:191],
        page_id=getattr(page, "pk", None),
        revision_id=revision_id,
        **fields,
    )


def _site_id(request: HttpRequest | None) -> int:
    site = Site.find_for_request(request) if request is not None else None
    return int((site or Site.objects.get(is_default_site=True)).pk)


@lru_cache(maxsize=256)
def _warn(wording: str, left_out: LeftOut) -> None:
    """Say once what a template's own words leave out; an editor's are refused when they are saved."""
    names = [*left_out.codes, *(f"“{phrase}”" for phrase in left_out.phrases)]
    if names:
        logger.warning("The words of a sign-up form (%r…) do not say: %s.", wording[:40], ", ".join(names))


@lru_cache(maxsize=256)
def _warn_of_links(region: str, names: tuple[str, ...]) -> None:
    if names:
        logger.warning("A sign-up form for %s leads to no page by %s.", region, " and ".join(names))


def default(*, region: str, group: str = "") -> str:
    """Return the owner's words for a country, or ours, in the active language and with ``{sender}`` for the name."""
    return own_wording.default_words(
        region, group or PurposeGroup.MARKETING.value, translation.get_language() or ""
    )


class AnswerForm(forms.Form):
    """What a visitor fills in."""

    phone = forms.CharField(
        label=gettext_lazy("Mobile number"),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter your mobile number.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    agree = forms.BooleanField(
        error_messages={
            "required": gettext_lazy("Tick the box if you want our texts; without it we send none.")
        }
    )
    # People do not see it; programs that fill in whatever they find do.
    website = forms.CharField(required=False)

    def __init__(
        self, *args: Any, region: str = "", offered: Sequence[tuple[int, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._region = region
        self._offered = offered

    @property
    def is_a_machine(self) -> bool:
        return bool(self.data.get("website"))

    @property
    def interests(self) -> list[int]:
        """Return the ids of what they ticked; one that is offered no more is left out, and no error."""
        given: Any = self.data
        ticked = set(given.getlist("interests"))
        return [pk for pk, _name in self._offered if str(pk) in ticked]

    def clean_phone(self) -> str:
        try:
            return phones.parse(self.cleaned_data["phone"], region=self._region).e164
        except phones.InvalidPhone as error:
            raise forms.ValidationError(str(error)) from None


def context(
    form: SignUpForm, request: HttpRequest | None, *, answer: AnswerForm | None = None
) -> Mapping[str, Any]:
    """Return what ``public/sign_up_form.html`` draws a form from."""
    signed = form.signed()
    ticked = answer.interests if answer is not None else []
    return {
        "sign_up": form,
        "signed": signed,
        "answer": answer,
        "interests": [(pk, name, pk in ticked) for pk, name in form.offered()],
        # Two forms on a page need names of their own.
        "prefix": f"drip-{keys.digest(signed)[:8]}",
        "csrf": get_token(request) if request is not None else "",
    }
