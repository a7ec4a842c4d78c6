"""From a form on a page to the first text of a sequence: nothing goes before the phone's owner has said yes."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.town import Town
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.public.sign_up_forms import SignUpForm
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

NUMBER = "+447400123456"
ASK = "Test shop: Reply YES to get our texts, or STOP to refuse. Did you not ask for this? Then do nothing."
WELCOME = "Test shop: You get our texts from now on. Reply STOP to end, HELP for help."


@pytest.fixture
def greeting(town: Town) -> Sequence:
    return live_sequence(
        purpose="welcome",
        trigger="opted_in",
        steps=[
            ("wait_duration", {"amount": 1, "unit": "hours"}),
            ("send_message", {"text": "Here is your first tip"}),
        ],
    )


def fill_in(town: Town, number: str = "07400 123456") -> str:
    """Open the form as a browser does, fill it in, and return what the last page says."""
    form = SignUpForm(
        site_id=town.site.pk,
        wording="Text me tips. STOP ends it.",
        region="GB",
        language="en",
        source="/tea/",
    )
    page = town.session.get(f"{town.url}/drip/sign-up/", params={"form": form.signed()}, timeout=10)
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|form)" value="([^"]+)"', page.text))
    answer = town.session.post(
        f"{town.url}/drip/sign-up/",
        data={**fields, "phone": number, "agree": "1", "website": ""},
        headers={"Referer": page.url},
        timeout=10,
    )
    return answer.text


def test_a_yes_by_phone_begins_it_and_a_stop_ends_it(town: Town, greeting: Sequence) -> None:
    phone = town.phone(NUMBER)
    assert "Look at your phone" in fill_in(town)
    town.settle()
    assert phone.texts() == [ASK]
    town.let_pass(hours=3)
    assert (phone.texts(), ConsentRecord.objects.count()) == ([ASK], 0)

    phone.write("Yes!")
    town.settle()
    town.let_pass(hours=2)

    assert phone.texts() == [ASK, WELCOME, "Here is your first tip"]
    record = ConsentRecord.objects.get()
    assert (record.method, record.wording) == ("double_opt_in", "Text me tips. STOP ends it.")

    phone.write("STOP")
    town.settle()
    texts = phone.texts()
    fill_in(town)
    town.let_pass(days=2)

    assert phone.texts() == texts


def test_a_stranger_who_does_nothing_hears_nothing_more(town: Town, greeting: Sequence) -> None:
    for _ in range(4):
        fill_in(town)
        town.let_pass(hours=1)
    town.let_pass(days=5)

    assert town.phone(NUMBER).texts() == [ASK]
    town.phone(NUMBER).write("YES")
    town.settle()
    assert ConsentRecord.objects.count() == 0
