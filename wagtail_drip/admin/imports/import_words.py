"""An import's words on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from wagtail_drip.privacy import import_counts, import_reasons

STATES: dict[str, Any] = {
    "mapping": _("waits for its columns"),
    "checking": _("is being checked"),
    "checked": _("checked, not started"),
    "running": _("is being taken in"),
    "paused": _("paused"),
    "done": _("taken in"),
    "stopped": _("stopped"),
    "failed": _("failed"),
}
FIELDS: dict[str, Any] = {
    "phone": _("Phone number"),
    "email": _("E-mail"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "full_name": _("Whole name"),
    "language": _("Language"),
    "region": _("Country"),
    "zone": _("Time zone"),
    "tags": _("Tags, parted by commas"),
    "interests": _("Interests, parted by commas"),
    "external_id": _("Your own number of the person"),
    "agreed": _("Agreed to marketing: yes or no"),
    "agreed_at": _("Date of that answer"),
}
TYPES: dict[str, Any] = {
    "text": _("Attribute: text"),
    "number": _("Attribute: number"),
    "yes_no": _("Attribute: yes or no"),
    "date": _("Attribute: date"),
}
ENCODINGS: dict[str, Any] = {
    "utf-8-sig": _("Unicode (UTF-8)"),
    "gb18030": _("Simplified Chinese (GB18030, GBK)"),
    "big5": _("Traditional Chinese (Big5)"),
    "cp1252": _("Western (Windows-1252)"),
    "utf-16": _("Unicode (UTF-16)"),
}
DELIMITERS: dict[str, Any] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}
NUMBERS: dict[str, tuple[Any, Any]] = {
    "new": (_("New"), _("not among your contacts yet")),
    "changed": (_("Change"), _("known, and the list adds something")),
    "known": (_("Known"), _("nothing new about them")),
    "agreed": (_("Agree"), _("a permission is opened, with your proof")),
    "withdrawn": (_("Said no"), _("the list says no: their permission is closed")),
    "opted_out": (_("Had said no"), _("their answer stands, whatever the list says")),
    "suppressed": (
        _("Suppressed"),
        _("their number has said stop, or cannot be reached: no text goes there"),
    ),
    "refused": (_("Refused"), _("lines that cannot be taken in; see why below")),
    "closed": (_("Never texted"), _("numbers that could be texted until now")),
    "closed_before": (_("Closed before"), _("numbers that nobody texted already")),
    "let_go": (_("Taken from its owner"), _("and what they had agreed to ends")),
    "still_theirs": (_("Agreed since"), _("they have the number now: only what is older ends")),
    "unknown": (_("Not yours"), _("numbers that none of your contacts has")),
    "contacts": (_("Your contacts"), _("people you know who have one of these numbers")),
}


# By what a list is of.
STARTS: dict[str, Any] = {
    "": _("Start the import"),
    "never_text": _("Never text these numbers"),
    "changed_hands": _("Take these numbers from their contacts"),
}


class Figure(NamedTuple):
    name: str
    label: Any
    note: Any
    number: int


class Reason(NamedTuple):
    why: str
    remedy: str
    number: int


def figures(counts: Mapping[str, Any], *, meant: str = "") -> list[Figure]:
    return [Figure(name, *NUMBERS[name], counts.get(name, 0)) for name in import_counts.shown(meant)]


def reasons(counts: Mapping[str, Any]) -> list[Reason]:
    """Return why lines were refused, the most frequent first."""
    found: Mapping[str, int] = counts.get("reasons", {})
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return [Reason(*_general(code), number) for code, number in ordered]


def _general(code: str) -> tuple[str, str]:
    if code == "repeated":
        return str(_("Another line is about the same person.")), import_reasons.reason(code, 0)[1]
    return import_reasons.reason(code)
