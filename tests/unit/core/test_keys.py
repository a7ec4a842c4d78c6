from __future__ import annotations

from django.test import override_settings

from wagtail_drip.core import keys


def test_a_number_hash_depends_on_the_secret_key():
    with override_settings(SECRET_KEY="one"):
        first = keys.number_hash("+447700900123")
        assert first == keys.number_hash("+447700900123")
    with override_settings(SECRET_KEY="two"):
        assert keys.number_hash("+447700900123") != first


def test_parts_of_a_digest_do_not_run_together():
    assert keys.digest("ab", "c") != keys.digest("a", "bc")


def test_short_tokens_are_base_62_and_differ():
    tokens = {keys.short_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert all(len(token) == 8 and token.isalnum() and token.isascii() for token in tokens)
