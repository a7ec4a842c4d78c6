"""The code on the how-to pages for site developers, run as it is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.architecture.house import ROOT
from wagtail_drip import api
from wagtail_drip.enrolments.models import StepVisit
from wagtail_drip.enrolments.steps import base as steps
from wagtail_drip.sequences.blocks import base as blocks
from wagtail_drip.sequences.models import Sequence

pytest_plugins = ["wagtail_drip.test.fixtures"]


def code_of(page: str, containing: str) -> dict[str, Any]:
    """Return what the page's Python block that contains *containing* defines."""
    text = (ROOT / "docs" / "how_to" / f"{page}.md").read_text()
    printed = next(code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if containing in code)
    names: dict[str, Any] = {"__name__": page}
    exec(compile(printed, f"{page}.md", "exec"), names)  # noqa: S102 -- our own page, which this test is about
    return names


@pytest.mark.django_db(transaction=True)
def test_the_story_on_how_to_test_a_site_is_true(
    drip_outbox: Any, drip_contact: Any, drip_sequence: Any, drip_advance: Any
) -> None:
    story = code_of("test_your_site", "def test_who_ordered")["test_who_ordered_gets_a_tip_two_days_later"]

    story(drip_outbox, drip_contact, drip_sequence, drip_advance)


@pytest.fixture
def step_of_the_page() -> Iterator[None]:
    printed = code_of("write_a_step", "class RegionBlock")
    # A site registers before the tree of blocks is first built; here it is long built.
    tree = Sequence._meta.get_field("steps").__dict__
    built = tree.pop("stream_block", None)
    # The test site has one of that name, and other tests ask for it.
    own = blocks._registered["shop_region"], steps._registered["shop_region"]
    api.register_step(printed["RegionBlock"], printed["RegionKind"])
    yield
    blocks._registered["shop_region"], steps._registered["shop_region"] = own
    tree.pop("stream_block", None)
    if built is not None:
        tree["stream_block"] = built


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("region", "text"),
    [pytest.param("GB", "Here", id="in the country"), pytest.param("FR", "Abroad", id="abroad")],
)
def test_the_step_on_how_to_write_one_decides_and_says_why(
    step_of_the_page: None,
    drip_outbox: Any,
    drip_contact: Any,
    drip_sequence: Any,
    drip_advance: Any,
    region: str,
    text: str,
) -> None:
    phone = {"GB": "+447400123456", "FR": "+33612345678"}[region]
    person = drip_contact(phone=phone, region=region)
    paths = {path: [("send_message", {"text": path.title()})] for path in ("here", "abroad")}
    sequence = drip_sequence(steps=[("shop_region", {"country": "GB", **paths})])

    assert api.enrol({"phone": phone}, sequence)
    drip_advance(hours=1)

    visit = StepVisit.objects.filter(enrolment__contact=person).order_by("pk").first()
    assert visit is not None
    assert [decision["outcome"] for decision in visit.decisions] == [text.lower()]
    assert [message.text for message in drip_outbox] == [text]
