"""
What the words beside a sign-up have to say, by country. Pure.

It warns of what is missing and drafts what is not; whether a wording is good enough is for its owner to judge.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

# Where a first text has to say how often and what it costs (CTIA, Messaging Principles and Best Practices, May 2023).
COSTS = frozenset({"US", "CA", "PR"})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One thing to be said.

    :ivar code: what is missing where no word of it is found.
    :ivar words: any one of them will do; small letters, in whatever language the wording is.
    """

    code: str
    words: tuple[str, ...]


STOP = Rule(
    code="stop",
    words=("stop", "opt out", "unsubscribe", "any time", "anytime", "abmelden", "widerruf", "désabonn",
           "desuscrib", "baja", "退订", "退訂", "拒收", "随时取消", "隨時取消", "配信停止", "수신거부"),
)  # fmt: skip
# 47 CFR 64.1200(f)(9) and CTIA's call to action: as noted in facts on 2026-11-20.
AUTOMATED = Rule(code="recurring", words=("recurring", "automated", "automatic", "autodial", "自动", "定期"))
CONDITION = Rule(code="condition", words=("condition of purchase", "condition of any purchase", "not required to buy", "购买的条件", "购买条件"))  # fmt: skip
FREQUENCY = Rule(code="frequency", words=("frequency", "msgs/", "messages per", "texts a month", "texts a week", "频率", "每月"))  # fmt: skip
RATES = Rule(code="rates", words=("rates may apply", "rates apply", "data rates", "资费", "费用"))
HELP = Rule(code="help", words=("help", "帮助"))

EVERYWHERE = (STOP,)
BY_REGION: Mapping[str, tuple[Rule, ...]] = {
    "US": (AUTOMATED, CONDITION, FREQUENCY, RATES, HELP),
    "PR": (AUTOMATED, CONDITION, FREQUENCY, RATES, HELP),
    "CA": (RATES, HELP),
}
# Where the words must lead to terms and to a privacy notice.
NEEDS_LINKS = frozenset({"US", "PR"})


def missing(wording: str, *, region: str, senders: tuple[str, ...]) -> list[str]:
    """
    Return the codes of what *wording* does not say, in a fixed order; none where it says everything.

    :param region: ISO 3166; '' for no country's own rules.
    :param senders: names by which the sender may be known; one of them must stand there. None known, none asked for.
    """
    plain = _plain(wording)
    found = [rule.code for rule in (*EVERYWHERE, *BY_REGION.get(region, ())) if not _says(plain, rule.words)]
    names = [_plain(name) for name in senders if name.strip()]
    if names and not any(name in plain for name in names):
        found.insert(0, "sender")
    return found


def _says(plain: str, words: tuple[str, ...]) -> bool:
    return any(_plain(word) in plain for word in words)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
