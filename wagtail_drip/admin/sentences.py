"""Every rule and every reason as a sentence that the owner of a shop understands, and what would change it.

The one place for them: the closed lists of reasons, the rules of entry, and what steps decide. A test holds
them to the code's own lists. A site's own step that is not here is told by its name and outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from wagtail_drip.admin import cap_sentences
from wagtail_drip.admin.entry_sentences import RUNTIME_STATES, entry_check
from wagtail_drip.admin.reason_sentences import EXITS, REASONS
from wagtail_drip.admin.step_sentences import RULES
from wagtail_drip.admin.wording import Told, event_name, moment
from wagtail_drip.compliance.times import Obstacle
from wagtail_drip.compliance.types import Reason
from wagtail_drip.core.listed import listed

__all__ = [
    "RUNTIME_STATES",
    "Told",
    "decision",
    "entry_check",
    "event_name",
    "left_because",
    "moment",
    "obstacle",
    "reason",
]


def reason(code: str) -> Told:
    """Return why a message did not go or was put off; a code that is not ours is the provider's."""
    if code in REASONS:
        text, remedy = REASONS[code]
        return Told(text=str(text), remedy=str(remedy))
    if code in EXITS:
        return Told(text=str(EXITS[code]))
    return Told(text=_("The gateway says: %(code)s.") % {"code": code}) if code else Told(text="")


def obstacle(met: Obstacle) -> Told:
    """Return what stood in the way of a text, with what the rule itself says: which law, which hours, until when."""
    told = reason(met.reason)
    said = cap_sentences.explain(str(met.value.get("detail", ""))) or _what_it_says(met)
    return Told(text=f"{told.text} {said}".strip(), remedy=told.remedy)


def _what_it_says(met: Obstacle) -> str:
    value = met.value
    spans = listed(f"{begin}–{end}" for begin, end in value.get("spans") or ())
    values = {
        "place": value.get("place"),
        "spans": spans,
        "zone": value.get("zone"),
        "source": value.get("source"),
        "name": value.get("name") or value.get("holiday"),
        "until": moment(met.ends_at),
    }
    parts = []
    if values["name"]:
        parts.append(_("It is %(name)s.") % values)
    if met.reason == Reason.QUIET_HOURS and value.get("place"):
        allowed = _("%(place)s allows %(spans)s that day (%(zone)s; %(source)s).")
        parts.append((allowed if spans else _("%(place)s allows none that day (%(source)s).")) % values)
    elif met.reason == Reason.SEND_WINDOW and value.get("zone"):
        yours = _("Yours are %(spans)s that day, by the clock of %(zone)s.")
        parts.append((yours if spans else _("You have none that day, by the clock of %(zone)s.")) % values)
    elif met.reason == Reason.CONTACT_HOURS and value.get("zone"):
        parts.append(_("Theirs are %(spans)s, by the clock of %(zone)s.") % values)
    if met.ends_at is not None:
        parts.append(_("Until %(until)s.") % values)
    return " ".join(parts)


def left_because(code: str) -> str:
    """Return why somebody left a sequence."""
    return str(EXITS.get(code, code))


def decision(decided: Mapping[str, Any]) -> str:
    """Return one line of a step's trace, as ``enrolments.effects.Decision`` wrote it down."""
    name = str(decided.get("rule", {}).get("name", ""))
    say = RULES.get(name)
    if say is not None:
        return say(decided)
    if name in EXITS:
        return left_because(name)
    return _("%(rule)s: %(outcome)s") % {"rule": name, "outcome": decided.get("outcome") or "–"}
