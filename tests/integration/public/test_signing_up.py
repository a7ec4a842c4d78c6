"""Sign-up forms on pages and in templates, what they are answered, and the page on which one says yes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from wagtail.blocks import StructBlockValidationError
from wagtail.models import Page

from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest
from wagtail_drip.core import actions as core
from wagtail_drip.messaging.models import Message
from wagtail_drip.public import sign_up_forms
from wagtail_drip.public.blocks import SignUpBlock
from wagtail_drip.public.sign_up_forms import SignUpForm

pytestmark = pytest.mark.django_db

NUMBER = "07700 900123"
US = (
    "Yes, recurring automated marketing texts from {sender}. Consent is not a condition of purchase. Message "
    "frequency varies. Message and data rates may apply. Reply STOP to end, HELP for help."
)


@pytest.fixture
def site(site_id: int) -> int:
    core.change_site_settings(site_id, sender_address="+447700900999", sender_name="Tea House", region="GB")
    return site_id


@pytest.fixture
def form(site: int) -> SignUpForm:
    return SignUpForm(
        site_id=site, wording="Text me. STOP ends it.", region="GB", language="en", source="/tea/"
    )


def post(form: SignUpForm, **fields: str | list[str]) -> Any:
    data: dict[str, Any] = {"form": form.signed(), "phone": NUMBER, "agree": "1", "website": "", **fields}
    return Client().post(reverse("wagtail_drip:sign_up"), data)


def test_a_number_as_people_dial_it_is_asked(form: SignUpForm, site: int) -> None:
    response = post(form)

    assert (response.status_code, response["Location"]) == (302, f"/drip/sign-up/{site}/asked/?lang=en")
    request = OptInRequest.objects.get()
    assert (request.contact.phone, request.wording, request.source, request.ip) == (
        "+447700900123",
        "Text me. STOP ends it.",
        "/tea/",
        "127.0.0.1",
    )
    page = Client().get(response["Location"]).content.decode()
    assert "Reply YES to it within 48 hours" in page
    assert "Then text START to" in page
    assert "+447700900999" in page


@pytest.mark.parametrize(
    ("fields", "words", "marks"),
    [
        pytest.param({"phone": ""}, "Enter your mobile number.", "phone", id="no number"),
        pytest.param({"phone": "12"}, "There is no such phone number.", "phone", id="too short"),
        pytest.param({"phone": "hello"}, "This is not a phone number.", "phone", id="letters"),
        pytest.param({"agree": ""}, "Tick the box if you want our texts", "agree", id="box left empty"),
    ],
)
def test_what_cannot_be_taken_is_named_beside_its_field_and_nothing_is_lost(
    form: SignUpForm, fields: dict[str, str], words: str, marks: str
) -> None:
    response = post(form, **fields)

    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert 'role="alert"' in page
    # Or the browser hides where the form stands, and sending it again is refused.
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-referrer" not in page
    assert re.search(rf'<p[^>]*id="drip-\w+-{marks}-error"', page)
    if "phone" not in fields:
        assert f'value="{NUMBER}"' in page
    assert OptInRequest.objects.count() == Contact.objects.count() == 0


def test_a_number_without_a_country_is_refused_with_the_remedy(site: int) -> None:
    nowhere = SignUpForm(site_id=site, wording="Text me", language="en")

    assert "country code" in post(nowhere).content.decode()


def test_whoever_is_known_stopped_or_new_gets_the_same_answer(form: SignUpForm, site: int) -> None:
    from wagtail_drip.compliance import actions as compliance
    from wagtail_drip.core import clock

    compliance.suppress(
        phone="+447700900124", scope="all", reason="stop_keyword", source="t", now=clock.now()
    )
    answers = [post(form), post(form), post(form, phone="07700 900124"), post(form, website="spam")]

    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert OptInRequest.objects.count() == 2


def test_a_machine_is_thanked_and_writes_nothing(form: SignUpForm) -> None:
    assert post(form, website="https://spam.example").status_code == 302
    assert Contact.objects.count() == 0


def test_without_a_confirmation_the_answer_says_so(site: int) -> None:
    at_once = SignUpForm(site_id=site, wording="Text me", region="GB", language="en", is_double=False)

    response = post(at_once)

    assert response["Location"] == f"/drip/sign-up/{site}/done/?lang=en"
    assert "You are signed up." in Client().get(response["Location"]).content.decode()
    assert ConsentRecord.objects.get().method == "web_form"


def test_too_many_numbers_are_told_to_wait(form: SignUpForm, settings: Any) -> None:
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "OPT_INS_PER_HOUR": 1}
    post(form)

    response = post(form, phone="07700 900124")

    assert response.status_code == 429
    assert "Please try again in an hour" in response.content.decode()
    assert OptInRequest.objects.count() == 1


def test_words_that_were_not_shown_cannot_be_recorded(form: SignUpForm, site: int) -> None:
    forged = signing.dumps(
        {"site_id": site, "wording": "Everything"}, key="guessed", salt="wagtail_drip.sign_up"
    )
    for value in ("", "nonsense", forged, signing.dumps({"site_id": site}, salt="wagtail_drip.sign_up")):
        response = Client().post(
            reverse("wagtail_drip:sign_up"), {"form": value, "phone": NUMBER, "agree": "1"}
        )
        assert response.status_code == 400
        assert "Nothing was recorded" in response.content.decode()

    assert OptInRequest.objects.count() == 0


def test_a_form_of_another_site_s_page_is_refused(form: SignUpForm) -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post(
        reverse("wagtail_drip:sign_up"), {"form": form.signed(), "phone": NUMBER, "agree": "1"}
    )

    assert response.status_code == 403
    assert OptInRequest.objects.count() == 0


def drawn(template: str, path: str = "/tea/") -> str:
    request = RequestFactory().get(path, headers={"host": "shop.example"})
    return Template(template).render(Context({"request": request}))


def test_a_tag_draws_a_form_that_can_be_posted(site: int) -> None:
    page = drawn('{% load drip %}{% drip_sign_up heading="Tea by text" topic="tea" region="gb" %}')

    assert "Tea by text</h2>" in page
    assert "Yes, Tea House may send me texts with offers and news" in page
    assert "checked" not in page
    signed = re.search(r'name="form" value="([^"]+)"', page)
    assert signed
    form = sign_up_forms.read(signed[1])
    assert form is not None
    assert (form.topic, form.region, form.source, form.is_double) == ("tea", "GB", "/tea/", True)
    post(form)
    assert OptInRequest.objects.get().topic == "tea"


def test_without_a_request_the_tag_leads_to_a_page_with_the_form(site: int) -> None:
    page = Template("{% load drip %}{% drip_sign_up %}").render(Context({}))

    link = re.search(r'href="([^"]+)"', page)
    assert link
    assert 'name="phone"' in Client().get(link[1]).content.decode()


def value(**fields: Any) -> Any:
    block = SignUpBlock()
    return block, block.to_python(
        {
            "heading": "Tea by text",
            "wording": "",
            "confirmation": "double",
            "purpose_group": "marketing",
            **fields,
        }
    )


def test_a_block_notes_the_page_and_the_revision_that_showed_it(site: int) -> None:
    page = Page.objects.get(depth=2)
    revision = page.save_revision()
    revision.publish()
    page.refresh_from_db()
    block, given = value(wording="Text me, {sender}. STOP ends it.", topic="tea")
    request = RequestFactory().get("/", headers={"host": "shop.example"})

    html = block.render(given, context={"request": request, "page": page})

    signed = re.search(r'name="form" value="([^"]+)"', html)
    assert signed
    form = sign_up_forms.read(signed[1])
    assert form is not None
    assert (form.page_id, form.revision_id, form.wording) == (
        page.pk,
        revision.pk,
        "Text me, Tea House. STOP ends it.",
    )


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        pytest.param({}, {}, id="our own words"),
        pytest.param({"wording": "Offers from {sender}. STOP ends it."}, {}, id="enough in Britain"),
        pytest.param({"wording": "Offers!"}, {"wording": 2}, id="neither who nor how to stop"),
        pytest.param(
            {"wording": "Offers from {sender}. STOP ends it.", "region": "US"},
            {"wording": 5, "privacy_page": 1, "terms_page": 1},
            id="too little for America",
        ),
        pytest.param({"wording": US, "region": "CA"}, {}, id="enough for Canada"),
        pytest.param({"region": "GBR"}, {"region": 1}, id="no country"),
    ],
)
def test_a_block_says_what_its_words_leave_out(
    site: int, fields: dict[str, Any], problems: dict[str, int]
) -> None:
    block, given = value(**fields)
    found = {}
    try:
        block.clean(given)
    except StructBlockValidationError as error:
        found = {name: len(each.messages) for name, each in error.block_errors.items()}

    assert found == problems


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("region", ["GB", "US", "CA", "CN", ""])
@pytest.mark.parametrize("group", ["marketing", "transactional"])
def test_our_own_words_leave_nothing_out(language: str, region: str, group: str) -> None:
    from django.utils import translation

    from wagtail_drip.compliance import opt_in_wording

    with translation.override(language):
        words = sign_up_forms.default(region=region, group=group).replace("{sender}", "Tea House")

    asked_of_it = "" if group == "transactional" else region
    assert opt_in_wording.missing(words, region=asked_of_it, senders=("Tea House",)) == []


def test_looking_at_the_page_confirms_nothing_and_pressing_does(form: SignUpForm) -> None:
    post(form)
    address = reverse("wagtail_drip:confirm_opt_in", args=[OptInRequest.objects.get().token])
    client = Client(enforce_csrf_checks=True)

    page = client.get(address).content.decode()
    assert "Text me. STOP ends it." in page
    assert ConsentRecord.objects.count() == 0

    client.post(address)

    assert "You are signed up" in client.get(address).content.decode()
    record = ConsentRecord.objects.get()
    assert (record.method, record.wording) == ("double_opt_in", "Text me. STOP ends it.")
    assert Message.objects.count() == 1


def test_a_page_that_comes_too_late_says_so(form: SignUpForm) -> None:
    post(form)
    OptInRequest.objects.update(expires_at=OptInRequest.objects.get().requested_at - timedelta(seconds=1))
    address = reverse("wagtail_drip:confirm_opt_in", args=[OptInRequest.objects.get().token])

    Client().post(address)

    assert "not confirmed in time" in Client().get(address).content.decode()
    assert ConsentRecord.objects.count() == 0


def test_an_address_that_was_never_given_out_opens_nothing(site: int) -> None:
    response = Client().post(reverse("wagtail_drip:confirm_opt_in", args=["abcdefgh12345678"]))

    assert response.status_code == 404


def test_a_block_stands_in_migrations_by_its_name_only() -> None:
    from wagtail.blocks import StreamBlock
    from wagtail.blocks.definition_lookup import BlockDefinitionLookup, BlockDefinitionLookupBuilder

    class Own(SignUpBlock):
        pass

    builder = BlockDefinitionLookupBuilder()
    builder.add_block(SignUpBlock())
    definitions = builder.get_lookup_as_dict()

    assert definitions == {0: ("wagtail_drip.public.blocks.SignUpBlock", [], {})}
    assert next(iter(BlockDefinitionLookup(definitions).get_block(0).child_blocks)) == "heading"
    assert Own().deconstruct()[0] == "wagtail.blocks.StructBlock"
    assert StreamBlock([("sign_up", SignUpBlock())]).deconstruct() is not None
