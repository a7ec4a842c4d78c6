"""The one automatic answer to a text: who stopped hears so once, who asks for help gets it."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.models import Site

from wagtail_drip.compliance.keywords import Kind
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.gateways import encoding


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
        if kind == "help":
            return site.help_text or _fitting(
                _("%(sender)s: For help visit %(url)s. Reply STOP to end."), sender, url=home.root_url
            )
    return ""


def _fitting(words: str, sender: str, **values: str) -> str:
    # One segment: a confirmation that says more than that it is done would be another advertisement
    # (47 CFR 64.1200(a)(12)).
    is_gsm = encoding.count(words % {"sender": sender, **values}).encoding == "GSM-7"
    longest = encoding.GSM_SINGLE if is_gsm else encoding.UCS2_SINGLE
    room = max(0, longest - len(words % {"sender": "", **values}))
    return words % {"sender": sender[:room], **values}


def _language(contact: Contact) -> str:
    try:
        return translation.get_supported_language_variant(contact.language or settings.LANGUAGE_CODE)
    except LookupError:
        return str(settings.LANGUAGE_CODE)
