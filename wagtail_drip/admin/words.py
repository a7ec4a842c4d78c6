"""States, reasons and other codes in an owner's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.types import ConsentMethod, Purpose, PurposeGroup
from wagtail_drip.enrolments.states import EnrolmentState, ExitReason
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.purposes import PURPOSES as WRITTEN

STATES: dict[str, tuple[Any, Any]] = {
    "scheduled": (_("Waiting"), _("It waits in the outbox for its moment.")),
    "claimed": (_("Being prepared"), _("A worker is composing it; nothing has left yet.")),
    "handed_over": (_("Handing over"), _("It is being handed to the gateway; the answer is not known yet.")),
    "sent": (_("Sent"), _("The gateway accepted it.")),
    "delivered": (_("Delivered"), _("The phone has it.")),
    "undelivered": (_("Not delivered"), _("The gateway gave up.")),
    "unknown": (_("Unknown"), _("It may or may not have gone. It is never sent again by itself.")),
    "skipped": (_("Not sent"), _("It was not allowed to go.")),
    "cancelled": (_("Cancelled"), _("It was no longer wanted.")),
    "expired": (_("Expired"), _("Its moment passed while it waited.")),
    "failed": (_("Failed"), _("The gateway refused it for good.")),
    "ghost": (_("Held out"), _("Withheld on purpose, to measure what texting achieves.")),
}

REASONS: dict[str, Any] = {
    "no_consent": _("has not agreed to this kind of message"),
    "unsubscribed": _("has withdrawn the agreement"),
    "suppressed": _("this number said stop, or cannot be reached"),
    "restricted": _("has asked us to keep their data and do nothing with it"),
    "no_phone": _("has no phone number"),
    "invalid_phone": _("the number cannot receive texts"),
    "country_not_allowed": _("this country is not texted"),
    "filter_failed": _("no longer matches the conditions"),
    "goal_already_met": _("the goal was already met"),
    "holdout": _("is in the comparison group"),
    "frequency_cap": _("has had enough messages lately"),
    "contact_paused": _("has asked for a pause"),
    "contact_hours": _("put off: outside the hours they chose"),
    "window_closed": _("no sending time was left before it expired"),
    "missing_variable": _("a personal detail has no value"),
    "content_blocked": _("the text is blocked"),
    "template_not_approved": _("the provider has not approved the template"),
    "out_of_stock": _("the product is out of stock"),
    "no_coupon": _("no coupon was left"),
    "budget_exceeded": _("the budget is used up"),
    "duplicate": _("the same message was already sent"),
    "sequence_paused": _("the sequence is paused"),
    "not_open_yet": _("this site does not text customers yet"),
    "cart_closed": _("the cart is no longer open"),
    "no_licence": _("nothing asks for this answer"),
    "quiet_hours": _("put off: the law's quiet hours"),
    "send_window": _("put off: outside your sending times"),
    "blackout_date": _("put off: a day without texts"),
    "rate_limit": _("put off: the sender is at its limit"),
    "gateway_down": _("put off: the gateway does not answer"),
    "optimised_time": _("put off to a better moment"),
    "held": _("put off: sending is stopped"),
    "store_behind": _("put off: the shop's news has not been read yet"),
    "goal_met": _("the goal was met"),
    "exit_rule": _("a rule to leave early applied"),
    "step_removed": _("its step was removed"),
    "date_moved": _("the date it is about was moved"),
    "erased": _("the person's data was erased"),
    "expired": _("its moment passed"),
    "opted_out": _("the provider says that this number opted out"),
    "bad_number": _("the number cannot receive texts"),
    "ambiguous": _("the gateway's answer was not clear"),
    "no_receipt": _("no receipt came within three days"),
    "no_answer": _("the gateway never answered"),
    "compose_error": _("the text cannot be made"),
    "error": _("an error inside; it is in the site's log"),
}

ENROLMENT_STATES: dict[str, Any] = {
    EnrolmentState.ACTIVE: _("Moving on"),
    EnrolmentState.WAITING: _("Waiting"),
    EnrolmentState.PAUSED: _("Paused"),
    EnrolmentState.COMPLETED: _("Went to the end"),
    EnrolmentState.EXITED: _("Left early"),
    EnrolmentState.FAILED: _("Failed"),
}

CALL_STATES: dict[str, tuple[Any, Any]] = {
    "waiting": (_("To be done"), _("It is tried soon, or tried again.")),
    "claimed": (_("Being done"), _("A worker is doing it.")),
    "answered": (_("Done"), _("The other side took it.")),
    "failed": (_("Given up"), _("It is not tried any more.")),
    "cancelled": (_("Not done"), _("Nobody waited for it any more when its turn came.")),
}

EXIT_REASONS: dict[str, Any] = {
    ExitReason.GOAL_MET: _("the goal was met"),
    ExitReason.EXIT_RULE: _("a rule to leave early applied"),
    ExitReason.UNSUBSCRIBED: _("has withdrawn the agreement"),
    ExitReason.LEFT_SEGMENT: _("no longer matches the conditions"),
    ExitReason.REMOVED_BY_STAFF: _("somebody of the staff took them out"),
    ExitReason.REMOVED_BY_SEQUENCE: _("another sequence took them out"),
    ExitReason.STEP_REMOVED: _("its step was removed"),
    ExitReason.VERSION_MIGRATED: _("went on to a newer version"),
    ExitReason.REPLACED_BY_REENTRY: _("entered anew"),
    ExitReason.EXPIRED: _("its moment passed"),
    ExitReason.ERASED: _("the person's data was erased"),
    ExitReason.MERGED: _("went on in another run of the same person"),
    ExitReason.ERROR: _("an error inside; it is in the site's log"),
}

CONSENT_METHODS: dict[str, Any] = {
    ConsentMethod.WEB_FORM: _("a form on the web"),
    ConsentMethod.DOUBLE_OPT_IN: _("a form on the web, confirmed by phone"),
    ConsentMethod.CHECKOUT: _("at the checkout"),
    ConsentMethod.KEYWORD: _("by text, with a keyword"),
    ConsentMethod.PHRASE: _("by text, in their own words"),
    ConsentMethod.PAGE: _("on your page, by the link in a text"),
    ConsentMethod.IMPORT: _("imported"),
    ConsentMethod.API: _("from another program"),
    ConsentMethod.STAFF: _("noted by the staff"),
    ConsentMethod.PROVIDER: _("reported by the provider"),
    ConsentMethod.SEQUENCE: _("by a step of a sequence"),
}

PURPOSE_GROUPS: dict[str, Any] = {
    PurposeGroup.MARKETING: _("marketing texts"),
    PurposeGroup.TRANSACTIONAL: _("texts about orders and bookings"),
}

# Values of our own events that are no words for people: by the property's name.
_NO_WISH = {"none": _("no wish any more")}
EVENT_VALUES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ("paused_until", "most_per_week", "most_per_month", "not_before_hour", "not_after_hour", "language"),
        _NO_WISH,
    ),
    "purpose_group": PURPOSE_GROUPS,
    "source": {
        "keyword": CONSENT_METHODS[ConsentMethod.KEYWORD],
        "phrase": CONSENT_METHODS[ConsentMethod.PHRASE],
        "provider": CONSENT_METHODS[ConsentMethod.PROVIDER],
        "page": CONSENT_METHODS[ConsentMethod.PAGE],
        "complaint": _("a complaint"),
        "sign_up": CONSENT_METHODS[ConsentMethod.WEB_FORM],
    },
}

PURPOSES: dict[str, Any] = {**dict(WRITTEN), Purpose.RESPONSE: _("Answer to their text")}

DECISIONS: dict[str, Any] = {
    "send_message": _("The text was put into the outbox."),
    "bound": _("It went through too many steps without a wait and was stopped."),
    "error": _("It could not go on; the error is in the site's log."),
}


# Where these stand with a reason that is not ours, it is a code of the provider's.
_TOLD_BY_GATEWAY = frozenset({"undelivered", "failed", "unknown"})


def state_choices() -> list[tuple[str, Any]]:
    return [(state, label) for state, (label, _meaning) in STATES.items()]


def state_label(state: str) -> Any:
    return STATES[state][0] if state in STATES else state


def state_meaning(state: str) -> Any:
    return STATES[state][1] if state in STATES else ""


def reason_label(message: Message) -> Any:
    """Return why the message stands where it stands; '' where there is nothing to explain."""
    code = message.reason or (message.defer_reason if message.state == "scheduled" else "")
    if code and code not in REASONS and message.state in _TOLD_BY_GATEWAY:
        return _("the gateway says: %(code)s") % {"code": code}
    return REASONS.get(code, code)


def language_name(code: str) -> str:
    """Return a language in the reader's words; its code where no name is known."""
    try:
        return str(get_language_info(code)["name_translated"]) if code else ""
    except KeyError:
        return code


def decision_label(decision: Mapping[str, Any]) -> Any:
    """Return one line of the trace of a step that sends."""
    name = decision.get("rule", {}).get("name", "")
    return DECISIONS.get(name) or EXIT_REASONS.get(name, name)
