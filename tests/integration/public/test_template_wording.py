"""Words of their own that templates give to sign-up forms: what they leave out, and who is told."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from wagtail_drip import checks
from wagtail_drip.admin.ready.checks import CHECKS
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import State, Told
from wagtail_drip.compliance import own_wording, readiness, template_wording
from wagtail_drip.compliance.own_wording import WordingDraft
from wagtail_drip.core import actions as core
from wagtail_drip.core import clock, tag_uses
from wagtail_drip.public import sign_up_forms

pytestmark = pytest.mark.django_db

LOAD = "{% load drip %}"
ENOUGH = "Texts from {sender}. STOP ends it."
Write = Callable[[str, str], None]


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(site_id, sender_name="Tea House", region="DE")
    return site_id


@pytest.fixture
def write(tmp_path: Path, settings: pytest.FixtureRequest) -> Write:
    """Give the site a template of that name, before all others."""
    changed = copy.deepcopy(settings.TEMPLATES)  # type: ignore[attr-defined]
    changed[0]["DIRS"] = [str(tmp_path)]
    settings.TEMPLATES = changed  # type: ignore[attr-defined]

    def write(name: str, source: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        loaded = source if LOAD in source else LOAD + source
        path.write_text(loaded, "utf-8")

    return write


def wants(*phrases: str, country: str = "DE") -> None:
    draft = WordingDraft(country=country, must_say=phrases, source="our lawyer", read_on=date(2026, 11, 20))
    own_wording.save(draft, by="ada", now=clock.now())


def warned() -> list[str]:
    return [finding.msg for finding in checks.sign_up_words(databases=["default"])]


def ready(site_id: int, place: str) -> Told:
    (line,) = [each for each in readiness.lines_for(place) if each.check == "wording"]
    return CHECKS["wording"](Facts(core.site_settings(site_id), place, 0, clock.now()), line)


def test_a_tag_is_found_with_what_stands_in_quotes_wherever_it_stands(write: Write) -> None:
    write("a/plain.html", '{% if x %}{% drip_sign_up heading="Tea" wording=words double=False %}{% endif %}')
    write(
        "b/inside.html",
        '{% extends "base.html" %}{% load drip %}{% block a %}{% drip_sign_up wording="Tea!" %}{% endblock %}',
    )
    write("broken.html", '{% if x %}{% drip_sign_up wording="Never drawn" %}')
    write("other.html", "Write drip_sign_up here.")

    found = [(each.template, dict(each.given), each.unknown) for each in tag_uses.uses_of("drip_sign_up")]

    assert found == [
        ("a/plain.html", {"heading": "Tea"}, {"wording", "double"}),
        ("b/inside.html", {"wording": "Tea!"}, set()),
    ]


def test_words_in_a_template_are_held_to_the_country_and_to_the_owners_table(site: int, write: Write) -> None:
    write("enough.html", f'{{% drip_sign_up wording="{ENOUGH}" %}}')
    write("little.html", '{% drip_sign_up wording="Offers!" %}')
    write("orders.html", f'{{% drip_sign_up wording="{ENOUGH}" group="transactional" %}}')
    write("abroad.html", f'{{% drip_sign_up wording="{ENOUGH}" region="ca" %}}')
    write("ours.html", "{% drip_sign_up %}")
    write("unknown.html", '{% drip_sign_up wording="Offers!" region=country %}')
    wants("Widerruf")

    found = {each.template: (each.region, *each.left_out) for each in template_wording.of_templates()}

    assert found == {
        "enough.html": ("DE", (), ("Widerruf",)),
        "little.html": ("DE", ("sender", "stop"), ("Widerruf",)),
        "orders.html": ("DE", (), ()),
        "abroad.html": ("CA", ("rates", "help"), ()),
    }


def test_the_check_names_the_template_and_what_it_leaves_out(site: int, write: Write) -> None:
    write("footer.html", f'{{% drip_sign_up wording="{ENOUGH}" %}}')
    assert warned() == []

    wants("Widerruf")

    assert warned() == ["The sign-up form in footer.html does not say: “Widerruf”."]
    assert list(checks.sign_up_words(databases=None)) == []


def test_the_owner_is_told_of_the_country_that_is_looked_at(site: int, write: Write) -> None:
    write("footer.html", f'{{% drip_sign_up wording="{ENOUGH}" %}}')
    own_wording.save(
        WordingDraft(
            country="DE",
            text=f"{ENOUGH} Widerruf.",
            must_say=["Widerruf"],
            source="s",
            read_on=date(2026, 11, 20),
        ),
        by="ada",
        now=clock.now(),
    )

    told = ready(site, "DE")

    assert (told.state, told.sentence) == (
        State.TO_DO,
        "The words of the form in the template “footer.html” do not say: “Widerruf”. "
        "Let your developer write them there.",
    )
    assert "template" not in ready(site, "AT").sentence


def test_the_log_says_it_once_and_again_when_more_is_wanted_and_the_form_is_drawn(
    site: int, caplog: pytest.LogCaptureFixture
) -> None:
    sign_up_forms._warn.cache_clear()
    caplog.set_level(logging.WARNING, "wagtail_drip.public")

    def drawn() -> str:
        request = RequestFactory().get("/tea/", headers={"host": "shop.example"})
        return Template("{% load drip %}{% drip_sign_up wording=words %}").render(
            Context({"request": request, "words": ENOUGH})
        )

    drawn()
    assert caplog.messages == []
    wants("Widerruf")
    pages = [drawn(), drawn()]
    wants("Datenschutz", country="")
    pages.append(drawn())

    assert all("Texts from Tea House. STOP ends it." in page for page in pages)
    assert [message.partition("do not say: ")[2] for message in caplog.messages] == [
        "“Widerruf”.",
        "“Widerruf”, “Datenschutz”.",
    ]


def test_a_form_for_the_united_states_leads_to_two_pages(
    site: int, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    sign_up_forms._warn_of_links.cache_clear()
    caplog.set_level(logging.WARNING, "wagtail_drip.public")
    write("bare.html", '{% drip_sign_up region="us" %}')
    write("half.html", '{% drip_sign_up region="US" privacy_url="/privacy/" %}')
    write("whole.html", '{% drip_sign_up region="US" privacy_url="/privacy/" terms_url=terms %}')

    def drawn(tag: str) -> None:
        request = RequestFactory().get("/tea/", headers={"host": "shop.example"})
        Template("{% load drip %}" + tag).render(Context({"request": request}))

    for _again in range(2):
        drawn('{% drip_sign_up region="US" privacy_url="/privacy/" %}')
    drawn('{% drip_sign_up region="US" privacy_url="/privacy/" terms_url="/terms/" %}')
    drawn("{% drip_sign_up %}")

    assert warned() == [
        "The sign-up form in bare.html does not say: privacy_url, terms_url.",
        "The sign-up form in half.html does not say: terms_url.",
    ]
    assert (
        "do not say: where your privacy policy stands, where your terms stand." in ready(site, "US").sentence
    )
    assert caplog.messages == ["A sign-up form for US leads to no page by terms_url."]
