"""
The one automatic answer to a text: who stopped hears so once, who asks for help gets it.

And the one text about a sign-up: the question, or the welcome that American carriers want to be the first text of all
(CTIA, Messaging Principles: who texts, how often, what it costs, HELP and STOP).
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.models import Site

from wagtail_drip.compliance.keywords import Kind
from wagtail_drip.compliance.opt_in_wording import COSTS
from wagtail_drip.conf import settings as settings_of_us
from wagtail_drip.contacts import phone
from wagtail_drip.contacts.models import Contact, OptInRequest
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.gateways import encoding
from wagtail_drip.inbox import senders
from wagtail_drip.links import personal

_LONGEST_SENDER = 40
# By which an owner's own words tell how to end it.
_WAYS_OUT = ("stop", "退订", "退訂", "拒收")


def wording(kind: Kind, *, contact: Contact, site: SiteSettings) -> str:
    """Return the answer to a text of this kind, in the contact's language; '' where none is due."""
    with translation.override(_language(contact)):
        home = Site.objects.get(pk=site.site_id)
        sender = site.sender_name or home.site_name or home.hostname
        if kind == "stop":
            return _fitting(
                _("%(sender)s: You are unsubscribed and will get no more messages. Reply START to return."),
                sender,
            )
        if kind == "start":
            return _fitting(_("%(sender)s: Welcome back. Reply STOP to end, HELP for help."), sender)
        if kind == "confirm":
            return _in_full(
                _("%(sender)s: You get our texts from now on. Reply STOP to end, HELP for help."),
                sender,
                number=contact.phone,
            )
        if kind == "help":
            return _help(contact, site=site, sender=sender[:_LONGEST_SENDER], url=str(home.root_url))
    return ""


def _help(contact: Contact, *, site: SiteSettings, sender: str, url: str) -> str:
    """Return who texts, how to reach them, where the person chooses what they get, and how to end it."""
    own = site.help_text.strip()
    rest = []
    # In China a link must be the same for everybody, and approved.
    if settings_of_us.PUBLIC_BASE_URL and phone.region_of(contact.phone) != "CN":
        path = personal.path_of(personal.PREFERENCES, contact.pk, site.site_id)
        rest.append(_("Choose what you get: %(url)s") % {"url": _address(path)})
    if not any(word in own.casefold() for word in _WAYS_OUT):
        rest.append(_("Reply STOP to end."))
    if own:
        said = _ended(own)
        if sender.casefold() not in own.casefold():
            said = _("%(sender)s: %(words)s") % {"sender": sender, "words": said}
        return " ".join([said, *rest])
    words = " ".join([_("%(sender)s: For help visit %(url)s."), *(each.replace("%", "%%") for each in rest)])
    # One SMS where no address of their own makes it longer.
    return _fitting(words, sender, url=url) if len(rest) < 2 else words % {"sender": sender, "url": url}


def _ended(words: str) -> str:
    """Return *words* as a sentence, unless an address is last, which a full stop would become a part of."""
    last = words.split()[-1]
    is_ended = words[-1] in ".!?。！？…" or "/" in last or "@" in last
    return words if is_ended else words + _(".")


def about_request(request: OptInRequest, *, site: SiteSettings, number: str) -> str:
    """
    Return the one text about a request, in the language of the page: the question, or where none is asked the welcome.

    Where nobody can answer the sender, a link stands in place of the reply.
    """
    with translation.override(_supported(request.language)):
        home = Site.objects.get(pk=site.site_id)
        sender = site.sender_name or home.site_name or home.hostname
        can_reply = senders.can_be_answered(site) or not settings_of_us.PUBLIC_BASE_URL
        if request.is_double:
            address = _address(reverse("wagtail_drip:confirm_opt_in", args=[request.token]))
            words = (
                _(
                    "%(sender)s: Reply YES to get our texts, or STOP to refuse. Did you not ask for this? Then do "
                    "nothing."
                )
                if can_reply
                else _(
                    "%(sender)s: To get our texts, confirm on %(url)s Did you not ask for this? Then do nothing."
                )
            )
        else:
            address = _address(personal.path_of(personal.STOP, request.contact_id, site.site_id))
            words = (
                _("%(sender)s: You get our texts from now on. Reply STOP to end, HELP for help.")
                if can_reply
                else _("%(sender)s: You get our texts from now on. To end them: %(url)s")
            )
        return _in_full(words, sender, number=number, url=address)


def _address(path: str) -> str:
    return settings_of_us.PUBLIC_BASE_URL.rstrip("/") + path


def _in_full(words: str, sender: str, *, number: str, **values: str) -> str:
    """Return the whole text, in however many segments, with what a country wants to be said first of all."""
    found = words % {"sender": sender[:_LONGEST_SENDER], **values}
    if phone.region_of(number) in COSTS:
        return " ".join([found, _("Msg frequency varies. Msg & data rates may apply.")])
    return found


def _fitting(words: str, sender: str, **values: str) -> str:
    # One segment: a confirmation that says more than that it is done would be another advertisement
    # (47 CFR 64.1200(a)(12)).
    is_gsm = encoding.count(words % {"sender": sender, **values}).encoding == "GSM-7"
    longest = encoding.GSM_SINGLE if is_gsm else encoding.UCS2_SINGLE
    room = max(0, longest - len(words % {"sender": "", **values}))
    return words % {"sender": sender[:room], **values}


def _language(contact: Contact) -> str:
    return _supported(contact.language)


def _supported(language: str) -> str:
    try:
        return translation.get_supported_language_variant(language or settings.LANGUAGE_CODE)
    except LookupError:
        return str(settings.LANGUAGE_CODE)
