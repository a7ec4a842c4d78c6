"""What is said of words that stop, start and ask for help: what a text means, by which word, and why one is refused."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language_info, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from wagtail_drip.admin import places
from wagtail_drip.compliance import keywords
from wagtail_drip.compliance.keywords import Verdict
from wagtail_drip.compliance.models import Keyword
from wagtail_drip.compliance.own_keywords import HELP, PHRASE, START, STOP, OwnKeyword, Refusal
from wagtail_drip.core.listed import listed

KINDS: dict[str, Any] = {
    STOP: gettext_lazy("stop word"),
    PHRASE: gettext_lazy("stop phrase"),
    START: gettext_lazy("start word"),
    HELP: gettext_lazy("help word"),
    "confirm": gettext_lazy("yes to a sign-up"),
}
SOURCES: dict[str, Any] = {
    "us_rules": gettext_lazy(
        "Law of the USA, 47 CFR 64.1200(a)(10), and the defaults of Twilio and AWS End User Messaging"
    ),
    "providers": gettext_lazy("The defaults of Twilio and AWS End User Messaging"),
    "china": gettext_lazy(
        "China’s mobile networks ask for 拒收请回复R; the others are what Chinese texts offer and people answer"
    ),
    "usage": gettext_lazy("What people commonly say; no rule names it"),
}
_LANGUAGES: dict[str, Any] = {
    "global": pgettext_lazy("of words", "everywhere"),
    "zh": gettext_lazy("Chinese"),
    "no": gettext_lazy("Norwegian"),
    "ms": gettext_lazy("Malay"),
}
_REFUSALS: dict[str, Any] = {
    "empty": gettext_lazy(
        "Nothing is left of it without its signs and emoji. Write letters or digits that people can text."
    ),
    "too_long": gettext_lazy("It is too long: a word has at most 40 characters, a phrase 80 and 16 words."),
    "answer": gettext_lazy(
        "People answer any question like that, so it would be obeyed where nobody meant it. Choose what is said for "
        "nothing else."
    ),
    "one_letter": gettext_lazy(
        "One letter is an answer in many surveys. Say from which country’s numbers it counts, or choose a longer word."
    ),
    "opposite": gettext_lazy("It says the opposite of a stop, and would never be obeyed."),
    "one_word": gettext_lazy(
        "A single word stands in too many sentences. Write two words or more, or make it a stop word."
    ),
}
_MEANINGS: dict[str, Any] = {
    "stop": gettext_lazy(
        "A stop. Nothing more goes to the number from this sender, and they are told so once."
    ),
    "phrase": gettext_lazy(
        "A wish to stop, in words of their own. It is obeyed at once like a stop, and you are shown that it was judged."
    ),
    "start": gettext_lazy("A start. It takes back what they stopped themselves, and nothing else."),
    "help": gettext_lazy("They ask for help, and get your answer to it."),
    "confirm": gettext_lazy(
        "A yes, to whoever has just been asked by a sign-up form. From anybody else it is a reply: nothing is stopped."
    ),
    "reply": gettext_lazy("A reply. Nothing is stopped or started; it stands in the person’s story."),
}


def language(code: str) -> str:
    """Return the name of a language; '' for none, its code where we have no name."""
    if code in _LANGUAGES or not code:
        return str(_LANGUAGES.get(code, ""))
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def whose(each: keywords.WordList) -> str:
    """Return for whom the words of a list count."""
    if each.places:
        return only_numbers(each.places[0])
    return listed(map(language, each.languages))


def only_numbers(country: str) -> str:
    """Return that words count only from the numbers of a country."""
    return _("only numbers of %(country)s") % {"country": places.name_of(country)}


def where(verdict: Verdict, *, region: str = "") -> str:
    """Return by which of the words that we ship a text is understood."""
    if verdict.phrase:
        return _("our list of ways to ask for it, by “%(words)s”") % {"words": verdict.phrase}
    found = keywords.list_of(verdict, region=region)
    return _("%(kind)s “%(word)s” of ours, %(whose)s") % {
        "kind": KINDS[verdict.kind],
        "word": verdict.keyword,
        "whose": whose(found) if found else "",
    }


def own(word: OwnKeyword | Keyword) -> str:
    """Return how one of the shop's own words is named."""
    named = _("your own %(kind)s “%(word)s”") % {"kind": KINDS[word.kind], "word": word.text}
    return _(", ").join([named, only_numbers(word.country)]) if word.country else named


def refusal(found: Refusal) -> str:
    """Return why a word cannot be saved, and what to do instead."""
    if found.code in _REFUSALS:
        return str(_REFUSALS[found.code])
    there = (
        own(found.own) if found.own else where(found.verdict, region=found.region) if found.verdict else ""
    )
    if found.code == "known":
        return _("It is understood already: %(where)s.") % {"where": there}
    return _("It means something else already: %(where)s.") % {"where": there}


def tried(text: str, *, region: str, by: OwnKeyword | None) -> tuple[str, str]:
    """Return what a reply would mean, and why; *by* is the word of the shop's own that understands it."""
    verdict = keywords.classify(text, region=region)
    if verdict.kind != "reply":
        return str(_MEANINGS["phrase" if verdict.phrase else verdict.kind]), _capital(
            where(verdict, region=region)
        )
    if by is not None:
        return str(_MEANINGS[by.kind]), _capital(own(by))
    word = keywords.confirmation(text)
    if word:
        return str(_MEANINGS["confirm"]), _capital(where(Verdict(kind="confirm", keyword=word)))
    return str(_MEANINGS["reply"]), _(
        "None of the words below is the whole text, and no phrase stands in it."
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
