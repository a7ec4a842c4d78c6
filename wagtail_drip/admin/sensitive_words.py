"""What is said beside a text about a word that a network or a law may judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin import places
from wagtail_drip.compliance.sensitive_words import OWN, Found

NAMES: dict[str, Any] = {
    OWN: gettext_lazy("the shop’s own word"),
    "sex": gettext_lazy("sex"),
    "hate": gettext_lazy("hate"),
    "alcohol": gettext_lazy("alcohol"),
    "firearms": gettext_lazy("firearms"),
    "tobacco": gettext_lazy("tobacco"),
    "cannabis": gettext_lazy("cannabis"),
    "gambling": gettext_lazy("gambling"),
    "lending": gettext_lazy("loans and coins"),
    "bait": gettext_lazy("words of swindles"),
    "extremes": gettext_lazy("claims that nothing can be better (极限词)"),
    "operators": gettext_lazy("matters that Chinese providers refuse"),
    "symbols": gettext_lazy("signs that Chinese providers refuse"),
}
_CARRIERS = gettext_lazy(
    "%(country)s: carriers filter texts about this, and let them pass only to people whose age was checked. If you "
    "sell it, ask your provider before you send; if you do not, say it in other words."
)
ADVICE: dict[str, Any] = {
    "sex": _CARRIERS,
    "alcohol": _CARRIERS,
    "firearms": _CARRIERS,
    "hate": gettext_lazy(
        "%(country)s: carriers refuse texts that look like hate, whoever sends them. Say it in other words."
    ),
    "tobacco": _CARRIERS,
    "cannabis": gettext_lazy(
        "%(country)s: carriers refuse texts about this, even where it is sold lawfully. Leave the word out."
    ),
    "gambling": gettext_lazy(
        "%(country)s: carriers refuse texts about gambling from senders that are not approved for it. If it is no "
        "gambling, say it in other words."
    ),
    "lending": gettext_lazy(
        "%(country)s: carriers refuse texts about risky loans, debts and coins. If it is none, say it in other words."
    ),
    "bait": gettext_lazy(
        "%(country)s: carriers take this for a swindle and may drop the text. Say it in other words."
    ),
    "extremes": gettext_lazy(
        "%(country)s: the advertising law (article 9) forbids claims that nothing can be better. Leave the word out, "
        "or say what can be proven."
    ),
    "operators": gettext_lazy(
        "%(country)s: providers refuse or stop marketing texts about this. Ask yours before you send."
    ),
    "symbols": gettext_lazy(
        "%(country)s: providers refuse this sign in a text; the signature in 【】 is put there by them."
    ),
}


def sentences(found: Sequence[Found], *, place: str) -> list[str]:
    """Return one sentence for each kind of word that was found, naming the words; of the shop's own, one for each."""
    own = [_of_own(each) for each in found if each.list.kind == OWN]
    by_kind: dict[str, list[str]] = {}
    for each in found:
        if each.list.kind != OWN:
            by_kind.setdefault(each.list.kind, []).append(each.word)
    return [
        *own,
        *(
            _("“%(words)s”: %(advice)s")
            % {
                "words": _("”, “").join(words),
                "advice": str(ADVICE[kind]) % {"country": places.name_of(place)},
            }
            for kind, words in by_kind.items()
        ),
    ]


def _of_own(found: Found) -> str:
    values = {"word": found.word, "why": found.list.why.rstrip(".。"), "instead": found.list.instead}
    if found.list.instead:
        return _("“%(word)s”: %(why)s. Say “%(instead)s” instead.") % values
    return _("“%(word)s”: %(why)s.") % values
