"""The step of docs/how_to/write_a_step.md, from its block to a text on its way."""

from __future__ import annotations

import re

import pytest

from tests.architecture.house import ROOT
from wagtail_drip import api
from wagtail_drip.core import clock
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

APP = ROOT / "tests" / "testapp"


def blocks() -> dict[str, str]:
    page = (ROOT / "docs" / "how_to" / "write_a_step.md").read_text()
    return dict(re.findall(r"```python\n# (shop/\w+\.py)\n(.*?)```", page, re.DOTALL))


def test_the_page_shows_the_code_that_is_tested() -> None:
    written = blocks()
    for name in ("steps", "apps"):
        # The tests' own files begin as all of ours do, which a site's need not.
        tested = (APP / f"{name}.py").read_text().removeprefix("from __future__ import annotations\n\n")
        assert written[f"shop/{name}.py"] == tested.replace("tests.testapp", "shop")
    assert len([line for line in written["shop/steps.py"].splitlines() if line.strip()]) < 30


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phone", "words"), [("+447400123456", "Free delivery"), ("+4915112345678", "Duty applies")]
)
def test_the_step_decides_which_text_goes(phone: str, words: str) -> None:
    step = (
        "shop_region",
        {
            "country": "GB",
            "here": [("send_message", {"text": "Free delivery"})],
            "abroad": [("send_message", {"text": "Duty applies"})],
        },
    )
    sequence = live_sequence(steps=[step])
    person = reachable_contact(phone=phone)

    assert api.enrol({"phone": phone}, sequence)
    run_due(now=clock.now())

    message = Message.objects.select_related("pinned_text").get()
    assert message.pinned_text is not None
    assert message.pinned_text.source == words
    decision = StepVisit.objects.get(kind="shop_region").decisions[0]
    assert (decision["rule"]["name"], decision["value"]) == ("shop_region", person.region)


@pytest.mark.django_db
def test_an_unfinished_step_cannot_be_published() -> None:
    with pytest.raises(ValueError, match=r"Here or abroad: Fill in a country\."):
        live_sequence(steps=[("shop_region", {"here": [("send_message", {"text": "Hello"})]})])
