"""An answer of ``reports.why`` as the lines that the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from wagtail_drip.admin import cap_sentences, places, redaction, sentences, words
from wagtail_drip.admin.sending_times import looser
from wagtail_drip.admin.sentences import Told
from wagtail_drip.admin.sequences.trigger_words import starts_when
from wagtail_drip.admin.why import turn_words
from wagtail_drip.compliance.types import Verdict
from wagtail_drip.content.models import PinnedText
from wagtail_drip.enrolments.why_not import Tried
from wagtail_drip.messaging.imagined import Outlook
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.states import PENDING
from wagtail_drip.reports.why import Answer, Run, Stop, Visit
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.flow import Flow

GOOD = ("scheduled", "claimed", "handed_over", "sent", "delivered")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step, passed or to come. *details* are sentences; *remedies* say what would change it."""

    title: str
    text: str = ""
    at: datetime | None = None
    status: str = ""
    is_good: bool = True
    details: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunLines:
    run: Run
    entered: str
    state: str
    left: str
    started_by: str
    lines: tuple[Line, ...]
    ahead: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class TriedLines:
    at: datetime
    title: str
    has_started: bool
    why: Told | None
    others: tuple[str, ...]


class Steps:
    """How the steps of some versions are called: number, kind and the beginning of a text. One query."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self.flows = list(flows)
        ids: set[int] = {
            step.settings["text_id"]
            for flow in self.flows
            for step in flow.steps.values()
            if step.settings.get("text_id")
        }
        self._texts: Mapping[int, str] = dict(
            PinnedText.objects.filter(pk__in=ids).values_list("pk", "source")
        )

    def title(self, flow: Flow, step_id: str, kind: str = "") -> str:
        place = next((n for n, step in enumerate(flow.in_order(), start=1) if step.id == step_id), None)
        step = flow.steps.get(step_id)
        kind = step.kind if step is not None else kind
        block = blocks.step_blocks().get(kind)
        label = str(block.name_of_kind()) if block is not None else kind
        if place is None:
            return _("A step that is no longer there")
        return _("Step %(number)s: %(label)s") % {"number": place, "label": label}

    def text(self, flow: Flow, step_id: str) -> str:
        step = flow.steps.get(step_id)
        return self._texts.get(step.settings.get("text_id") or 0, "") if step is not None else ""


def gate_answer(outlook: Outlook) -> Told:
    """Return what would become of a text at that moment, in one sentence, and what would change it."""
    decision = outlook.decision
    values = {"next": sentences.moment(outlook.next_at), "at": sentences.moment(outlook.at)}
    if decision.verdict is Verdict.SEND:
        return Told(text=_("The text would go at once."))
    if decision.verdict is Verdict.EXPIRE:
        return Told(text=_("The text would not go: its moment has passed."))
    why = sentences.reason(decision.reason)
    if outlook.next_at is not None:
        text = _("The text would wait until %(next)s. %(why)s") % {**values, "why": why.text}
        return Told(text=text, remedy="")
    return Told(text=_("The text would not go. %(why)s") % {"why": why.text}, remedy=why.remedy)


def obstacles(outlook: Outlook) -> list[Told]:
    """Return everything that stands in the way, each with its remedy."""
    return [sentences.obstacle(each) for each in outlook.obstacles if each.reason]


def looser_hours(answer: Answer) -> list[str]:
    """Return what is to be said of legal hours looser than ours that any text of the answer waits for or goes by."""
    outlooks = [answer.gate]
    for run in answer.runs:
        outlooks += [visit.outlook for visit in run.visits] + [stop.outlook for stop in run.ahead]
    found = {each.looser.place: each.looser for each in outlooks if each is not None and each.looser}
    stand = _("Your own legal hours stand (%(place)s). %(warned)s")
    return [
        stand % {"place": places.name_of(rule.place), "warned": looser.warning(rule)}
        for rule in found.values()
    ]


def run_lines(run: Run, steps: Steps, *, shows_texts: bool) -> RunLines:
    row = run.enrolment
    known = {visit.row.step_id for visit in run.visits if visit.row.left_at is None}
    return RunLines(
        run=run,
        entered=sentences.moment(row.entered_at),
        state=str(words.ENROLMENT_STATES.get(row.state, row.state)),
        left=sentences.left_because(row.exit_reason) if row.exit_reason else "",
        started_by=sentences.event_name(run.flow.trigger.event) if run.flow.trigger and row.event_id else "",
        lines=tuple(_visited(visit, run, steps, shows_texts=shows_texts) for visit in run.visits),
        # Where they wait now stands among what happened already.
        ahead=tuple(
            _ahead(stop, run, steps, shows_texts=shows_texts)
            for place, stop in enumerate(run.ahead)
            if not (place == 0 and stop.step_id in known)
        ),
    )


def _visited(visit: Visit, run: Run, steps: Steps, *, shows_texts: bool) -> Line:
    read = redaction.decisions(visit.row.decisions, shown=shows_texts)
    details = [sentences.decision(each) for each in read]
    remedies: list[str] = []
    status, is_good, message = "", True, visit.message
    if message is not None:
        status, is_good = str(words.state_label(message.state)), message.state in GOOD
        told = message_told(message, visit.outlook)
        details.append(told.text)
        remedies.append(told.remedy)
    return Line(
        title=steps.title(run.flow, visit.row.step_id, visit.row.kind),
        text=message.body
        if message is not None and message.body and shows_texts
        else steps.text(run.flow, visit.row.step_id),
        at=visit.row.entered_at,
        status=status,
        is_good=is_good,
        details=tuple(detail for detail in details if detail),
        remedies=tuple(remedy for remedy in remedies if remedy),
        message_id=message.pk if message is not None else None,
    )


def message_told(message: Message, outlook: Outlook | None) -> Told:
    """Return what became of a message and why; of one that waits, when it may go."""
    if outlook is not None and message.state in PENDING:
        put_off = sentences.reason(message.defer_reason)
        put_off_because = cap_sentences.of_message(message) or put_off.text
        first = _("It was put off. %(why)s") % {"why": put_off_because} if put_off.text else ""
        if outlook.next_at is not None:
            then = _("It can go on %(next)s at the earliest.") % {"next": sentences.moment(outlook.next_at)}
            return Told(text=f"{first} {then}".strip())
        now = sentences.reason(outlook.decision.reason)
        stays = _("As things are, it will not go.")
        return Told(text=f"{first} {stays} {now.text}".strip(), remedy=now.remedy)
    why = sentences.reason(message.reason)
    told = cap_sentences.of_message(message) or why.text
    return Told(text=f"{words.state_meaning(message.state)} {told}".strip(), remedy=why.remedy)


def _ahead(stop: Stop, run: Run, steps: Steps, *, shows_texts: bool) -> Line:
    read = redaction.decisions([each.to_json() for each in stop.decisions], shown=shows_texts)
    details = [sentences.decision(each) for each in read]
    remedies = []
    if stop.waits_for:
        details.append(
            _("Waits for this to happen: “%(event)s”.") % {"event": sentences.event_name(stop.waits_for)}
        )
    is_good = True
    if stop.outlook is not None:
        told = gate_answer(stop.outlook)
        details = [told.text]
        remedies.append(told.remedy)
        is_good = stop.outlook.next_at is not None
    return Line(
        title=steps.title(run.flow, stop.step_id, stop.kind),
        text=steps.text(run.flow, stop.step_id),
        at=stop.at,
        is_good=is_good,
        details=tuple(detail for detail in details if detail),
        remedies=tuple(remedy for remedy in remedies if remedy),
    )


def tried_lines(tried: Tried, title: str) -> TriedLines:
    refused = tried.refused_by
    return TriedLines(
        at=tried.happening.event.recorded_at,
        title=title,
        has_started=tried.happening.has_started,
        why=sentences.entry_check(refused) if refused is not None else None,
        others=tuple(
            sentences.entry_check(check).text
            for check in tried.checks
            if check is not refused and not check.holds
        ),
    )


def headline(answer: Answer) -> Told:
    """Return the answer in one or two sentences, and what would have to happen for another one."""
    values: dict[str, Any] = {"name": str(answer.contact), "sequence": answer.sequence.name}
    run = answer.current
    if run is not None:
        return _inside(answer, run, values)
    broken = next((check for check in answer.standing if not check.holds), None)
    if answer.runs:
        last = answer.runs[0].enrolment
        text = _(
            "%(name)s is not in “%(sequence)s” any more: entered on %(entered)s, out since %(ended)s."
        ) % {
            **values,
            "entered": sentences.moment(last.entered_at),
            "ended": sentences.moment(last.ended_at),
        }
        left = sentences.left_because(last.exit_reason) if last.exit_reason else _("They went to the end.")
        if answer.runs[0].next_text is not None:
            # The last step's text may wait for its hour when the run is over.
            then = _("The next text can go on %(next)s at the earliest.") % {
                "next": sentences.moment(answer.runs[0].next_text)
            }
            return Told(text=f"{text} {left} {then}")
        turn = turn_words.turn_of(answer)
        if turn is not None:
            return Told(text=f"{text} {left} {turn.text}", remedy=turn.remedy)
        again = sentences.entry_check(broken) if broken is not None else Told(text="")
        return Told(text=f"{text} {left}", remedy=again.remedy)
    text = _("%(name)s has never been in “%(sequence)s”.") % values
    if broken is not None:
        why = sentences.entry_check(broken)
        return Told(text=f"{text} {why.text}", remedy=why.remedy)
    return _never(answer, text)


def _inside(answer: Answer, run: Run, values: Mapping[str, Any]) -> Told:
    text = _("%(name)s is in “%(sequence)s” since %(entered)s.") % {
        **values,
        "entered": sentences.moment(run.enrolment.entered_at),
    }
    state = next((each for each in answer.standing if each.name == "sequence_state"), None)
    if state is not None and state.value not in ("live", "draining"):
        why = sentences.entry_check(state)
        return Told(text=f"{text} {why.text}", remedy=why.remedy)
    if run.next_text is not None:
        then = _("The next text can go on %(next)s at the earliest.") % {
            "next": sentences.moment(run.next_text)
        }
        return Told(text=f"{text} {then}")
    blocked = [visit.outlook for visit in run.visits if visit.outlook is not None] + [
        stop.outlook for stop in run.ahead if stop.outlook is not None
    ]
    if blocked:
        why = sentences.reason(blocked[0].decision.reason)
        stays = _("As things are, the next text will not go.")
        return Told(text=f"{text} {stays} {why.text}", remedy=why.remedy)
    if run.enrolment.waits_for:
        waits = _("They wait for this to happen: “%(event)s”.") % {
            "event": sentences.event_name(run.enrolment.waits_for)
        }
        return Told(text=f"{text} {waits}")
    nothing = _("No further text is in sight.")
    return Told(text=f"{text} {nothing}")


def _never(answer: Answer, text: str) -> Told:
    flow = answer.flow
    if flow is not None and flow.timed is not None:
        starts = _("It starts by the calendar: %(when)s.") % {"when": starts_when(answer.sequence)}
        turn = turn_words.turn_of(answer)
        if turn is None:
            return Told(text=f"{text} {starts}")
        return Told(text=f"{text} {starts} {turn.text}", remedy=turn.remedy)
    if flow is None or flow.trigger is None:
        nothing = _("Nothing lets people in by itself: somebody or another program must do so.")
        return Told(text=f"{text} {nothing}")
    event = sentences.event_name(flow.trigger.event)
    if not answer.tried:
        why = _("It starts when this happens: “%(event)s”. That has not happened to them.") % {"event": event}
        return Told(text=f"{text} {why}")
    refused = answer.tried[0].refused_by
    if refused is None:
        return Told(text=text)
    told = sentences.entry_check(refused)
    happened = _("“%(event)s” happened on %(moment)s, but:") % {
        "event": event,
        "moment": sentences.moment(answer.tried[0].happening.event.recorded_at),
    }
    return Told(text=f"{text} {happened} {told.text}", remedy=told.remedy)
