"""Which addresses a webhook may reach, and how it is signed."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.test import override_settings

from wagtail_drip.enrolments import webhook_client, webhook_targets
from wagtail_drip.enrolments.webhook_client import Refused, is_public, sign
from wagtail_drip.enrolments.webhook_targets import Target


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        "0.0.0.0",  # noqa: S104 -- one that must be refused
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1"),
        *("::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
        *("64:ff9b:1::1", "2001::1"),
    ],
)
def test_addresses_that_are_not_on_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with pytest.raises(Refused, match=r"crm\.example is at 10\.0\.0\.1"):
        webhook_client.post(Target(alias="crm", url="https://crm.example/"), b"{}", key="k")


def test_the_signature_is_what_anybody_can_compute() -> None:
    assert sign(b'{"a":1}', secret="s", timestamp="1700000000") == (
        "ab7bd212df57f3ef4ea3c17d4a1a71d8981ef595d4cd699b62517c68d89192a2"
    )


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, "URL is missing."),
        ({"URL": "ftp://crm.example"}, "URL must be like"),
        ({"URL": "https://u:p@crm.example"}, "URL must not hold"),
        ({"URL": "https://crm.example/a b"}, "URL must be ASCII"),
        ({"URL": "https://crm.example:99999"}, "URL cannot be read."),
        ({"URL": "https://crm.example", "TIMEOUT_SECONDS": 31}, "TIMEOUT_SECONDS must be above 0"),
        ({"URL": "https://crm.example", "TIMEOUT_SECONDS": True}, "TIMEOUT_SECONDS must be a number."),
        ({"URL": "https://crm.example", "ALLOW_PRIVATE": "no"}, "ALLOW_PRIVATE must be"),
        ({"URL": "https://crm.example", "TIMEOUT": 3}, "it has no option 'TIMEOUT'"),
        ("https://crm.example", "it must be a dict"),
        ({"URL": "https://crm.example/hook"}, None),
    ],
)
def test_settings_that_cannot_work_say_what_to_mend(spec: Any, problem: str | None) -> None:
    with override_settings(WAGTAIL_DRIP={"WEBHOOKS": {"crm": spec}}):
        found = list(webhook_targets.problems("crm"))

    assert (found == []) if problem is None else found[0].startswith(problem)
