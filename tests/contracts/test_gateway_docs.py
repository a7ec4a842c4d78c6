"""The examples in the pages about gateways work as they stand there."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from wagtail_drip.gateways import registry
from wagtail_drip.gateways.base import Gateway
from wagtail_drip.gateways.generic_http import GenericHttpGateway
from wagtail_drip.gateways.generic_http.description import PLACEHOLDERS
from wagtail_drip.test.gateway_contract import HttpGatewayContract

DOCS = Path(__file__).resolve().parents[2] / "docs"


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


class Environment(defaultdict[str, str]):
    """An environment in which every variable is set."""

    def __init__(self) -> None:
        super().__init__(lambda: "AC" + "0" * 32)


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source.replace("os.environ", "_environ"), {"_environ": Environment()}, names)  # noqa: S102
    return names


@pytest.mark.parametrize("page", ["how_to/connect_twilio.md", "how_to/connect_any_http_gateway.md"])
def test_the_first_example_of_a_page_is_a_gateway_without_a_complaint(page: str) -> None:
    settings = run(python_blocks(page)[0])["WAGTAIL_DRIP"]

    with override_settings(WAGTAIL_DRIP=settings):
        assert registry.get("default").check() == []


def test_the_kannel_example_is_a_gateway_without_a_complaint() -> None:
    (block,) = [
        block for block in python_blocks("how_to/connect_any_http_gateway.md") if "kannel" in block.lower()
    ]
    options = run(f"given = {{{block}}}")["given"]["OPTIONS"]

    assert GenericHttpGateway(alias="default", options=options).check() == []


def test_the_example_of_an_error_map_is_accepted() -> None:
    (block,) = [
        block for block in python_blocks("how_to/connect_any_http_gateway.md") if block.startswith('"error"')
    ]
    error = ast.literal_eval(f"{{{block}}}")

    GenericHttpGateway(
        alias="default",
        options={"url": "https://sms.example", "body": {"to": "{to}", "text": "{text}"}, **error},
    )


def test_every_placeholder_is_documented() -> None:
    page = (DOCS / "how_to/connect_any_http_gateway.md").read_text("utf-8")

    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in page] == []


class TestTheExampleGateway(HttpGatewayContract):
    """The class that the page shows keeps the contract that the page asks for."""

    secrets = ("a token",)

    recordings = Path(__file__).resolve().parent.parent / "recordings" / "example"

    def make_gateway(self, url: str) -> Gateway:
        blocks = python_blocks("contributing/adding_a_gateway.md")
        names: dict[str, Any] = {"__name__": "example"}
        exec(blocks[0], names)  # noqa: S102
        gateway = names["ExampleGateway"](alias="default", options={"token": "a token", "url": url})
        assert isinstance(gateway, Gateway)
        return gateway
