"""Whether people of a country have agreed, can stop, and are told by whom: consent, words, texts."""

from __future__ import annotations

import re

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from wagtail_drip.admin import places
from wagtail_drip.admin.preview.bubbles import Bubble
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import Told, ok, settings_url, to_do, unknown
from wagtail_drip.admin.ready.words import MISSING
from wagtail_drip.admin.sensitive_words import NAMES
from wagtail_drip.compliance import keywords, own_wording, readiness, template_wording
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.compliance.own_wording import LeftOut
from wagtail_drip.compliance.readiness import Line
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.content import language
from wagtail_drip.core.listed import listed

# How the shop's name is written where it is a variable.
_SHOP = re.compile(r"\{\{-?\s*shop\.name\b")
# So many sequences are named; more are counted.
_NAMED = 3


def looks_at_consent(facts: Facts, line: Line) -> Told:
    found = facts.consents
    url = reverse("wagtail_drip_contacts:index") + f"?region={facts.place}"
    none = max(facts.people - found.granted - found.refused, 0)
    said = _("%(granted)d agreed to marketing, %(refused)d refused or stopped, %(none)d never said.") % {
        "granted": found.granted,
        "refused": found.refused,
        "none": none,
    }
    if not found.granted:
        return to_do(said + " " + _("Nobody there can be sent marketing yet."), url)
    if found.bare:
        return to_do(
            said
            + " "
            + ngettext(
                "Of %(n)d of them the words are not kept to which they agreed.",
                "Of %(n)d of them the words are not kept to which they agreed.",
                found.bare,
            )
            % {"n": found.bare},
            url,
        )
    if found.imported:
        return unknown(
            said
            + " "
            + ngettext(
                "%(n)d consent was imported: whether it is proven, you know.",
                "%(n)d consents were imported: whether they are proven, you know.",
                found.imported,
            )
            % {"n": found.imported},
            url,
        )
    return ok(said + " " + _("The words are kept to which each of them agreed."), url)


def looks_at_wording(facts: Facts, line: Line) -> Told:
    url = reverse("wagtail_drip_settings:wordings")
    shown = own_wording.words_for(
        facts.place, PurposeGroup.MARKETING.value, get_language() or "", rows=facts.own_words
    )
    texts = [shown, *(row.text for row in facts.own_words if row.text and row.country == facts.place)]
    for text in dict.fromkeys(texts):
        names = _left_out(facts, text.replace("{sender}", facts.row.sender_name))
        if names:
            return to_do(
                _("The words that a form shows there by itself do not say: %(names)s.") % {"names": names},
                url,
            )
    for each in template_wording.of_templates():
        names = _told(each.left_out)
        if names and (each.region, each.group) == (facts.place, PurposeGroup.MARKETING.value):
            return to_do(
                _(
                    "The words of the form in the template “%(template)s” do not say: %(names)s. "
                    "Let your developer write them there."
                )
                % {"template": each.template, "names": names}
            )
    if not facts.wording:
        return unknown(_("Nobody there has signed up by a form yet, so that no words can be looked at."), url)
    names = _left_out(facts, facts.wording)
    if names:
        return to_do(
            _(
                "The words that somebody there agreed to last do not say: %(names)s. Edit the page of your form, or "
                "let your developer edit its template."
            )
            % {"names": names},
            reverse("wagtailadmin_explore_root"),
        )
    return ok(_("The words that somebody there agreed to last say all that we look for."), url)


def _left_out(facts: Facts, words: str) -> str:
    """Return what *words* do not say of what the country or the owner's own table wants said; '' for nothing."""
    found = own_wording.left_out(
        words,
        region=facts.place,
        senders=tuple(filter(None, [facts.row.sender_name])),
        rows=facts.own_words,
    )
    return _told(found)


def _told(found: LeftOut) -> str:
    return listed([*(str(MISSING[code]) for code in found.codes), *(f"“{each}”" for each in found.phrases)])


def looks_at_double_opt_in(facts: Facts, line: Line) -> Told:
    found = facts.consents
    if not found.forms:
        return unknown(_("Nobody there has agreed by a form yet."))
    values = {"doubled": found.doubled, "forms": found.forms}
    said = _("%(doubled)d of %(forms)d who agreed by a form confirmed it by their phone.") % values
    if found.doubled == found.forms:
        return ok(said)
    if line.says == "needed":
        return to_do(said + " " + _("Let your forms ask for it."), reverse("wagtailadmin_explore_root"))
    return unknown(said + " " + _("Where it is not asked for, only you can tell who typed the number."))


