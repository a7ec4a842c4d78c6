from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client

from tests import shop
from tests.acceptance.town import Town, fates
from wagtail_drip.core import actions as core
from wagtail_drip.messaging.models import Hold
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence


@pytest.fixture
def thanks(town: Town) -> Sequence:
    return live_sequence(
        purpose="transactional",
        trigger="order_placed",
        steps=[("send_message", {"text": "Thank you {{ contact.first_name }}!"})],
    )


def test_everything_can_be_stopped_and_goes_on_where_it_stood(
    town: Town, thanks: Sequence, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("drip_stop", by="Ada")
    shop.buy_as_guest(Client(), town.product)

    town.let_pass(hours=1)
    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("scheduled", "")]
    assert Hold.objects.values_list("scope", "lifted_at").get() == ("all", None)

    call_command("drip_stop", by="Ada", lift=True)
    town.settle()

    assert capsys.readouterr().out == (
        "Nothing is handed over any more. Lift it with --lift, or in the admin.\nTexts go again.\n"
    )
    assert town.phone(shop.PHONE).texts() == ["Thank you Ada!"]
    assert fates() == [("delivered", "")]


def test_what_waited_too_long_meanwhile_is_not_sent_any_more(town: Town, thanks: Sequence) -> None:
    call_command("drip_stop", by="Ada", stdout=None)
    shop.buy_as_guest(Client(), town.product)
    town.let_pass(days=30)

    call_command("drip_stop", by="Ada", lift=True)
    town.settle()

    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("expired", "")]


def test_while_all_is_stopped_the_shop_sells_and_a_stop_is_heard(town: Town, thanks: Sequence) -> None:
    call_command("drip_stop", by="Ada")

    answer = shop.buy_as_guest(Client(), town.product, drip_sms_consent="1")
    town.phone(shop.PHONE).write("STOP")
    town.settle()
    call_command("drip_stop", by="Ada", lift=True)
    town.settle()

    assert answer["Location"] == "/shop/checkout/thank-you/"
    assert "Thank you Ada!" not in town.phone(shop.PHONE).texts()


def test_a_site_that_is_not_open_texts_no_customer(town: Town, thanks: Sequence) -> None:
    core.close_site(town.site.pk)
    shop.buy_as_guest(Client(), town.product)

    town.settle()

    assert town.phone(shop.PHONE).screen() == []
    assert fates() == [("skipped", "not_open_yet")]
