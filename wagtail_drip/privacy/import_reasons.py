"""Why a line or a whole file is not taken in, and what to do about it, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.phone import REASONS as PHONE_REASONS

REASONS: dict[str, tuple[Any, Any]] = {
    "nobody": (
        _("Nothing says who this is."),
        _("Fill in the phone number, the e-mail address or your own number of this person."),
    ),
    "no_country_chosen": (
        _("The number has no country code, and no country was chosen."),
        _("Begin the number with + and the country code, or choose a country for the whole list."),
    ),
    "shortened": (
        _("A spreadsheet has shortened this number, and its last digits are lost."),
        _("Format the column as text in the spreadsheet, write the numbers again and save."),
    ),
    "email": (_("This is no e-mail address."), _("Correct it, or leave the cell empty.")),
    "region": (_("This is no country code."), _("Write two letters, such as GB or CN, or nothing.")),
    "language": (_("This language is not known."), _("Write a code such as en or zh-hans, or nothing.")),
    "zone": (_("This time zone is not known."), _("Write a name such as Europe/London, or nothing.")),
    "yes_no": (_("This is neither yes nor no."), _("Write yes or no, or nothing.")),
    "date": (_("This is no date that reads only one way."), _("Write it as 2026-03-31.")),
    "future": (_("This date is yet to come."), _("Write the day on which the person agreed.")),
    "no_date": (
        _("Nothing says when this person agreed."),
        _("Fill in the date, or give one for the whole list."),
    ),
    "choice": (_("This is not among the choices."), _("Write it as your site calls it.")),
    "interest": (
        _("There is no interest named “%(told)s”."),
        _("Add it under “Interests”, or write it as it is named there."),
    ),
    "number": (_("This is no number."), _("Write digits, with a point before decimals.")),
    "too_long": (_("This is too long."), _("Shorten it.")),
    "unreadable": (
        _("Some characters cannot be read."),
        _("Choose another encoding, or save the file as CSV UTF-8."),
    ),
    "repeated": (
        _("Line %(other)s is about the same person."),
        _("Put everything into one line."),
    ),
    "ambiguous": (
        _("Several contacts have this e-mail address."),
        _("Add a phone number, so that it is clear who is meant."),
    ),
    "suppressed": (
        _("This number has said stop and is not among your contacts."),
        _("Nothing to do: it is not taken in again."),
    ),
    "changing": (
        _("Somebody else kept changing these contacts."),
        _("Import this line again."),
    ),
    **{f"phone_{code}": (sentence, "") for code, sentence in PHONE_REASONS.items()},
}

FILES: dict[str, Any] = {
    "empty": _("There is nothing in this file. Choose another one."),
    "header_only": _("There is only a header in this file. Add a line for each person."),
    "old_workbook": _("This is an old or a locked workbook. Save it as XLSX without a password, or as CSV."),
    "no_list": _("This is no list. Choose a CSV or an XLSX file."),
    "too_large": _("This file is too large. Part it into several, or save it as CSV."),
    "too_wide": _("This file has more than 200 columns. Take away those that you do not need."),
    "damaged": _("This file is damaged. Open it in a spreadsheet, save it again and choose the new one."),
    "open_quote": _("A quotation mark in this file is never closed. Save it again from a spreadsheet."),
    "gone": _("The file is no longer where it was stored. Upload it again."),
    "broken": _("Something went wrong on our side, and the log says what. Nothing of it was half done."),
}

PROBLEMS: dict[str, Any] = {
    "nobody_named": _(
        "Say which column is the phone number, the e-mail address or your own number of people."
    ),
    "no_phone": _("Say which column is the phone number: nothing else of such a list counts."),
    "no_day": _(
        "Write the day by which these numbers had changed hands: whoever agreed later is the new owner."
    ),
    "future_day": _("This date is yet to come. Write the day by which these numbers had changed hands."),
    "twice": _("Two columns are the same. Choose each only once."),
    "attribute_twice": _("Two attributes have the same name. Give each its own."),
    "attribute_name": _(
        "The name of an attribute begins with a letter and has only small letters a to z, digits and _."
    ),
    "unknown_field": _("A column is something that does not exist."),
    "no_group": _("Tick what they agreed to."),
    "missing": _("This is part of the proof: fill it in."),
    "future": _("This date is yet to come. Write the day on which they agreed."),
}


# Where a line cannot be named, or many are spoken of.
NO_SUCH_INTEREST = _("There is no interest of such a name.")


def reason(code: str, other_line: int | None = None, told: str = "") -> tuple[str, str]:
    """Return why, and what to do about it, in the language of now."""
    why, remedy = REASONS.get(code, REASONS["nobody"])
    sentence = str(why)
    if code == "repeated":
        sentence %= {"other": other_line}
    elif code == "interest":
        sentence = sentence % {"told": told} if told else str(NO_SUCH_INTEREST)
    if code.startswith("phone_"):
        # Each says in its second sentence what to do.
        for mark in (". ", "。"):
            first, found, second = sentence.partition(mark)
            if found:
                return first + mark.strip(), second
    return sentence, str(remedy)