def looks_at_stop_words(facts: Facts, line: Line) -> Told:
    url = reverse("wagtail_drip_settings:keywords")
    wanted = set(readiness.languages_of(facts.place))
    shipped = {tuple(names.split(", ")): words for names, words in keywords.STOP.items()}
    known = {language for languages in shipped for language in languages}
    words = [word for languages, found in shipped.items() if wanted.intersection(languages) for word in found]
    words += keywords.STOP_IN.get(facts.place, ())
    own = [row for row in compliance.own_keywords().rows if row.stops and row.country in ("", facts.place)]
    words += [row.text for row in own]
    if not any(row.country for row in own) and (not wanted or not wanted <= known):
        return unknown(
            _("STOP and its English sisters stop texts; of this country’s languages we may lack words."), url
        )
    return ok(_("Besides STOP: %(words)s.") % {"words": listed(dict.fromkeys(words))}, url)


def looks_at_stop_text(facts: Facts, line: Line) -> Told:
    url = reverse("wagtail_drip_sequences:list")
    if not facts.first_texts:
        return unknown(_("No sequence runs that sends marketing."), url)
    wrong = [
        each.sequence for each in facts.first_texts if not _says(each.source, line, facts.row.sender_name)
    ]
    if not wrong:
        count = len(facts.first_texts)
        return ok(
            ngettext(
                "The first text of %(n)d running sequence does.",
                "The first texts of all %(n)d running sequences do.",
                count,
            )
            % {"n": count},
            url,
        )
    needs = listed(_("your name") if need == "{sender}" else f"“{need}”" for need in line.needs)
    names = listed(f"“{name}”" for name in wrong[:_NAMED]) + ("…" if len(wrong) > _NAMED else "")
    values = {"n": len(wrong), "all": len(facts.first_texts), "names": names, "needs": needs or "“STOP”"}
    return to_do(
        _("%(n)d of %(all)d running sequences do not: %(names)s. It must have %(needs)s.") % values, url
    )


def _says(source: str, line: Line, sender: str) -> bool:
    """Tell whether a text has all that the line needs; without needs, any way to stop."""
    said = language.fixed_words(source)
    if not line.needs:
        return Bubble(text=said).says_how_to_stop or "link.stop" in source or "link.preferences" in source
    names_sender = bool(_SHOP.search(source)) or (bool(sender) and sender.casefold() in said.casefold())
    return all(
        names_sender if need == "{sender}" else need.casefold() in said.casefold() for need in line.needs
    )


def looks_at_help(facts: Facts, line: Line) -> Told:
    text, url = facts.row.help_text.strip(), settings_url(facts)
    if text:
        return ok(_("Somebody who texts HELP gets: %(text)s") % {"text": text}, url)
    if line.says == "needed":
        return to_do(_("Write one: your name, and how to reach you by phone, mail or web."), url)
    return ok(_("You have written none: your name and the address of your site are sent."), url)


def looks_at_name(facts: Facts, line: Line) -> Told:
    name = facts.row.sender_name
    if name:
        return ok(_("Texts of ours begin with “%(name)s”.") % {"name": name}, settings_url(facts))
    return to_do(_("Set the sender name, by which people know you."), settings_url(facts))


def looks_at_words(facts: Facts, line: Line) -> Told:
    url = reverse("wagtail_drip_settings:words", args=[facts.row.site_id])
    if not facts.lists:
        return unknown(_("We have no list for this country. Add words of your own."), url)
    off = [str(NAMES[row.kind]) if not row.word else f"“{row.word}”" for row in facts.silent]
    if off:
        return unknown(
            _("Switched off: %(words)s. Whether that is right, your provider knows.")
            % {"words": listed(off)},
            url,
        )
    names = listed(str(NAMES[kind]) for kind in facts.lists)
    return ok(
        _("All lists for %(country)s are on: %(names)s.")
        % {"country": places.name_of(facts.place), "names": names},
        url,
    )
