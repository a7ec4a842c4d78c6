"""What the page that lets something go out once says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_drip.admin.reason_sentences import REASONS
from wagtail_drip.admin.wording import moment
from wagtail_drip.enrolments.entry import Refusal
from wagtail_drip.enrolments.once_count import ENTRY
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import Held
from wagtail_drip.enrolments.once_states import OnceState


@dataclass(frozen=True, kw_only=True)
class Line:
    """:ivar n: for so many people."""

    n: int
    text: Any
    remedy: Any = ""


_ENTRY: Mapping[str, Any] = {
    Refusal.INSIDE: gettext_lazy("They are inside already."),
    Refusal.SAME_OCCASION: gettext_lazy("They have had it already."),
    Refusal.ENTERED_BEFORE: gettext_lazy("They were in this sequence before, and nobody may come again."),
    Refusal.TOO_SOON: gettext_lazy("They were in this sequence too short a time ago."),
}


def lines(reasons: Mapping[str, int]) -> list[Line]:
    """Return why so many people are not texted, or later, the most people first."""
    found = []
    for reason, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])):
        text, remedy = _sentence(reason)
        found.append(Line(n=n, text=text, remedy=remedy))
    return found


def _sentence(reason: str) -> tuple[Any, Any]:
    if reason.startswith(ENTRY):
        return _ENTRY.get(reason.removeprefix(ENTRY), reason), ""
    return REASONS.get(reason, (reason, ""))


def what_it_does(*, people: int, first: int, starts_at: datetime | None, now: datetime) -> str:
    """Return what pressing the button does."""
    values = {"n": people, "first": first, "moment": moment(starts_at)}
    if starts_at is not None and starts_at > now:
        if first:
            return (
                _(
                    "On %(moment)s it goes to about %(first)d people of the %(n)d, and to the rest later, unless "
                    "something holds it back."
                )
                % values
            )
        return (
            ngettext(
                "On %(moment)s it goes to %(n)d person.", "On %(moment)s it goes to %(n)d people.", people
            )
            % values
        )
    if first:
        return (
            _(
                "It goes now to about %(first)d people of the %(n)d, and to the rest later, unless something holds it "
                "back."
            )
            % values
        )
    return ngettext("It goes to %(n)d person now.", "It goes to %(n)d people now.", people) % values


def how_far(run: OnceRun, *, is_paused: bool, starts_at: datetime | None, now: datetime) -> str:
    """Return where it stands, in a sentence."""
    values = {
        "moment": moment(starts_at),
        "rest": moment(run.rest_at),
        "first": run.first,
        "ended": moment(run.ended_at),
    }
    if is_paused:
        return _("It is paused: nobody enters and nobody is texted until you resume.")
    if run.state in (OnceState.FIRST, OnceState.REST) and starts_at is not None and starts_at > now:
        return _("It is started and goes on %(moment)s.") % values
    return {
        OnceState.FIRST: _("The first people enter."),
        OnceState.WATCHING: _(
            "It has gone to the first people. The rest goes on %(rest)s, unless too many texts fail or too many "
            "people opt out."
        ),
        OnceState.HELD: _("The rest is held back, and goes only if you let it."),
        OnceState.REST: _("It goes to everybody who is left."),
        OnceState.DONE: _("It has gone to everybody."),
        OnceState.STOPPED: _("It was stopped."),
    }[OnceState(run.state)] % values


def why_held(run: OnceRun) -> str:
    """Return what held the rest back."""
    values = {"n": run.held_n, "of": run.held_of}
    return {
        Held.FAILED: _("%(n)d of the first %(of)d texts failed or were not delivered."),
        Held.OPTED_OUT: _("%(n)d of the first %(of)d people have opted out."),
        Held.COMPLAINTS: _("%(n)d of the first %(of)d people have complained."),
    }[Held(run.held_for)] % values
