"""Keys and tokens: random ones, keyed hashes of numbers, digests of texts."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

_ALPHABET = string.ascii_letters + string.digits


def new_token() -> str:
    """Return 32 random hex digits: leases, references, fences."""
    return secrets.token_hex(16)


def new_tokens(number: int) -> list[str]:
    """Return so many of them, for one question to the system."""
    digits = secrets.token_hex(16 * number)
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def short_token(length: int = 8) -> str:
    """Return a random base-62 token for a public address; 8 characters hold 47 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def number_hash(phone: str) -> str:
    """
    Return the keyed hash under which a number is suppressed; it survives erasure of the contact.

    :param phone: E.164.
    """
    return number_hashes(phone)[0]


def number_hashes(phone: str) -> tuple[str, ...]:
    """
    Return every hash under which a number may have been suppressed, today's first.

    Who said stop before SECRET_KEY was changed must stay stopped: the old ones stand in SECRET_KEY_FALLBACKS.
    """
    return hashes_of([phone])[phone]


def hashes_of(phones: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the ``number_hashes`` of each number."""
    secrets_of_site = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return {phone: _number_hashes(phone, secrets_of_site) for phone in phones}


@lru_cache(maxsize=10_000)
def _number_hashes(phone: str, secrets_of_site: tuple[str, ...]) -> tuple[str, ...]:
    # Remembered: a text's number is asked about when it is worded, and again at the gate.
    return tuple(
        hmac.digest(_number_key(secret), phone.encode(), "sha256").hex() for secret in secrets_of_site
    )


@lru_cache(maxsize=16)
def _number_key(secret: str) -> bytes:
    return hashlib.sha256(b"wagtail_drip.number:" + secret.encode()).digest()


def digest(*parts: str) -> str:
    """Return the SHA-256 of the parts, kept apart so that no two lists of parts collide."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode()
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()
