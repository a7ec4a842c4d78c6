"""Looks for words in every column of every table that the database has."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from typing import Any

from django.db import connection

# The shop's own, its phone's and its visitors': the shop forgets its customer by itself.
SHOPS_OWN = re.compile(
    r"^(address|analytics|auth|basket|catalogue|communication|customer|django_session|offer|order|partner|payment|"
    r"phone|reviews|shipping|voucher|wishlists|thumbnail)_"
)


def found(words: Collection[str]) -> list[str]:
    """Return where any of *words* stands, as "table.column: word"."""
    places = []
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in sorted(tables):
            if SHOPS_OWN.match(table) or table == "django_session":
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    text = _text(value)
                    places += [f"{table}.{column}: {word}" for word in words if word.casefold() in text]
    return sorted(set(places))


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode(errors="replace")
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = str(value)
    encoded = re.findall(r'"body_base64": ?"([^"]*)"', text)
    for each in encoded:
        try:
            text += base64.b64decode(each).decode(errors="replace")
        except (binascii.Error, ValueError):
            continue
    # JSON may write a letter by its number.
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text).casefold()
