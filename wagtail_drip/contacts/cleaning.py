"""What people and shops type, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from wagtail_drip.contacts import phone as phones

LENGTHS = {"first_name": 150, "last_name": 150, "language": 16, "region": 2}


def written(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as they are stored: cleaned, impossible values blank, a zone with its source."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "email":
            found[name] = email(str(value))
        elif name == "zone":
            found[name] = str(value) if str(value) in phones.known_zones() else ""
            found["zone_source"] = "profile" if found[name] else ""
        else:
            found[name] = clean(str(value), LENGTHS[name])
    return found


def tag(text: str) -> str:
    """Return a tag as it is stored: small letters and single spaces, for databases differ in what they call equal."""
    return clean(" ".join(text.lower().split()), 64)


def clean(text: str, length: int) -> str:
    """Return the text as a column of *length* holds it on every database."""
    # PostgreSQL refuses NUL in a text.
    return text.replace("\x00", "").strip()[:length]


def email(text: str) -> str:
    """Return an address as it is stored and looked for; '' for what is none."""
    # In lower case, so that every database finds it again, by its index.
    address = clean(text, 254).lower()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address
