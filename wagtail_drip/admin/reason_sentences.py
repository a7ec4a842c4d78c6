"""The closed lists of reasons, each as a sentence and what would change it. Said through ``sentences``."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

# Why a message did not go, or was put off: what is so, and what would have to happen.
REASONS: dict[str, tuple[Any, Any]] = {
    "no_consent": (
        _("They have not agreed to texts of this kind."),
        _("They must agree first, at the checkout or in a form."),
    ),
    "unsubscribed": (
        _("They agreed once and have withdrawn it."),
        _("Only they can agree again."),
    ),
    "suppressed": (
        _("This number said stop, or texts failed there too often in a row."),
        _(
            "Their page says which. Only they can undo a stop, by texting START; the other is yours to undo there."
        ),
    ),
    "restricted": (
        _("They have asked that their data be kept and nothing be done with it."),
        _("Only they can take that back, on their own page."),
    ),
    "no_phone": (_("We have no phone number of theirs."), _("Add a number to the contact.")),
    "invalid_phone": (_("The number cannot receive texts."), _("Correct the number.")),
    "country_not_allowed": (
        _("Numbers of this country are not texted."),
        _("Ask your developer to allow the country for the gateway."),
    ),
    "filter_failed": (_("They no longer match the conditions of the text."), ""),
    "goal_already_met": (_("What the sequence is for has happened already."), ""),
    "date_moved": (
        _("The date that the text is about was moved before it left; they wait for the new one."),
        "",
    ),
    "holdout": (_("They are in the comparison group, which is not texted on purpose."), ""),
    "frequency_cap": (
        _("They have had as many texts lately as you allow."),
        _("It goes as soon as the limit has room again, unless it expires before."),
    ),
    "contact_paused": (
        _("They have asked for a pause from your texts."),
        _("It goes when their pause ends, unless it expires before."),
    ),
    "contact_hours": (
        _("It is outside the hours at which they want to be texted."),
        _("It goes at the next hour that suits them and you."),
    ),
    "window_closed": (
        _("No sending time was left before the text expired."),
        _("Widen the sending times, or let the text wait longer."),
    ),
    "missing_variable": (
        _("A personal detail in the text has no value for this person."),
        _("Fill the detail in, or give the text words for when it is missing."),
    ),
    "content_blocked": (_("The text itself is not allowed to go."), _("Change the text.")),
    "template_not_approved": (
        _("The provider wants to approve this text first, and has not."),
        _("Have the text approved by the provider."),
    ),
    "out_of_stock": (_("The product that it is about is sold out."), _("Put the product back on sale.")),
    "no_coupon": (_("No coupon was left to give."), _("Add coupons.")),
    "budget_exceeded": (_("The budget for texts is used up."), _("Raise the budget.")),
    "duplicate": (_("The same text was sent to them already."), ""),
    "sequence_paused": (_("The sequence is paused."), _("Resume the sequence.")),
    "not_open_yet": (
        _("This site does not text customers yet, only your own test numbers."),
        _("Press “Start texting customers” in the settings."),
    ),
    "cart_closed": (_("The cart that it is about was ordered or emptied."), ""),
    "no_licence": (_("Nobody asked for this answer within the last day."), ""),
    "quiet_hours": (
        _("The law keeps these hours quiet where the number is at home."),
        _("It goes when the quiet hours are over."),
    ),
    "send_window": (
        _("It is outside your sending times."),
        _("It goes at the next sending time."),
    ),
    "blackout_date": (
        _("It is a day on which you send no texts."),
        _("It goes when that day is over."),
    ),
    "rate_limit": (
        _("The sender is handing over as much as it may."),
        _("It goes by itself when its turn comes."),
    ),
    "gateway_down": (
        _("The gateway does not answer."),
        _("It goes when the gateway answers again."),
    ),
    "optimised_time": (
        _("It waits for the hour at which they usually read texts."),
        _("It goes at that hour."),
    ),
    "held": (
        _("Somebody, or a fault, has stopped sending."),
        _("Somebody must let it go on: see the settings, or resume the sequence."),
    ),
    "store_behind": (
        _("The shop's latest news about them has not been read yet."),
        _("It goes by itself when that is done."),
    ),
    "expired": (_("Its moment passed while it waited."), ""),
    "opted_out": (_("The provider says that this number opted out."), _("Only they can start again.")),
    "bad_number": (_("The provider says that this number cannot receive texts."), _("Correct the number.")),
    "ambiguous": (
        _(
            "The gateway's answer was not clear: it may or may not have gone. It is never sent again by itself."
        ),
        "",
    ),
    "no_answer": (
        _("The gateway never answered: it may or may not have gone. It is never sent again by itself."),
        "",
    ),
    "no_receipt": (
        _("The gateway took it three days ago and has not said since whether it arrived."),
        "",
    ),
    "compose_error": (_("The text cannot be put together."), _("Look at the text in the sequence.")),
}

# Why somebody left a sequence, or why a text of theirs was taken back with it.
EXITS: dict[str, Any] = {
    "goal_met": _("They left because the goal was met."),
    "exit_rule": _("They left because a rule to leave early applied."),
    "unsubscribed": _("They left because they withdrew their agreement."),
    "left_segment": _("They left because they no longer match whom the sequence is for."),
    "removed_by_staff": _("Somebody of the staff took them out."),
    "removed_by_sequence": _("Another sequence took them out."),
    "step_removed": _(
        "The step at which they stood was removed from the sequence, and nothing came after it."
    ),
    "version_migrated": _("They were moved to a newer version, in which they could not go on."),
    "replaced_by_reentry": _("They entered anew, and the old run ended."),
    "expired": _("They waited longer than the sequence allows."),
    "erased": _("This person's data was erased."),
    "merged": _("Two contacts became one person, and another run of theirs had come further."),
    "error": _("An error inside ended it; it is in the site's log."),
}
