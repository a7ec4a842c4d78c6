"""Whom a search among contacts finds: by the digits of a number, else by words, each of which is in their name or address."""

from __future__ import annotations

import re

from django.db.models import QuerySet

from wagtail_drip.admin import redaction
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact


def found(contacts: QuerySet[Contact], query: str, *, shows_numbers: bool) -> QuerySet[Contact]:
    """
    Return those of *contacts* whom *query* finds.

    :param shows_numbers: else whoever gives their whole number is found by it, and nobody's is found out digit by digit.
    """
    digits = re.sub(r"[\s()./-]", "", query)
    if not re.fullmatch(r"\+?[0-9]{4,20}", digits):
        for word in query.split():
            contacts = contacts.filter(querysets.said_by(word, "first_name", "last_name", "email"))
        return contacts
    if not shows_numbers:
        whole = digits.lstrip("+0")
        return contacts.filter(phone__endswith=whole) if redaction.is_whole(whole) else contacts.none()
    # As it is dialled at home, 07400 100001, or abroad, 0044 7400 100001: the noughts are no part of it.
    return contacts.filter(phone__contains=digits.lstrip("+0") or digits)
