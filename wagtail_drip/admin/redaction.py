"""
What staff see of numbers and texts who may see people, but not these: the end of a number, and no text at all.

A screen that shows a number, a text, or a value in which either may stand asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts import phone
from wagtail_drip.messaging.models import Message
from wagtail_drip.messaging.types import DATA_LICENCE

SEE_NUMBERS = "wagtail_drip.see_numbers"
CODE = _("A code for them alone, which opens their data.")
HIDDEN = _("Hidden: you may not see numbers and texts.")
# Events that tell in the person's own words.
SAYS_WORDS = frozenset({"message_replied", "form_submitted", "enquiry_received", "product_reviewed"})
# Fewer digits may be a year or a price; more are somebody's number.
_NUMBER = re.compile(r"\+?\d[\d\s()./-]{5,}\d")
_DATE = re.compile(r"(19|20)\d\d-[01]\d-[0-3]\d\b")
_FEWEST = 7
# As many digits of a number as nobody tries out, when it is searched for.
_WHOLE = 8


def sees(request: HttpRequest) -> bool:
    """Tell whether this person may see numbers and texts."""
    return bool(request.user.has_perm(SEE_NUMBERS))


def number(e164: str, *, shown: bool) -> str:
    """Return a number as people write it, or what may be seen of it; '' for none."""
    return (phone.display(e164) if shown else phone.mask(e164)) if e164 else ""


def text(words: str, *, shown: bool) -> str:
    """Return a text that was written to or by somebody, or that it is hidden; '' for none."""
    return words if shown or not words else str(HIDDEN)


def body(message: Message, *, shown: bool) -> str:
    """Return the text of a message; a code that opens somebody's data to themselves is shown to nobody."""
    if message.licence.startswith(DATA_LICENCE) and message.body:
        return str(CODE)
    return text(message.body, shown=shown)


def value(found: Any, *, shown: bool) -> Any:
    """Return a value of the shop's or the person's, without any number that may stand in it."""
    if shown or not isinstance(found, str):
        # Whole numbers as well: a shop may keep a phone in one.
        is_number = not shown and isinstance(found, int) and not isinstance(found, bool)
        return _masked(str(found)) if is_number and len(str(found)) >= _FEWEST else found
    return _NUMBER.sub(lambda match: match[0] if _DATE.match(match[0]) else _masked(match[0]), found)


def values(found: Any, *, shown: bool) -> Any:
    """Return values within values, without any number that may stand in them."""
    if shown:
        return found
    if isinstance(found, Mapping):
        return {name: values(each, shown=False) for name, each in found.items()}
    if isinstance(found, list | tuple):
        return [values(each, shown=False) for each in found]
    return value(found, shown=False)


def _masked(written: str) -> str:
    digits = re.sub(r"\D", "", written)
    return f"•••• •• {digits[-3:]}" if len(digits) >= _FEWEST else written


def is_whole(digits: str) -> bool:
    """Tell whether so much of a number is given that finding its owner tells nothing new of it."""
    return len(digits) >= _WHOLE


def decisions(found: Iterable[Mapping[str, Any]], *, shown: bool) -> list[dict[str, Any]]:
    """Return what was decided at a step, without what somebody wrote that was read for it."""
    if shown:
        return [dict(each) for each in found]
    return [{**each, "value": "…"} if isinstance(each.get("value"), str) else dict(each) for each in found]
